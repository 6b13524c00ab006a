"""A bar a pass, with loss and accuracy, in JupyterLab and in a terminal."""

from tqdm.auto import tqdm

from digitlib.text import percent
from digitlib.training.loop import Progress


class PassBars:
    """Shows how far `fit` is: call it with each `Progress`; a new bar begins with each pass."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None

    def __call__(self, progress: Progress) -> None:
        """Move the bar of the pass under way, or close it at the pass's end."""
        if self._bar is None:
            self._bar = tqdm(
                total=progress.steps, desc=f"epoch {progress.epoch}", unit="batch", leave=False
            )
        hits = percent(progress.accuracy, 1)
        self._bar.set_postfix_str(f"loss {progress.loss:.3f}, accuracy {hits}")
        self._bar.update(progress.step - self._bar.n)
        if progress.step == progress.steps:
            self._bar.close()
            self._bar = None
