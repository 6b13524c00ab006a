"""Look up known vulnerabilities of what is installed, and of the lowest versions that we declare.

One that is installed fails the check. One of a lowest version is a warning, since nobody has to
install it: raise the bound. Without a database of advisories (no network) the check says so and
passes. pip-audit asks PyPI; it takes some 20 s of waiting and 2 s of processor time.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
AUDIT = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json"]


def lowest_versions(pyproject: Path) -> list[str]:
    """Each declared library with its lower bound, as `name==version`."""
    project = tomllib.loads(pyproject.read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = [library for group in groups for library in group]
    found = (re.match(r"([\w.-]+)(?:\[.*?\])?[>=]=([\w.]+)", one) for one in declared)
    return sorted({f"{bound[1]}=={bound[2]}" for bound in found if bound})


def audited(*arguments: str) -> list[dict]:
    """What pip-audit finds out about each library; RuntimeError, with the reason, if nothing."""
    done = subprocess.run(
        [*AUDIT, *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    try:
        libraries = json.loads(done.stdout)["dependencies"]
    except ValueError:
        lines = done.stderr.strip().splitlines() or ["no answer"]
        raise RuntimeError(lines[-1]) from None
    return checked(libraries)


def checked(libraries: list[dict]) -> list[dict]:
    """Those libraries whose advisories were looked up; RuntimeError if none was."""
    known = [one for one in libraries if "skip_reason" not in one]
    if not known:
        reasons = [one["skip_reason"] for one in libraries]
        raise RuntimeError(reasons[0] if reasons else "nothing is installed")
    return known


def advisories(libraries: list[dict]) -> list[str]:
    """A line for each advisory."""
    return [
        f"{one['name']} {one['version']}: {found['id']}, mended in"
        f" {' or '.join(found['fix_versions']) or 'no version yet'}"
        for one in libraries
        for found in one["vulns"]
    ]


def main() -> int:
    """Print what is known; 1 where something installed is vulnerable."""
    try:
        installed = audited("--local", "--skip-editable")
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(lowest_versions(ROOT / "pyproject.toml")))
            file.flush()
            lowest = audited("--no-deps", "--disable-pip", "--requirement", file.name)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        print(f"Advisories were NOT checked: {error}")
        return 0
    found, warnings = advisories(installed), advisories(lowest)
    print(f"Advisories of {len(installed)} installed libraries: {len(found)}")
    print("\n".join(f"  {line}" for line in found))
    print(f"Advisories of {len(lowest)} lowest versions in pyproject.toml: {len(warnings)}")
    print("\n".join(f"  raise the bound of {line}" for line in warnings))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
