"""What is done step by step, and undone where a step fails."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from il_ros.errors import IlRosError


class StepError(IlRosError):
    """A step failed; what was done before it was undone, or is named."""


@dataclass(frozen=True)
class Step:
    """One change of the robot, and the way back.

    Attributes:
        name: What it does, as in 'joint_trajectory_controller off'.
        back: What undoing does.
        do: Does it; an `IlRosError` is the reason why not.
        undo: Undoes it.
    """

    name: str
    back: str
    do: Callable[[], None]
    undo: Callable[[], None]

    @property
    def reversed(self) -> Step:
        """The step whose doing is this one's undoing."""
        return Step(self.back, self.name, self.undo, self.do)


def perform(steps: Sequence[Step]) -> None:
    """Do one step after the other, all of them or none.

    Raises:
        StepError: One failed; says which, why, and what could not be undone.
    """
    done: list[Step] = []
    for step in steps:
        try:
            step.do()
        except IlRosError as error:
            raise StepError(_text(step, error, done)) from None
        done.append(step)


def way_back(steps: Sequence[Step]) -> list[Step]:
    """Return the steps that undo these."""
    return [step.reversed for step in reversed(steps)]


def _text(failed: Step, error: IlRosError, done: Sequence[Step]) -> str:
    undone, stuck = list[str](), list[str]()
    # What failed may have been done in part: it is undone, too.
    for step in (failed, *reversed(done)):
        try:
            step.undo()
            undone.append(step.back)
        except IlRosError as problem:
            stuck.append(f'{step.back}: {problem}')
    text = f'{failed.name}: {error}; done instead: {", ".join(undone) or "nothing"}'
    return f'{text}; NOT done: {"; ".join(stuck)}; do it by hand' if stuck else text
