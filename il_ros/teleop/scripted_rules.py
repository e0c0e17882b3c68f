"""What the scripted supervisor knows of each task: how far it is, and what an error looks like."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from il_ros.teleop.scripted_goals import behind, PUSHED, pushing, READY
from il_ros.teleop.scripted_stages import Stage, View
from il_ros.timing import to_ns
import numpy as np

EMPTY = 0.012                # the gripper is closed on nothing below this opening [m]
REACHED = 0.015              # of the tool from the marker [m]
CLIMB = 0.1                  # counts for the way down behind a cube until the tool is there [m]


class Rules(Protocol):
    """One task, watched.

    Attributes:
        patience_ns: How long the task may come no nearer.
        names: Of stages that are called otherwise here.
    """

    patience_ns: int
    names: Mapping[Stage, str]

    def reset(self) -> None:
        """Begin an attempt."""

    def stage(self, view: View) -> Stage:
        """Return how far the task is."""

    def distance(self, view: View) -> float:
        """Return what is left of the present stage [m]."""

    def mistake(self, view: View, stage: Stage) -> str:
        """Return what has just gone wrong, '' when nothing has."""

    def recovered(self, failed: Stage, stage: Stage) -> bool:
        """Return whether the stage at which an error was seen is done."""


class PickPlaceRules:
    """A grasp is done once the cube is lifted clear, the carrying once it is above the box."""

    patience_ns = to_ns(1.5)
    names: Mapping[Stage, str] = {}

    def __init__(self) -> None:
        self._carried = False

    def reset(self) -> None:
        """Nothing is carried."""
        self._carried = False

    def stage(self, view: View) -> Stage:
        """Return how far putting the cube into the box is."""
        return view.stage

    def distance(self, view: View) -> float:
        """Return what is left of the stage."""
        return view.distance()

    def mistake(self, view: View, stage: Stage) -> str:
        """Return whether the cube was dropped or missed."""
        if stage >= Stage.RELEASE:
            self._carried = False
        elif stage >= Stage.CARRY:
            self._carried = True
        elif self._carried and not view.around:
            return 'dropped the cube'
        if stage < Stage.GRASP and view.opening < EMPTY and not view.around:
            return 'closed the gripper without the cube'
        return ''

    def recovered(self, failed: Stage, stage: Stage) -> bool:
        """Return whether the failed step is done."""
        if failed <= Stage.LIFT:
            return stage >= Stage.CARRY
        return stage >= Stage.LOWER if failed is Stage.CARRY else stage is Stage.DONE


class ReachRules:
    """The tool comes nearer to the marker, or it does not."""

    patience_ns = to_ns(1.5)
    names: Mapping[Stage, str] = {Stage.APPROACH: 'reach'}

    def reset(self) -> None:
        """Nothing is remembered."""

    def stage(self, view: View) -> Stage:
        """Return whether the tool is there."""
        return Stage.DONE if self.distance(view) < REACHED else Stage.APPROACH

    def distance(self, view: View) -> float:
        """Return how far the tool is from the marker."""
        return float(np.linalg.norm(view.cube - view.tool))

    def mistake(self, view: View, stage: Stage) -> str:
        """Nothing can be broken."""
        return ''

    def recovered(self, failed: Stage, stage: Stage) -> bool:
        """Return whether the tool is there."""
        return stage is Stage.DONE


class PushRules:
    """Getting behind is done once the tool pushes; a cube may slip off and be met anew."""

    patience_ns = to_ns(3.0)
    names: Mapping[Stage, str] = {Stage.APPROACH: 'get behind the cube', Stage.CARRY: 'push'}

    def reset(self) -> None:
        """Nothing is remembered."""

    def stage(self, view: View) -> Stage:
        """Return how far pushing the cube into the zone is."""
        if _left(view) < PUSHED:
            return Stage.DONE
        return Stage.CARRY if pushing(view) else Stage.APPROACH

    def distance(self, view: View) -> float:
        """Return what is left of the stage."""
        if self.stage(view) is not Stage.APPROACH:
            return _left(view)
        aside = float(np.linalg.norm(view.tool[:2] - behind(view)))
        return aside + (float(view.tool[2] - view.cube[2]) if aside < READY else CLIMB)

    def mistake(self, view: View, stage: Stage) -> str:
        """Whatever happens, the cube can be met anew."""
        return ''

    def recovered(self, failed: Stage, stage: Stage) -> bool:
        """Return whether the failed step is done."""
        return stage >= Stage.CARRY if failed is Stage.APPROACH else stage is Stage.DONE


def _left(view: View) -> float:
    return float(np.linalg.norm(view.box[:2] - view.cube[:2]))


RULES: Mapping[str, Callable[[], Rules]] = {
    'PickPlace': PickPlaceRules, 'Reach': ReachRules, 'Push': PushRules}
