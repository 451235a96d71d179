"""Progress of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from openhcs_pipeline.well import WellResult

__all__ = ["progress"]


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[WellResult, int, int], None]]:
    """Give the callback that shows each finished well, on standard error."""
    if not sys.stderr.isatty():
        yield _line
        return
    # rich costs as much to import as the rest of the command; only a terminal needs it.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    last = TextColumn("{task.description}")
    columns = (TextColumn("wells"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), last)
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)

        def show(result: WellResult, done: int, _total: int) -> None:
            bar.update(task, completed=done, description=_words(result))

        yield show


def _line(result: WellResult, done: int, total: int) -> None:
    print(f"[{done}/{total}] {_words(result)}", file=sys.stderr, flush=True)  # noqa: T201 - this is the display


def _words(result: WellResult) -> str:
    if result.failure is not None:
        return f"{result.well} failed in {result.failure.step}"
    return f"{result.well} {result.seconds:.1f} s"
