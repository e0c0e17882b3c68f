"""Whose turn it is of the tasks that somebody wants to record."""
from __future__ import annotations

from collections.abc import Sequence


class TaskList:
    """Gives each episode its task: the one that is set, else the next of a list, else the robot's.

    A task of the list comes again until an episode of it is kept; after the last comes the first.
    """

    def __init__(self, default: str) -> None:
        self._default = default
        self._task, self._tasks = '', tuple[str, ...]()
        self._turn = 0
        self._listed = False    # of the episode that was started last

    def change(self, task: str, tasks: Sequence[str] = ()) -> None:
        """Take what is to be recorded from the next episode on; another list begins anew.

        Args:
            task: Of every episode; '' leaves it to the list.
            tasks: The list; empty texts count for nothing.
        """
        kept = tuple(text for text in tasks if text.strip())
        if kept != self._tasks:
            self._tasks, self._turn, self._listed = kept, 0, False
        self._task = task

    @property
    def current(self) -> str:
        """The task of the next episode."""
        return self._task or (self._tasks[self._turn] if self._tasks else self._default)

    @property
    def told(self) -> str:
        """Where the next episode stands in the list; '' without one."""
        if self._task or not self._tasks:
            return ''
        return f'task {self._turn + 1} of {len(self._tasks)}: {self.current}'

    def started(self, task: str = '') -> None:
        """Note that an episode began: of `current`, or of a task that was told for it alone."""
        self._listed = not (task or self._task) and bool(self._tasks)

    def kept(self) -> None:
        """Note that this episode was kept."""
        if self._listed:
            self._turn = (self._turn + 1) % len(self._tasks)
        self._listed = False
