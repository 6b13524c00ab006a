"""Who may do what, and how often: keys, addresses, limits, and a log that keeps secrets."""

import json
from collections.abc import Iterator

import httpx
import pytest
from services import ONE, Service

from digitlib.api.callers import Rate, identify
from digitlib.api.configuration import Configuration, configuration
from digitlib.api.keys import new_key, parse_keys
from digitlib.api.problems import Problem

ORIGIN = "https://form.example"
SUBMISSION = {"strokes": ONE, "label": 1}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with small limits, a log of JSON, and a web page that may call it."""
    chosen = {
        "DIGITS_API_LOG": "json",
        "DIGITS_API_ORIGINS": ORIGIN,
        "DIGITS_API_DRAWINGS_PER_MINUTE": "40",
        "DIGITS_API_SUBMISSIONS_PER_MINUTE": "5",
    }
    with Service(tmp_path_factory.mktemp("service"), **chosen) as running:
        yield running


def submit(service: Service, **headers: str) -> httpx.Response:
    return service.client.post("/v1/submissions", json=SUBMISSION, headers=headers)


def test_each_right_needs_its_key(service):
    assert submit(service).status_code == 401
    assert submit(service).headers["WWW-Authenticate"] == "Bearer"
    assert submit(service, **service.bearer("read")).status_code == 403
    assert submit(service, **service.bearer("export")).status_code == 403
    assert submit(service, **service.bearer("submit")).status_code == 201
    for wrong in ("Bearer nonsense", "Bearer", "Bearer \xe9", "Basic abc", "Bearer " + "a" * 9999):
        answer = submit(service, Authorization=wrong.encode("latin-1"))
        assert answer.status_code == 401, wrong
    assert submit(service, **{"X-API-Key": service.keys["submit"]}).status_code == 401
    in_address = f"/v1/submissions?key={service.keys['submit']}"
    assert service.client.post(in_address, json=SUBMISSION).status_code == 401


def test_who_may_not_submit_hears_so_before_the_body_is_read(service):
    answer = service.client.post("/v1/submissions", content=b"[" * 200_000)
    assert answer.status_code == 401


def test_a_key_that_is_wrong_may_not_even_read(service):
    headers = {"Authorization": "Bearer nonsense"}
    answer = service.client.post("/v1/read", json={"strokes": ONE}, headers=headers)
    assert answer.status_code == 401


def test_the_log_names_callers_and_keeps_keys_and_strokes_to_itself(service):
    marked = [[[0.12345, 0.5], [0.5, 0.54321]]]
    headers = {**service.bearer("submit"), "X-Request-ID": "mine-7"}
    body = {"strokes": marked, "label": 1}
    path = f"/v1/submissions?key={service.keys['submit']}"
    assert service.client.post(path, json=body, headers=headers).status_code == 201
    service.client.post(path, json={**body, "label": "SECRET"}, headers=headers)
    lines = [json.loads(line) for line in service.log.splitlines()]
    request = next(line for line in lines if line.get("request_id") == "mine-7")
    assert request["caller"] == "key submit"
    assert request["route"] == "/v1/submissions"
    assert request["status"] == 201
    assert {"time", "level", "logger", "message", "seconds", "method"} <= set(request)
    for secret in (service.keys["submit"], "0.12345", "0.54321", "SECRET", "?"):
        assert secret not in service.log


def test_without_keys_the_service_is_for_its_own_machine(tmp_path):
    with Service(tmp_path, command="uvicorn", keys=False) as service:
        assert service.client.post("/v1/read", json={"strokes": ONE}).status_code == 200
        assert submit(service).status_code == 401
        forwarded = service.client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.5"})
        assert forwarded.status_code == 403
        assert "DIGITS_API_KEYS" in forwarded.json()["detail"]
        rebound = service.client.get("/metrics", headers={"Host": "evil.example"})
        assert rebound.status_code == 403
        assert service.client.get("/metrics", headers={"Host": "localhost:80"}).status_code == 200


def test_it_does_not_listen_to_others_without_keys(tmp_path):
    service = Service(tmp_path, "--host", "0.0.0.0", keys=False)
    assert service.refuses_to_start() == 1
    assert service.log.startswith("Without API keys the service listens only on this machine")


def test_uvicorn_refuses_to_start_with_a_setting_that_is_broken(tmp_path):
    service = Service(tmp_path, command="uvicorn", DIGITS_API_KEYS="me:submit:not-a-hash")
    assert service.refuses_to_start() != 0
    assert "DIGITS_API_KEYS" in service.log
    assert "not-a-hash" not in service.log
    assert "Traceback" not in service.log


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOG", "loud"), ("PATIENCE", "nan"), ("PATIENCE", "0"), ("DRAWINGS_PER_MINUTE", "many")],
)
def test_a_setting_that_is_broken_is_named(monkeypatch, name, value):
    monkeypatch.setenv(f"DIGITS_API_{name}", value)
    with pytest.raises(ValueError, match=f"DIGITS_API_{name} is"):
        configuration.__wrapped__()


def test_malformed_keys_are_refused_without_showing_them():
    key, entry = new_key("kiosk", ["submit", "export"])
    assert [parsed.name for parsed in parse_keys(f" {entry},\n{new_key('b', ['read'])[1]}")] == [
        "kiosk",
        "b",
    ]
    assert parse_keys("") == ()
    bad = (key, f"{entry} {entry}", entry.replace("export", "root"), entry[:-1], entry.upper())
    for text in bad:
        with pytest.raises(ValueError, match="DIGITS_API_KEYS") as error:
            parse_keys(text)
        assert key not in str(error.value)
        assert entry[-64:] not in str(error.value)


def test_callers_are_told_apart_by_key_then_by_address_or_network():
    chosen = Configuration(parse_keys(new_key("kiosk", ["read"])[1]), (), 60, 60, 1.0, 1.0, False)

    def name(client: str | None) -> str:
        return identify(client, "digits.example", b"", chosen).name

    assert name("203.0.113.5") == "203.0.113.5"
    assert name("::ffff:203.0.113.5") == "203.0.113.5"
    assert name("2001:db8::1") == name("2001:db8::ffff:2") != name("2001:db8:0:1::1")
    assert name("<script>") == "unknown"
    local = [identify(client, "x", b"", chosen).is_local for client in ("127.0.0.1", "::1", "::2")]
    assert local == [True, True, False]


def test_a_caller_has_a_minutes_worth_and_then_waits(monkeypatch):
    now = 1000.0
    monkeypatch.setattr("digitlib.api.callers.time.monotonic", lambda: now)
    rate = Rate(60, "requests")
    for _ in range(60):
        rate.take("a", 1)
    with pytest.raises(Problem) as error:
        rate.take("a", 1)
    assert error.value.status_code == 429
    assert error.value.headers == {"Retry-After": "1"}
    rate.take("b", 256)  # a list is answered; the next request waits for it
    with pytest.raises(Problem) as error:
        rate.take("b", 1)
    assert error.value.headers == {"Retry-After": "197"}
    now += 1
    rate.take("a", 1)


def test_too_many_requests_are_told_when_to_try_again(service):
    statuses = [submit(service, **service.bearer("other")).status_code for _ in range(7)]
    assert statuses == [201] * 5 + [429] * 2
    ten, headers = {"drawings": [{"strokes": ONE}] * 10}, service.bearer("promote")
    answers = [service.client.post("/v1/read", json=ten, headers=headers) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert answers[-1].json()["title"] == "Too Many Requests"
    another = service.client.post("/v1/read", json=ten, headers=service.bearer("read"))
    assert another.status_code == 200
    assert service.client.get("/healthz").status_code == 200


def test_browsers_may_call_from_the_origins_in_the_settings(service):
    def ask(origin: str) -> httpx.Response:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return service.client.options("/v1/read", headers=headers)

    assert ask(ORIGIN).headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Origin" not in ask("https://evil.example").headers
    answer = service.client.post("/v1/submissions", headers={"Origin": ORIGIN})
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
