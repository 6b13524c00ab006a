"""Models are listed with their cards; a promoted one serves the next request, in every worker."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from services import ONE, Service

from digitlib import settings

PATH = "/v1/models"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers, and a model folder `tiny` beside one that is broken."""
    folder = tmp_path_factory.mktemp("service")
    before = settings.project_root() / "tests" / "fixtures" / "before" / "model"
    models = folder / "outputs" / "models"
    for name in ("tiny", "broken"):
        shutil.copytree(before, models / name)
    (models / "broken" / "model.onnx").write_bytes(b"no network")
    card = models / "broken" / "card.json"
    card.write_text(card.read_text().replace('"ensemble": 1', '"ensemble": NaN'))
    limits = {"DIGITS_API_DRAWINGS_PER_MINUTE": "1e6"}
    with Service(folder, "--workers", "2", **limits) as running:
        yield running


def promote(service: Service, name: str) -> httpx.Response:
    return service.client.post(f"{PATH}/{name}/promote", headers=service.bearer("promote"))


def roll_back(service: Service) -> httpx.Response:
    return service.client.post(f"{PATH}/rollback", headers=service.bearer("promote"))


def test_models_are_listed_with_their_cards(service):
    listed = {one["name"]: one for one in service.client.get(PATH).json()["models"]}
    assert set(listed) == {"bundled", "tiny", "broken"}
    assert [name for name, one in listed.items() if one["serves"]] == ["bundled"]
    assert listed["tiny"]["test_accuracy"] == 0.96
    fixture = service.folder / "outputs" / "models" / "tiny" / "card.json"
    assert service.client.get(f"{PATH}/tiny").json() == {
        "name": "tiny",
        "serves": False,
        "card": json.loads(fixture.read_text()),
    }
    assert service.client.get(f"{PATH}/broken").json()["card"]["ensemble"] is None


@pytest.mark.parametrize("name", ["no", "..%2f..%2ftiny", "%2e%2e", ".", "tiny%00", "a" * 5000])
def test_a_name_is_never_taken_for_a_path(service, name):
    assert service.client.get(f"{PATH}/{name}").status_code in (200, 404, 422)
    assert "card" not in service.client.get(f"{PATH}/{name}").json()
    assert promote(service, name).status_code in (404, 405)


def test_what_cannot_serve_is_not_promoted(service):
    for name, words in (("broken", "broken"), ("bundled", "roll back")):
        answer = promote(service, name)
        assert answer.status_code == 409
        assert words in answer.json()["detail"]
    assert roll_back(service).status_code == 409
    assert service.client.post(f"{PATH}/tiny/promote").status_code == 401
    wrong = service.client.post(f"{PATH}/tiny/promote", headers=service.bearer("submit"))
    assert wrong.status_code == 403


def test_a_promotion_in_the_middle_of_a_load_counts_from_the_next_request(service):
    """Each answer is whole; those to requests after the promotion are the promoted model's."""
    promoted, answered = threading.Event(), []

    def load() -> list[str]:
        with httpx.Client(base_url=service.url, timeout=60) as client:
            after: list[str] = []
            while len(after) < 25:
                names = after if promoted.is_set() else answered
                answer = client.post("/v1/read", json={"strokes": ONE})
                assert answer.status_code == 200
                names.append(answer.json()["model"])
            return after

    with ThreadPoolExecutor(4) as clients:
        running = [clients.submit(load) for _ in range(4)]
        until = time.monotonic() + 60
        while len(answered) < 40:
            assert time.monotonic() < until
            time.sleep(0.005)
        listed = promote(service, "tiny").json()["models"]
        promoted.set()
        after = [name for future in running for name in future.result()]
    assert [one["name"] for one in listed if one["serves"]] == ["tiny"]
    assert set(after) == {"before"}
    assert answered[0] != "before"
    assert roll_back(service).status_code == 200
    answers = [service.client.post("/v1/read", json={"strokes": ONE}) for _ in range(8)]
    assert {answer.json()["model"] for answer in answers} == {answered[0]}


def test_figures_are_of_all_workers_together(service):
    def load(_number: int) -> int:
        with httpx.Client(base_url=service.url, timeout=60) as client:
            return client.post("/v1/read", json={"strokes": ONE}).status_code

    name = 'digits_readings_total{digit="1"}'
    before = service.figures()[name]
    with ThreadPoolExecutor(4) as clients:
        assert set(clients.map(load, range(40))) == {200}
    assert {service.figures()[name] - before for _ in range(4)} == {40}


def test_one_of_its_workers_may_be_killed(service):
    """The others go on, and another takes its place."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    workers = {int(child) for child in children.read_text().split()}
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in workers}
    workers = {pid for pid, command in commands.items() if "spawn_main" in command}
    assert len(workers) == 2
    service.kill_worker(min(workers))
    answers = []
    for _ in range(20):
        with httpx.Client(base_url=service.url, timeout=60) as client:
            answers.append(client.get("/healthz").status_code)
    assert set(answers) == {200}
