"""Progress bars that the subcommands share."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from il_ros.commands import console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


def new_progress(bars: bool = True) -> Progress:
    """Return a progress display: what, bar, count, time, note.

    Args:
        bars: False where something else, a keyboard device, writes to the terminal.
    """
    return Progress(TextColumn('{task.description}'), BarColumn(24), MofNCompleteColumn(),
                    TimeElapsedColumn(), TextColumn('[dim]{task.fields[note]}'), console=console,
                    disable=not bars)


@contextmanager
def progress_bar(text: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show one bar; the context's value takes the number of parts done."""
    with new_progress() as progress:
        task = progress.add_task(text, total=total, note='')
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def counted_bar(text: str) -> Iterator[Callable[[int, int], None]]:
    """Show one bar; the context's value takes the number of parts done, and that of all."""
    with new_progress() as progress:
        task = progress.add_task(text, total=None, note='')
        yield lambda done, total: progress.update(task, completed=done, total=total)


class StepProgress:
    """One bar per step of the loop, and a line per trained policy."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def step(self, text: str, total: int) -> None:
        """A step of `total` parts begins; the one before is done."""
        self._finish()
        if self._progress.disable or not console.is_terminal:  # no bars, or only at the very end
            console.print(f'{text} ({total})')
        self._task = self._progress.add_task(text, total=total, note='')

    def advance(self, done: int, note: str = '') -> None:
        """So many parts of the present step are done."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, note=note)

    def round(self, result: Any) -> None:
        """A policy has been trained and evaluated."""
        self._finish()
        self._task = None
        console.print(
            f'[bold]{result.name}[/]: {result.successes} of {len(result.rollouts)} held-out '
            f'episodes succeed, {result.human_seconds:.0f} s of human control')

    def _finish(self) -> None:
        if self._task is not None:
            task = self._progress.tasks[self._task]
            done = task.completed or task.total
            self._progress.update(self._task, total=done, completed=done)
