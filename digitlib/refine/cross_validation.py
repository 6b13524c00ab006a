"""Cross-validation by visit: for each fold, a challenger that was trained without it.

The folds are tasks: each is trained in this process or by a worker of a Dask cluster.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from digitlib.recogniser import Recogniser
from digitlib.refine.finetune import Refined, fine_tune
from digitlib.refine.parameters import Refinement
from digitlib.refine.selection import Selected
from digitlib.training import Progress, Replay, started


class _Shared(NamedTuple):
    """What the tasks of all folds need."""

    champion: dict[str, bytes]  # the files of its folder
    replay: Replay
    selected: Selected
    asked: Refinement
    watch: Callable[[Progress], None] | None


def cross_validate(
    champion: Recogniser,
    replay: Replay,
    selected: Selected,
    asked: Refinement,
    watch: Callable[[Progress], None],
) -> list[Refined]:
    """A challenger for each fold, in their order, on the CPU; prints a line an epoch.

    `watch` sees the training in this process. Raises RuntimeError where the cluster that `asked`
    names can't be used.
    """
    files = {path.name: path.read_bytes() for path in champion.folder.iterdir() if path.is_file()}
    here = None if asked.scheduler else watch
    shared = _Shared(files, replay, selected, asked, here)
    folds = deque((number,) for number in range(len(selected.folds)))
    with started(shared, scheduler=asked.scheduler) as workers:
        refined = {number: result for (number,), result in workers.results(_challenger, folds)}
    return [refined[number] for number in sorted(refined)]


def _challenger(shared: _Shared, number: int) -> Refined:
    """Train without a fold; a task that depends on nothing else."""
    fold = shared.selected.folds[number]
    print(f"fold of {len(fold):,} sketches held out")
    with TemporaryDirectory() as folder:
        for name, content in shared.champion.items():
            Path(folder, name).write_bytes(content)
        champion, split = Recogniser(Path(folder)), shared.selected.without(fold)
        watch = shared.watch or (lambda progress: None)
        refined = fine_tune(champion, shared.replay, split, shared.asked, watch)
    refined.network.cpu()
    if refined.stroke_model is not None:
        refined.stroke_model.network.cpu()
    return refined
