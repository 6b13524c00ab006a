"""A run's place on disk: a name of its own and a folder that becomes a model folder at the end."""

import datetime
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from digitlib import settings
from digitlib.store import Store, StoreError

LIBRARIES = ("torch", "torchvision", "onnx", "onnxruntime", "numpy")


class Run(NamedTuple):
    """A run under way: everything it writes lies in `folder`, `<name>.partial`, until it ends."""

    name: str
    folder: Path
    lock: FileLock

    def checkpoint(self, member: int = 0) -> Path:
        """Where the training of an ensemble's member keeps what it needs to go on."""
        return self.folder / f"checkpoint{f'-{member}' * bool(member)}.pt"

    @property
    def pen_checkpoint(self) -> Path:
        """The same of the network that reads the way of the pen."""
        return self.folder / "checkpoint-pen.pt"


def start(models: Path, name: str = "", resume: bool = False) -> Run:
    """Claim a name under the models folder: two runs never share one, even when started at once.

    Without a name it is the time, UTC; one that is taken gets `-2`, `-3`, …. With `resume` the
    interrupted run of that name goes on, or the latest interrupted one where `name` is empty. What
    killed runs left that can't be resumed is removed.

    Raises ValueError when there is nothing to resume or the run is still going on, and OSError,
    naming the folder and the fix, when nothing can be written there.
    """
    if resume:
        return _taken_up(_interrupted(models, name))
    name = name or f"{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}"
    try:
        models.mkdir(parents=True, exist_ok=True)
        with _starting(models):  # or one run could remove what another just made
            _remove_killed(models)
            for number in range(1, 10_000):
                unique = name if number == 1 else f"{name}-{number}"
                if not (models / unique).exists():
                    try:
                        (models / f"{unique}.partial").mkdir()
                    except FileExistsError:
                        continue
                    return _taken_up(models / f"{unique}.partial")
    except OSError as error:
        raise OSError(
            f"Nothing was started: {models} can't be written to ({error.strerror}). Make room or "
            "name another folder with DIGITS_OUTPUTS_DIR."
        ) from error
    raise ValueError(f"run_name={name!r} is taken ten thousand times; choose another.")


def _starting(models: Path) -> FileLock:
    return FileLock(models / ".start.lock")


def _remove_killed(models: Path) -> None:
    """Remove the folders of runs that were killed and have no checkpoint to go on from."""
    for folder in models.glob("*.partial"):
        if not folder.is_dir() or _has_learnt(folder):
            continue
        try:
            with FileLock(folder / "lock", timeout=0):
                if not _has_learnt(folder):  # in the meantime
                    shutil.rmtree(folder)
        except Timeout:
            continue  # it is still going on


def _has_learnt(folder: Path) -> bool:
    """Whether there is something to go on from."""
    return any(folder.glob("checkpoint*.pt"))


def _interrupted(models: Path, name: str) -> Path:
    """The folder of the interrupted run of a name, or of the latest one."""
    checkpoints = sorted(
        models.glob(f"{name or '*'}.partial/checkpoint*.pt"), key=lambda path: path.stat().st_mtime
    )
    if not checkpoints:
        which = f"run named {name!r}" if name else "run"
        raise ValueError(f"There is no interrupted {which} in {models} to resume; drop `resume`.")
    return checkpoints[-1].parent


def _taken_up(folder: Path) -> Run:
    lock = FileLock(folder / "lock")
    _claim(lock, folder)
    return Run(folder.name.removesuffix(".partial"), folder, lock)


def _claim(lock: FileLock, folder: Path) -> None:
    """Take a run's lock; raises ValueError where the run has ended or another process has it."""
    if not folder.is_dir():
        raise ValueError(f"The run in {folder} has ended; begin another at the notebook's top.")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"The run in {folder} is still going on in another process.") from None


