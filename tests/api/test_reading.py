"""Programs read digits as the dashboard does, to the last bit."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from services import ONE, Service

from digitlib.api import app, batches, serving
from digitlib.api.schemas import StrokesInput
from digitlib.recogniser import LoadedModel, Recogniser
from digitlib.strokes import checked_strokes, draw, rasterise

LONG_LIST = 20  # drawings: more than are read at once


@pytest.fixture(scope="module")
def drawings() -> list[list[list[list[float]]]]:
    generator = np.random.default_rng(3)
    drawn = [draw(number % 10, generator) for number in range(LONG_LIST)]
    return [[stroke.tolist() for stroke in strokes] for strokes in drawn]


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return LoadedModel.latest()


def read(service: Service, **body: object) -> dict:
    answer = service.client.post("/v1/read", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_strokes_are_read_as_on_the_page(service, drawings, model):
    for strokes in drawings[:5]:
        answer, expected = read(service, strokes=strokes), model.read(tuple(strokes))
        assert answer["probabilities"] == expected.probabilities.tolist()
        assert answer["digit"] == expected.digit
        assert answer["likeliest"] == expected.ranking[0]
        assert answer["confidence"] == max(answer["probabilities"])
        assert answer["model"] == model.recogniser.name


def test_a_list_is_read_as_its_drawings_are_one_by_one(service, drawings):
    whole = read(service, drawings=[{"strokes": strokes} for strokes in drawings])
    assert whole["predictions"] == [read(service, strokes=strokes) for strokes in drawings]


def test_an_image_is_read_as_the_recogniser_predicts_it(service, drawings, model):
    image = rasterise(drawings[7])
    expected = model.recogniser.predict(image[None])[0]
    answer = read(service, image=image.tolist())
    assert answer["probabilities"] == expected.tolist()
    mixed = read(service, drawings=[{"strokes": drawings[7]}, {"image": image.tolist()}])
    assert mixed["predictions"] == [read(service, strokes=drawings[7]), answer]


def test_a_list_of_drawings_gives_the_contracts_probabilities(service, drawings):
    kept = [checked_strokes(strokes) for strokes in drawings]
    whole = read(service, drawings=[{"strokes": strokes} for strokes in drawings])
    answered = np.float32([one["probabilities"] for one in whole["predictions"]])
    assert np.array_equal(answered, Recogniser.load().read(kept))


def test_clients_who_ask_at_the_same_time_are_answered_as_if_alone(service, drawings, model):
    expected = [model.read(strokes).probabilities.tolist() for strokes in drawings]
    asked = [{"strokes": strokes} for strokes in drawings]
    with ThreadPoolExecutor(12) as pool:
        for _ in range(5):
            one_by_one = list(pool.map(lambda body: read(service, **body), asked))
            assert [one["probabilities"] for one in one_by_one] == expected
        lists = list(pool.map(lambda first: read(service, drawings=asked[first:]), range(6)))
    for first, answered in enumerate(lists):
        assert [one["probabilities"] for one in answered["predictions"]] == expected[first:]


def test_a_drawing_on_which_the_model_fails_takes_no_other_along(drawings, model, monkeypatch):
    """Both models of a service, the promoted and the bundled one, would have to fail on it."""
    inputs = [StrokesInput(strokes=strokes) for strokes in drawings[:5]]
    sizes = []

    def predict(app, model, read):
        sizes.append(len(read))
        if inputs[2] in read:
            raise RuntimeError("The network failed.")
        return serving.predict(app, model, read)

    monkeypatch.setattr(batches, "predict", predict)

    async def ask():
        waiting = batches.Batches(app)
        return await asyncio.gather(
            *(waiting.read(model, [one]) for one in inputs), return_exceptions=True
        )

    answers = asyncio.run(ask())
    assert isinstance(answers.pop(2), RuntimeError)
    for one, strokes in zip(answers, [*drawings[:2], *drawings[3:5]], strict=True):
        assert np.array_equal(one[0].probabilities, model.read(strokes).probabilities)
    assert sizes[0] == 5  # they were read together first


def test_a_scribble_and_a_dot_have_no_digit(service):
    zigzag = [[[x / 40, 0.1 + 0.8 * (x % 2)] for x in range(40)]]
    assert read(service, strokes=zigzag)["digit"] is None
    dot = read(service, strokes=[[[0.5, 0.5]]])
    assert dot["digit"] is None
    assert dot["likeliest"] in range(10)


def test_the_documentation_needs_no_other_server(service):
    page = service.client.get("/docs").text
    assert "//" not in page.replace("http://127.0.0.1", "")
    for script in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/static-offline-docs/{script}" in page
        assert service.client.get(f"/static-offline-docs/{script}").status_code == 200
    schema = service.client.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    unversioned = [path for path in schema["paths"] if not path.startswith("/v1/")]
    assert set(unversioned) == {"/healthz", "/readyz", "/metrics"}


def test_the_process_is_alive_ready_and_light(service):
    assert service.client.get("/healthz").json() == {"status": "ok"}
    assert service.client.get("/readyz").json() == {"status": "ready"}
    service.client.post("/v1/read", json={"strokes": ONE})
    mapped = (service.proc / "maps").read_text()
    for heavy in ("torch", "pandas", "matplotlib", "scipy", "sklearn"):
        assert f"/{heavy}/" not in mapped


def test_figures_count_requests_readings_and_doubt(service):
    before = service.figures()
    read(service, strokes=ONE)
    read(service, strokes=[[[0.5, 0.5]]])
    service.client.post("/v1/read", json={})
    after = service.figures()

    def more(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    path = 'method="POST",route="/v1/read"'
    assert more('digits_readings_total{digit="1"}') == 1
    assert more('digits_readings_total{digit="doubt"}') == 1
    assert more(f'digits_requests_total{{{path},status="200"}}') == 2
    assert more(f'digits_requests_total{{{path},status="422"}}') == 1
    assert more('digits_request_seconds_count{route="/v1/read"}') == 3
    assert after[f'digits_model{{model="{Recogniser.load().name}"}}'] == 1
