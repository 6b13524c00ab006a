"""Nothing acknowledged is lost, and what was accepted is finished."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx
from filelock import FileLock
from services import ONE, Service


def submit(service: Service) -> httpx.Response:
    body = {"strokes": ONE, "label": 1}
    return service.client.post("/v1/submissions", json=body, headers=service.bearer("submit"))


def test_what_was_acknowledged_survives_a_kill_under_load(tmp_path):
    """With four clients and two workers on one database."""
    acknowledged: set[UUID] = set()

    def load() -> None:
        try:
            while (answer := submit(service)).status_code == 201:
                acknowledged.add(UUID(answer.json()["id"]))
        except httpx.TransportError:
            return

    service = Service(tmp_path, "--workers", "2", DIGITS_API_SUBMISSIONS_PER_MINUTE="1e6")
    service.start()
    with ThreadPoolExecutor(4) as clients:
        for _ in range(4):
            clients.submit(load)
        until = time.monotonic() + 60
        while len(acknowledged) < 40 and time.monotonic() < until:
            time.sleep(0.01)
        service.kill()
    service.client.close()
    assert len(acknowledged) >= 40, service.log
    kept = {row.id for row in service.store.page(10_000)}
    assert acknowledged <= kept
    assert len(kept - acknowledged) <= 4  # on disk, but their clients weren't told yet


def test_a_full_database_takes_no_more_and_says_so(tmp_path):
    with Service(tmp_path, DIGITS_DATABASE_MB="0.001") as service:
        assert submit(service).status_code == 201
        refused = submit(service)
        assert refused.status_code == 507
        assert "has reached its limit" in refused.json()["detail"]
        assert service.store.tally().total == 1
        assert service.client.post("/v1/read", json={"strokes": ONE}).status_code == 200


def test_a_service_that_is_asked_to_end_finishes_what_it_accepted(tmp_path):
    with Service(tmp_path) as service:
        assert submit(service).status_code == 201
        with ThreadPoolExecutor(1) as client:
            with FileLock(f"{service.store.url}.lock"):
                waiting = client.submit(submit, service)
                service.wait_for_figure("digits_requests_in_progress", 2)
                service.process.terminate()
                assert not waiting.done()
            assert waiting.result(60).status_code == 201
        assert service.process.wait(60) in (0, -signal.SIGTERM)
        assert service.store.tally().total == 2