def finish(run: Run) -> Path:
    """Turn the run's folder into a model folder of its name; returns it."""
    with _starting(run.folder.parent):  # or a run that starts takes this one for killed
        for checkpoint in run.folder.glob("checkpoint*.pt"):
            checkpoint.unlink()
        run.lock.release()
        (run.folder / "lock").unlink(missing_ok=True)
        return run.folder.rename(run.folder.with_name(run.name))


def environment_provenance() -> dict[str, Any]:
    """What a card says of where and when: UTC time, versions, processor, the git commit if any."""
    git = ["git", "-C", str(settings.project_root())]
    git += ["describe", "--always", "--dirty", "--abbrev=12"]
    try:
        commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or not a clone
        commit = None
    return {
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def model_card(
    run: Run,
    parameters: dict[str, Any],
    data: dict[str, Any],
    metrics: dict[str, Any],
    **facts: Any,
) -> dict[str, Any]:
    """What `card.json` says of a model; `facts` hold at least its architecture and temperature."""
    return {
        "name": run.name,
        **facts,
        "data": data,
        "metrics": metrics,
        "parameters": parameters,
        "seed": parameters["seed"],
        **environment_provenance(),
    }


@contextmanager
def resumable(run: Run) -> Iterator[None]:
    """Say of an interruption or a full disk how to go on: what was trained is in the checkpoint.

    Afterwards the run may be taken up in another process, until one of these begins anew.
    """
    if not run.lock.is_locked:
        _claim(run.lock, run.folder)
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"Interrupted: {_next(run)}") from None
    except OSError as error:
        message = f"The disk refused: {error}. Make room, then {_next(run)}"
        raise OSError(message) from error
    finally:
        run.lock.release()


@contextmanager
def all_or_nothing(run: Run) -> Iterator[None]:
    """Remove the run's folder where something goes wrong: what is short is simply run again."""
    try:
        yield
    except BaseException:
        run.lock.release()
        shutil.rmtree(run.folder, ignore_errors=True)
        raise


def _next(run: Run) -> str:
    """What to do after an interruption."""
    return resume_hint(run) if _has_learnt(run.folder) else "no pass had ended; begin again."


def resume_hint(run: Run) -> str:
    """What to pass to go on with a run from the last epoch that it finished."""
    return f"go on with `-p resume true -p run_name {run.name}` and the same parameters."


def record_run(store: Store, card: dict[str, Any], notebook: str) -> str:
    """Keep the run's row; why it was not kept where the database refuses, else nothing.

    A model that is there already isn't lost for that.
    """
    try:
        store.record_run(
            run_name=card["name"],
            notebook=notebook,
            parameters=card["parameters"],
            metrics=card["metrics"],
            model=card["name"],
        )
    except StoreError as error:
        return f"The run has no row in the table of runs: {error}"
    return ""


def run_summary(card: dict[str, Any], accuracy: str, reading: str, files: Sequence[Path]) -> str:
    """A run in a few lines of Markdown: how good, how it fitted, what it left, what is next."""
    warning = card["data"]["warning"]
    serving = f"`python -m digitlib.recogniser promote {card['name']}`"
    served = (
        "It serves the dashboard now."
        if card["parameters"]["promote"]
        else (f"The dashboard uses it after {serving}.")
    )
    together = ", of all its networks added up" if card["ensemble"] > 1 else ""
    lines = [
        f"> **⚠ {warning}**" if warning else "",
        f"**{card['name']}** ({card['architecture']}, {card['parameter_count']:,} parameters) "
        f"reads {accuracy} of the {card['data']['name']} test digits after "
        f"{card['metrics']['training_seconds']:.0f} s of training{together}.",
        reading,
        f"{served} It left:",
        "\n".join(f"- `{_shortest(file)}`" for file in files),
    ]
    return "\n\n".join(line for line in lines if line)


def _shortest(path: Path) -> Path:
    """A path from the project's root where it lies below it."""
    root = settings.project_root()
    return path.relative_to(root) if path.is_relative_to(root) else path
