"""Programs submit as the page does: strict, once, on disk, and with the same probabilities."""

from uuid import UUID, uuid4

import numpy as np
import pytest
from filelock import FileLock
from services import ONE, Service

from digitlib.recogniser import Recogniser
from digitlib.store import Store
from digitlib.strokes import draw, rasterise

PATH = "/v1/submissions"


def submit(service: Service, **body: object):
    given = {"strokes": ONE, "label": 1, **body}
    return service.client.post(PATH, json=given, headers=service.bearer("submit"))


def test_a_submission_is_kept_as_the_page_keeps_it(service, tmp_path):
    generator = np.random.default_rng(8)
    strokes = [stroke.tolist() for stroke in draw(4, generator)]
    answer = submit(service, strokes=strokes, label=4, session="visit-1")
    assert answer.status_code == 201
    kept = service.store.submission(UUID(answer.json()["id"]))
    direct = Store(tmp_path / "direct.duckdb")
    id = direct.submit(strokes=strokes, label=4, recogniser=Recogniser.load(), session="visit-1")
    expected = direct.submission(id)
    for column in ("label", "predicted", "probabilities", "image", "strokes", "model", "review"):
        assert getattr(kept, column) == getattr(expected, column)
    assert kept.session == "submit/visit-1"
    looked_up = service.client.get(answer.headers["Location"], headers=service.bearer("submit"))
    assert looked_up.json()["strokes"] == [
        [[float(np.float32(x)) for x in point] for point in stroke] for stroke in strokes
    ]


def test_a_request_that_is_repeated_is_kept_once(service):
    id = str(uuid4())
    before = service.store.tally().total
    answers = [submit(service, id=id) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert {answer.json()["id"] for answer in answers} == {id}
    assert service.store.tally().total == before + 1
    for other in ({"label": 7}, {"strokes": [[[0.1, 0.2]]]}, {"session": "another"}):
        assert submit(service, id=id, **other).status_code == 409
    assert service.store.submission(UUID(id)).label == 1


def test_an_image_is_kept_as_it_was_sent_and_once(service):
    image, id = rasterise(draw(4, np.random.default_rng(8))), str(uuid4())
    body = {"image": image.tolist(), "label": 4, "id": id}

    def send(**changed: object):
        return service.client.post(PATH, json={**body, **changed}, headers=service.bearer("submit"))

    assert [send().status_code for _ in range(2)] == [201, 200]
    kept = service.store.submission(UUID(id))
    assert (kept.image, kept.strokes, kept.label) == (image.tobytes(), None, 4)
    (probabilities,) = Recogniser.load().predict(image[None])
    np.testing.assert_allclose(kept.probabilities, probabilities, atol=1e-5)
    for other in ({"label": 5}, {"image": np.flipud(image).tolist()}):
        assert send(**other).status_code == 409
    assert submit(service, id=id, label=4).status_code == 409
    shown = service.client.get(f"{PATH}/{id}", headers=service.bearer("submit")).json()
    assert (shown["image"], shown["strokes"]) == (image.tolist(), None)
    wrong = [{"image": np.zeros((28, 28), int).tolist()}, {"image": [[1]]}, {"strokes": ONE}]
    for change in wrong:
        assert send(**change, id=str(uuid4())).status_code == 422


def test_a_submission_can_be_deleted_by_who_sent_it(service):
    id = submit(service).json()["id"]
    mine, theirs = service.bearer("submit"), service.bearer("other")
    exporter = service.bearer("export")
    assert service.client.get(f"{PATH}/{id}", headers=theirs).status_code == 404
    assert service.client.delete(f"{PATH}/{id}", headers=theirs).status_code == 404
    assert service.client.get(f"{PATH}/{id}", headers=service.bearer("export")).status_code == 200
    assert service.client.delete(f"{PATH}/{id}", headers=exporter).status_code == 403
    assert service.client.delete(f"{PATH}/{id}", headers=mine).status_code == 204
    assert service.client.get(f"{PATH}/{id}", headers=mine).status_code == 404
    assert service.client.delete(f"{PATH}/{id}", headers=mine).status_code == 404
    assert service.store.submission(UUID(id)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": "7"},
        {"label": True},
        {"label": 7.5},
        {"label": 1e-42},
        {"label": 10},
        {"label": -1},
        {"label": None},
        {"label": 10**30},
        {"id": "x"},
        {"id": 5},
        {"session": ""},
        {"session": "a/b"},
        {"session": "=1+1"},
        {"session": "a\nb"},
        {"session": "a" * 101},
        {"session": 5},
        {"review": "accepted"},
        {"strokes": []},
    ],
)
def test_only_what_the_schema_allows_is_kept(service, wrong):
    before = service.store.tally().total
    answer = submit(service, **wrong)
    assert answer.status_code == 422, answer.text
    assert service.store.tally().total == before


@pytest.mark.parametrize("id", ["x", "..", "%00", "1" * 5000, "' OR 1=1 --"])
def test_an_id_that_is_none_is_refused(service, id):
    answer = service.client.get(f"{PATH}/{id}", headers=service.bearer("submit"))
    assert answer.status_code in (404, 422)


def test_a_database_that_is_busy_is_told_and_nothing_is_lost(tmp_path):
    with Service(tmp_path, DIGITS_API_DATABASE_WAIT="0.2") as service:
        assert submit(service).status_code == 201
        with FileLock(f"{service.store.url}.lock"):
            answer = submit(service)
            assert service.client.get("/readyz").status_code == 503
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert "busy" in answer.json()["detail"]
        assert submit(service).status_code == 201
        assert service.client.get("/readyz").status_code == 200
