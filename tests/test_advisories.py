"""Known vulnerabilities of the dependencies are looked up, and what can't be looked up is said."""

import runpy
import subprocess
import sys

import pytest

from digitlib import settings

SCRIPT = settings.project_root() / ".ci" / "advisories.py"
SKIPPED = {"name": "numpy", "skip_reason": "Dependency not found on PyPI"}
FOUND = {
    "name": "tornado",
    "version": "6.4",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["6.5.5"]}, {"id": "PYSEC-2", "fix_versions": []}],
}


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_each_advisory_is_named_with_the_version_that_mends_it(script):
    lines = script["advisories"](script["checked"]([SKIPPED, FOUND]))
    assert lines == [
        "tornado 6.4: PYSEC-1, mended in 6.5.5",
        "tornado 6.4: PYSEC-2, mended in no version yet",
    ]


def test_libraries_that_could_not_be_looked_up_are_not_taken_for_sound(script):
    with pytest.raises(RuntimeError, match="not found on PyPI"):
        script["checked"]([SKIPPED])


def test_the_lowest_versions_are_those_of_pyproject(script):
    lowest = script["lowest_versions"](settings.project_root() / "pyproject.toml")
    assert {"tornado==6.5.5", "voila==0.5.13", "pytest==9"} <= set(lowest)
    assert not [line for line in lowest if line.startswith("digitlib")]


def test_without_a_network_the_check_says_so_and_passes():
    nobody = {"HTTPS_PROXY": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], env=nobody, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done
    assert "Advisories were NOT checked" in done.stdout
