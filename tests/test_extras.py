"""`pip install .` serves, and what it lacks says what to install."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from digitlib import settings

PROJECT = tomllib.loads((settings.project_root() / "pyproject.toml").read_text())["project"]
ROOMS = ("strokes", "photos", "recogniser", "store", "dashboard", "api", "settings", "text")
SERVING = tuple(f"digitlib.{room}" for room in ROOMS)


def python(code: str, **options: object) -> str:
    """What a program prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def installed_with(requirements: list[str]) -> set[str]:
    """The names of all distributions that pip installs for these requirements."""
    found: set[str] = set()
    seen, waiting = set(), [Requirement(line) for line in requirements]
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        found.add(canonicalize_name(wanted.name))
        for line in requires(wanted.name) or ():
            needed = Requirement(line)
            extras = wanted.extras or {""}
            if not needed.marker or any(needed.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(needed)
    return found


def test_the_dashboard_and_the_service_import_only_what_pip_install_installs():
    graph = grimp.build_graph("digitlib", include_external_packages=True, cache_dir=None)
    serving = [name for name in graph.modules if name.startswith(SERVING)]
    imported = {x for name in serving for x in graph.find_modules_directly_imported_by(name)}
    owners = packages_distributions()
    used = {owners[name][0] for name in imported if name in owners}
    assert {"voila", "fastapi", "duckdb"} <= used
    postgres = PROJECT["optional-dependencies"]["postgres"]
    known = installed_with(PROJECT["dependencies"])
    assert "torch" not in known
    missing = {canonicalize_name(name) for name in used} - known - installed_with(postgres)
    assert missing - {"digitlib"} == set()


def test_everything_is_in_dev_and_environment_yml_installs_it():
    extras = PROJECT["optional-dependencies"]
    dev = Requirement(extras["dev"][0])
    assert dev.name == "digitlib" and dev.extras == set(extras) - {"dev"}
    assert "--editable .[dev]" in (settings.project_root() / "environment.yml").read_text()


@pytest.mark.parametrize(
    ("lock", "extras"), [("serve", ["postgres"]), ("train", ["postgres", "train", "cluster"])]
)
def test_what_the_images_install_is_locked_within_the_bounds(lock, extras):
    root = settings.project_root()
    pins = re.findall(
        r"^([\w.-]+)(?:\[.*\])?==([\w.]+)", read(root / f"containers/{lock}.lock"), re.M
    )
    pins += re.findall(r"(torch|torchvision)==([\w.]+)", read(root / "Dockerfile"))
    asked = [*PROJECT["dependencies"]]
    asked += [line for extra in extras for line in PROJECT["optional-dependencies"][extra]]
    for wanted in map(Requirement, asked):
        locked = [
            v for name, v in pins if canonicalize_name(name) == canonicalize_name(wanted.name)
        ]
        assert locked and all(version in wanted.specifier for version in locked), wanted
    assert not [name for name, _ in pins if name.startswith(("nvidia-", "cuda-"))]


def read(path: Path) -> str:
    return path.read_text()


@pytest.mark.parametrize("room", ["datasets", "evaluation", "training", "refine", "experiments"])
def test_a_room_that_trains_says_what_to_install(room):
    code = f"""
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "torch" else find_spec(name)
try:
    import digitlib.{room}
except ModuleNotFoundError as error:
    print(error)
"""
    assert "torch is not installed" in (said := python(code)) and "pip install '.[train]'" in said


def test_an_installed_package_finds_the_project_around_the_working_folder(tmp_path):
    """Else the kernels, which start in `notebooks/`, had another database than the user."""
    site, project, elsewhere = (tmp_path / name for name in ("site", "project", "elsewhere"))
    elsewhere.mkdir()
    shutil.copytree(settings.project_root() / "digitlib", site / "digitlib")
    (project / "notebooks").mkdir(parents=True)
    (project / "notebooks" / "sketch.ipynb").touch()
    code = "from digitlib import settings; print(settings.project_root())"

    def root(folder: Path, **environment: str) -> str:
        return python(code, cwd=folder, env={"PYTHONPATH": str(site), **environment}).strip()

    assert root(project / "notebooks") == root(project) == str(project)
    assert root(elsewhere) == str(elsewhere)
    assert root(elsewhere, DIGITS_PROJECT_DIR=str(project)) == str(project)
