"""What the scripted supervisor knows of each task: how far it is, and what an error looks like."""
from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Protocol, TypeVar

from il_ros.contract import Contract
from il_ros.sim.actuated import BASE
from il_ros.teleop.scripted.goals import behind, PUSHED, pushing, READY
from il_ros.teleop.scripted.stages import Reader, Stage, View
from il_ros.timing import to_ns
from il_ros.types import Floats
import numpy as np

EMPTY = 0.012                # the gripper is closed on nothing below this opening [m]
REACHED = 0.015              # of the tool from the marker [m]
TOO_LOW = 0.006              # of a tool above the table [m]
TOO_FAR = 0.62               # of a tool from the base of its arm [m]
DRIVES = 0.02                # of the base, from here on [m/s], [rad/s]
CLIMB = 0.1                  # counts for the way down behind a cube until the tool is there [m]


V = TypeVar('V')   # an observation, taken apart


class Rules(Protocol[V]):
    """One task, watched.

    Attributes:
        patience_ns: How long the task may come no nearer.
        names: Of stages that are called otherwise here.
        done: The last stage.
    """

    patience_ns: int
    names: Mapping[int, str]

    @property
    def done(self) -> IntEnum: ...  # noqa: D102

    def reset(self) -> None:
        """Begin an attempt."""

    def view(self, state: Floats, environment: Floats) -> V:
        """Return the view of a state (J,) and an environment vector (7 * P,)."""

    def stage(self, view: V) -> IntEnum:
        """Return how far the task is."""

    def distance(self, view: V) -> float:
        """Return what is left of the present stage [m]."""

    def mistake(self, view: V, stage: IntEnum) -> str:
        """Return what has just gone wrong, '' when nothing has."""

    def astray(self, view: V) -> str:
        """Return which tool is where none should be, '' when none is."""

    def item(self, view: V) -> Floats:
        """Return where the object is [m]. Shape (3,)."""

    def moves(self, view: V) -> bool:
        """Return whether the robot itself may be moving the object."""

    def recovered(self, failed: IntEnum, stage: IntEnum) -> bool:
        """Return whether the stage at which an error was seen is done."""


def out_of_place(at: Floats, name: str = 'the tool') -> str:
    """Return that a tool is at the table or far off, '' where it is not.

    Args:
        at: The tool's position from its arm's base [m]. Shape (3,).
        name: Of the tool.
    """
    if at[2] < TOO_LOW:
        return f'{name} is at the table'
    if (at[0] ** 2 + at[1] ** 2) ** 0.5 > TOO_FAR:
        return f'{name} is far off'
    return ''


class TableRules:
    """What the tasks of one arm share."""

    names: Mapping[int, str] = {}
    done = Stage.DONE

    def __init__(self, contract: Contract) -> None:
        self._reader = Reader(contract)
        self.reset()

    def reset(self) -> None:
        """Nothing is remembered."""

    def view(self, state: Floats, environment: Floats) -> View:
        """Return the view of a state (J,) and an environment vector (7 * P,)."""
        return self._reader.view(state, environment)

    def astray(self, view: View) -> str:
        """Return whether the tool is at the table or far off."""
        return out_of_place(view.tool)

    def item(self, view: View) -> Floats:
        """Return where the cube is."""
        return view.cube

    def moves(self, view: View) -> bool:
        """Return whether the cube is between the fingers."""
        return view.around


class PickPlaceRules(TableRules):
    """A grasp is done once the cube is lifted clear, the carrying once it is above the box."""

    patience_ns = to_ns(1.5)

    def reset(self) -> None:
        """Nothing is carried."""
        self._carried = False

    def stage(self, view: View) -> Stage:
        """Return how far putting the cube into the box is."""
        return view.stage

    def distance(self, view: View) -> float:
        """Return what is left of the stage."""
        return view.distance()

    def mistake(self, view: View, stage: IntEnum) -> str:
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

    def recovered(self, failed: IntEnum, stage: IntEnum) -> bool:
        """Return whether the failed step is done."""
        if failed <= Stage.LIFT:
            return stage >= Stage.CARRY
        return stage >= Stage.LOWER if failed is Stage.CARRY else stage is Stage.DONE


class ReachRules(TableRules):
    """The tool comes nearer to the marker, or it does not."""

    patience_ns = to_ns(1.5)
    names: Mapping[int, str] = {Stage.APPROACH: 'reach'}

    def stage(self, view: View) -> Stage:
        """Return whether the tool is there."""
        return Stage.DONE if self.distance(view) < REACHED else Stage.APPROACH

    def distance(self, view: View) -> float:
        """Return how far the tool is from the marker."""
        return float(np.linalg.norm(view.cube - view.tool))

    def mistake(self, view: View, stage: IntEnum) -> str:
        """Nothing can be broken."""
        return ''

    def recovered(self, failed: IntEnum, stage: IntEnum) -> bool:
        """Return whether the tool is there."""
        return stage is Stage.DONE


class PushRules(TableRules):
    """Getting behind is done once the tool pushes; a cube may slip off and be met anew."""

    patience_ns = to_ns(3.0)
    names: Mapping[int, str] = {Stage.APPROACH: 'get behind the cube', Stage.CARRY: 'push'}

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

    def mistake(self, view: View, stage: IntEnum) -> str:
        """Whatever happens, the cube can be met anew."""
        return ''

    def recovered(self, failed: IntEnum, stage: IntEnum) -> bool:
        """Return whether the failed step is done."""
        return stage >= Stage.CARRY if failed is Stage.APPROACH else stage is Stage.DONE


def _left(view: View) -> float:
    return float(np.linalg.norm(view.box[:2] - view.cube[:2]))


class FetchRules(PickPlaceRules):
    """The same once the base has driven; its own motion moves all that the robot sees."""

    patience_ns = to_ns(2.0)

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._base = contract.indices(BASE)
        self._drives = False

    def view(self, state: Floats, environment: Floats) -> View:
        """Return the view of a state (J,) and an environment vector (7 * P,)."""
        self._drives = bool(np.abs(state[self._base]).max() > DRIVES)
        return super().view(state, environment)

    def moves(self, view: View) -> bool:
        """Return whether the cube is between the fingers, or the base drives."""
        return view.around or self._drives
