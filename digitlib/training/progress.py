"""A progress bar for each epoch, in JupyterLab and in a terminal."""

from tqdm.auto import tqdm

from digitlib.text import percent
from digitlib.training.history import Progress


class PassBars:
    """Shows the progress of `fit`: call it with each `Progress`."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self.seen: list[Progress] = []  # of the last network, about a hundred an epoch

    def __call__(self, progress: Progress) -> None:
        """Move the bar of this epoch, or close it at the epoch's end."""
        if self.seen and progress.epoch < self.seen[-1].epoch:  # another network begins
            self.seen = []
        self.seen.append(progress)
        if self._bar is None:
            self._bar = tqdm(
                total=progress.steps, desc=f"epoch {progress.epoch}", unit="batch", leave=False
            )
        self._bar.set_postfix_str(
            f"loss {progress.loss:.3f}, accuracy {percent(progress.accuracy, 1)}"
        )
        self._bar.update(progress.step - self._bar.n)
        if progress.step == progress.steps:
            self._bar.close()
            self._bar = None
