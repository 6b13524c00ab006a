"""What docs/service.md shows works: its programs, and its proxy beside the dashboard."""

import json
import os
import re
import shutil
import subprocess
import sys

import httpx
import pytest
from photo_pages import encoded, page
from proxies import proxied
from services import ONE, Service
from visits import Server

from digitlib import settings
from digitlib.api.keys import Right, find_key, new_key, parse_keys
from digitlib.strokes import read_sketches

PAGE = (settings.project_root() / "docs" / "service.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def example(language: str, has: str) -> str:
    (found,) = [block for block in blocks(language) if has in block]
    return found


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service that one key may do all with."""
    key, entry = new_key("all", list(Right))
    with Service(tmp_path_factory.mktemp("service"), DIGITS_API_KEYS=entry) as running:
        running.keys["all"] = key
        yield running


def run(service: Service, command: list[str], program: str, folder) -> str:
    """What a program of the page prints, run against the service with a key."""
    done = subprocess.run(
        command,
        input=program.replace("http://localhost:8000", service.url),
        cwd=folder,
        env={**os.environ, "DIGITS_KEY": service.keys["all"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_curl_example_reads(service, tmp_path):
    out = run(service, ["bash", "-e"], example("sh", "/v1/read \\"), tmp_path)
    answer, shown = json.loads(out), json.loads(example("json", '"likeliest"'))
    assert len(answer.pop("probabilities")) == 10 and shown.pop("probabilities")
    assert answer == {**shown, "confidence": pytest.approx(shown["confidence"], abs=5e-5)}


def test_the_photo_example_reads_a_page(service, tmp_path):
    (tmp_path / "page.jpg").write_bytes(encoded(page(("352 06",))))
    out = run(service, ["bash", "-e"], example("sh", "/v1/read/photo"), tmp_path)
    assert [found["digit"] for found in json.loads(out)["digits"]] == [3, 5, 2, 0, 6]


def test_the_python_example_reads(service, tmp_path):
    out = run(service, [sys.executable, "-"], example("python", "httpx"), tmp_path)
    assert out.strip() == "[1, 7]"


def test_the_javascript_example_submits(service, tmp_path):
    if not shutil.which("node"):
        pytest.skip("there is no Node.js here")
    out = run(service, ["node", "--input-type=module"], example("javascript", "fetch"), tmp_path)
    assert out.strip() == "201 true"
    assert service.store.page(1)[0].session == "all/visit-17"


def test_the_export_example_writes_a_sketches_file(service, tmp_path):
    submission = {"strokes": ONE, "label": 1}
    service.client.post("/v1/submissions", json=submission, headers=service.bearer("all"))
    out = run(service, ["bash", "-e"], example("sh", "submissions.parquet"), tmp_path)
    assert '"serves":true' in out
    assert len(read_sketches(tmp_path / "submissions.parquet")) == service.store.tally().total


def test_the_key_example_makes_a_key(tmp_path):
    command = example("sh", "api key").split("#")[0].split()
    done = subprocess.run(
        [sys.executable, *command[1:]], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    _, key, _, entry = (line.strip() for line in done.stdout.splitlines())
    found = find_key(parse_keys(entry), key.encode())
    assert found is not None
    assert (found.name, found.rights) == ("kiosk", {Right.SUBMIT})
    assert find_key(parse_keys(entry), b"another") is None


def test_the_proxy_example_serves_dashboard_and_service_on_one_port(tmp_path):
    folder = tmp_path / "service"
    folder.mkdir()
    options = ["--VoilaConfiguration.default_pool_size=1"]
    with (
        Service(folder, "--root-path", "/service") as service,
        Server(tmp_path, options) as dashboard,
    ):
        server = example("nginx", "listen").replace("listen 80", "listen PORT")
        server = server.replace("8866", str(dashboard.port)).replace("8000", str(service.port))
        with proxied(tmp_path / "nginx", server) as url:
            visit(url, service)


def visit(url: str, service: Service) -> None:
    """Use what is behind the proxy."""
    with httpx.Client(base_url=url, timeout=60) as client:
        assert "kernelId" in client.get("/").text
        documentation = client.get("/service/docs").text
        for path in re.findall(r'(?:src|href)="([^"]+)"', documentation):
            assert path.startswith("/service/")
            assert client.get(path).status_code == 200
        assert '"/service/openapi.json"' in documentation.replace("'", '"')
        assert client.get("/service/openapi.json").json()["servers"] == [{"url": "/service"}]
        assert client.post("/service/v1/read", json={"strokes": ONE}).json()["digit"] == 1
        body, headers = {"strokes": ONE, "label": 1}, service.bearer("submit")
        answer = client.post("/service/v1/submissions", json=body, headers=headers)
        assert answer.status_code == 201
        assert client.get(answer.headers["Location"], headers=headers).json()["label"] == 1
        assert client.get("/service/v1/read").headers["Allow"] == "POST"
