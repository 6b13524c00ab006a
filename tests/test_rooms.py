"""The rooms of `digitlib`: few, layered, light where they serve, and true to the contract."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from functools import cache
from uuid import UUID

import grimp
import numpy as np
import pytest

HEAVY = ("torch", "torchvision", "matplotlib", "pandas", "scipy", "sklearn")
SERVING = ("strokes", "photos.reading", "recogniser", "store", "api", "dashboard.page")
DOORS = {"unipen", "pendigits"}  # commands of a room under a short name

STROKES = [[(0.2, 0.2), (0.8, 0.2), (0.4, 0.9)]]


@cache
def arrows() -> dict[str, set[str]]:
    """Which rooms each room imports, at whatever place in its files."""
    graph = grimp.build_graph("digitlib", cache_dir=None)
    found: dict[str, set[str]] = {
        name.split(".")[1]: set() for name in graph.modules if "." in name
    }
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            if "." in module and "." in imported:
                found[module.split(".")[1]].add(imported.split(".")[1])
    return {room: others - {room} for room, others in found.items()}


def floors(rooms: dict[str, set[str]]) -> list[set[str]]:
    """Rooms by floor, each above all that it imports; rooms in a circle are left out."""
    built: list[set[str]] = []
    while True:
        below = set().union(*built)
        floor = {room for room in rooms if room not in below and rooms[room] <= below}
        if not floor:
            return built
        built.append(floor)


def test_rooms_are_few_and_imports_form_no_circle():
    rooms = {room: others for room, others in arrows().items() if room not in DOORS}
    built = floors(rooms)
    assert sum(map(len, built)) == len(rooms), "imports in a circle"
    assert len(rooms) <= 15
    assert sum(map(len, rooms.values())) <= 48  # photos is read by three rooms and reads with two
    assert len(built) <= 6


def test_a_door_is_a_command_that_no_room_imports():
    doors = DOORS & set(arrows())
    assert "unipen" in doors
    for door in doors:
        assert len(arrows()[door]) == 1
        assert all(door not in others for others in arrows().values())


def test_circles_are_found():
    assert floors({"a": {"b"}, "b": {"c"}, "c": set()}) == [{"c"}, {"b"}, {"a"}]
    assert floors({"a": {"b"}, "b": {"a"}, "c": set()}) == [{"c"}]


@pytest.mark.parametrize("room", sorted(set(arrows()) - DOORS))
def test_a_room_says_what_it_is_for_and_exports_what_it_names(room):
    module = importlib.import_module(f"digitlib.{room}")
    assert module.__doc__ and module.__doc__[0].isupper()
    files = {module.name for module in pkgutil.iter_modules(getattr(module, "__path__", []))}
    for name in getattr(module, "__all__", ()):
        exported = getattr(module, name)
        assert name not in files or inspect.ismodule(exported)


def test_the_contract_holds(tmp_path, mnist):
    """The names and formats that other programs rely on."""
    from digitlib.datasets import load_mnist
    from digitlib.photos import read_photo, sample_photo
    from digitlib.recogniser import Recogniser
    from digitlib.store import Store
    from digitlib.strokes import rasterise

    image = rasterise(STROKES)
    assert image.shape == (28, 28) and image.dtype == np.uint8
    with pytest.raises(ValueError, match="no ink"):
        rasterise([])
    recogniser = Recogniser.load()
    for probabilities in (recogniser.predict(image[None]), recogniser.read([STROKES])):
        assert probabilities.shape == (1, 10) and probabilities.dtype == np.float32
        assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert 0 < recogniser.threshold < 1
    assert isinstance(recogniser.card, dict)
    ((part, probabilities),) = recogniser.read_number(STROKES)
    assert len(part) == 1 and probabilities.shape == (10,)
    for digit in read_photo(sample_photo(), recogniser):
        assert isinstance(digit.digit, int) and 0 < digit.confidence <= 1
        assert digit.probabilities.shape == (10,) and digit.image.shape == (28, 28)
        assert len(digit.box) == 4 and digit.line <= digit.number
    with Store(str(tmp_path / "contract.duckdb")) as store:
        given = {"strokes": STROKES, "recogniser": recogniser, "session": "visit"}
        id = store.submit(label=7, **given)
        assert isinstance(id, UUID)
        for wrong in ({**given, "label": 10}, {**given, "label": 7, "strokes": []}):
            with pytest.raises(ValueError, match=r"."):
                store.submit(**wrong)
        assert [row[0] for row in store.submissions().fetchall()] == [id]
    for part, count in zip(load_mnist(), (60_000, 10_000), strict=True):
        assert part.images.shape == (count, 28, 28) and str(part.images.dtype) == "torch.uint8"
        assert part.labels.shape == (count,) and str(part.labels.dtype) == "torch.int64"


def python(*words: str) -> str:
    """What a Python command prints."""
    command = [sys.executable, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_commands_run_under_their_short_names():
    assert " serves, from " in python("-m", "digitlib.recogniser")
    assert python("-m", "digitlib.unipen", "--help").startswith("usage: python -m digitlib.unipen")


def test_a_service_that_only_reads_loads_neither_a_database_nor_what_photos_need():
    unneeded = (*HEAVY, "duckdb", "psycopg", "cv2", "PIL")
    code = f"""
import asyncio, sys
from digitlib.api import app
async def ready():
    async with app.router.lifespan_context(app):  # reads a drawing
        print([name for name in {unneeded} if sys.modules.get(name)])
asyncio.run(ready())
"""
    assert python("-c", code) == "[]"


def test_serving_imports_nothing_heavy():
    code = f"""
import importlib, sys
for room in {SERVING}:
    importlib.import_module(f"digitlib.{{room}}")
    print(room, [name for name in {HEAVY} if name in sys.modules])
"""
    assert python("-c", code) == "\n".join(f"{room} []" for room in SERVING)
