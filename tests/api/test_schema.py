"""The service does what its own description says, whatever is sent; generated clients work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from services import ONE, Service

from digitlib.api.keys import new_key

# For each operation; `SCHEMATHESIS_EXAMPLES=100 python -m pytest tests/api/test_schema.py` for more
_FEW = "2"
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", _FEW)
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("schemathesis.toml")
UNLIMITED = {
    "DIGITS_API_DRAWINGS_PER_MINUTE": "1e8",
    "DIGITS_API_SUBMISSIONS_PER_MINUTE": "1e8",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service without limits, and one key with all rights."""
    key, entry = new_key("all", ["read", "submit", "export", "promote"])
    folder = tmp_path_factory.mktemp("service")
    with Service(folder, **UNLIMITED, DIGITS_API_KEYS=entry) as running:
        running.keys["all"] = key
        yield running


@pytest.mark.parametrize("key", ["", "all"])
def test_schemathesis_finds_nothing(service, key, tmp_path):
    header = [f"Authorization: {service.bearer(key)['Authorization']}"] if key else []
    command = [SCHEMATHESIS, "--config-file", CONFIG, "run", f"{service.url}/openapi.json"]
    command += ["--max-examples", EXAMPLES, "--seed", "1", "--no-color", "--request-timeout", "60"]
    command += [word for one in header for word in ("--header", one)]
    if not key and EXAMPLES == _FEW:  # most of what it tries is refused alike
        command += ["--phases", "examples,fuzzing"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Tested: 13" in done.stdout
    assert "Traceback" not in service.log


def test_a_generated_client_reads_and_submits(service, tmp_path):
    schema = tmp_path / "openapi.json"
    schema.write_text(service.client.get("/openapi.json").text)
    generate = [Path(sys.executable).with_name("openapi-python-client"), "generate"]
    generate += ["--path", schema, "--output-path", tmp_path / "client", "--meta", "none"]
    done = subprocess.run(generate, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout.upper(), done.stdout
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    given = [sys.executable, program, service.url, service.keys["all"]]
    done = subprocess.run(given, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["1", "1"], done.stdout + done.stderr


PROGRAM = f"""
import sys
from client import AuthenticatedClient
from client.api.reading import read_v1_read_post
from client.api.submissions import submission_v1_submissions_id_get, submit_v1_submissions_post
from client.models import StrokesInput, SubmissionInput

url, key = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=key)
strokes = {ONE}
print(read_v1_read_post.sync(client=client, body=StrokesInput(strokes=strokes)).digit)
receipt = submit_v1_submissions_post.sync(
    client=client, body=SubmissionInput(strokes=strokes, label=1)
)
print(submission_v1_submissions_id_get.sync(receipt.id, client=client).label)
"""
