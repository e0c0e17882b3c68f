"""What the scripted supervisor knows of the tasks of two arms; see `scripted_rules`."""
from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from il_ros.contract import Contract
from il_ros.teleop.scripted.arm import turn_about_z
from il_ros.teleop.scripted.pair import (
    ACROSS,
    BEYOND,
    clear_yaw,
    DOWN_LEFT,
    DOWN_RIGHT,
    handles,
    HELD_HANDLE,
    LIFT,
    MEETING,
)
from il_ros.teleop.scripted.pair_view import PairReader, Seen, Tool
from il_ros.teleop.scripted.rules import EMPTY, out_of_place
from il_ros.teleop.scripted.stages import HELD, OPEN
from il_ros.timing import to_ns
from il_ros.types import Floats
import numpy as np

RIGHT_BASE = np.array([1.0, 0.0, 0.0])   # of the right arm [m]
CLEAR = 0.07         # of the object's centre above the table, lifted clear [m]
THERE = 0.03         # of the cube from where it changes hands [m]
NEAR = 0.1           # of the giving tool from the cube until it has left [m]
TURN = 0.1           # what a turn counts for [m/rad]
ABOVE = 0.12         # of the cube above the table: the other arm carries it, or lets it go [m]


class Handing(IntEnum):
    """How far handing over is."""

    APPROACH = 0
    GRASP = 1
    LIFT = 2
    GIVE = 3
    TAKE = 4
    PART = 5
    CARRY = 6
    LOWER = 7
    DONE = 8


class Lifting(IntEnum):
    """How far lifting the tray is."""

    GRASP = 0
    LIFT = 1
    DONE = 2


class PairRules:
    """What the tasks of two arms share."""

    patience_ns = to_ns(2.0)
    names: Mapping[int, str] = {}

    def __init__(self, contract: Contract) -> None:
        self._reader = PairReader(contract)
        self.reset()

    def reset(self) -> None:
        """Nothing is held."""
        self._held = False

    def view(self, state: Floats, environment: Floats) -> Seen:
        """Return the view of a state (J,) and an environment vector (7 * P,)."""
        return self._reader.view(state, environment)

    def astray(self, view: Seen) -> str:
        """Return which tool is at the table or far off."""
        return (out_of_place(view.left.at, 'the left tool')
                or out_of_place(view.right.at - RIGHT_BASE, 'the right tool'))

    def item(self, view: Seen) -> Floats:
        """Return where the object is."""
        return view.item


class HandOverRules(PairRules):
    """A grasp is done once the cube is given, taking it once the giver has left."""

    done = Handing.DONE

    def stage(self, view: Seen) -> Handing:
        """Return how far the cube is on its way into the box."""
        left, right, cube = view.left, view.right, view.item
        over = float(np.linalg.norm((cube - view.box)[:2]))
        if right.holds(cube):
            if left.around(cube) or np.linalg.norm(left.at - cube) < NEAR:
                return Handing.PART
            if over < 0.04 and _turn(DOWN_RIGHT, right) < 0.5:
                return Handing.LOWER
            return Handing.CARRY
        if view.in_box(cube):
            return Handing.DONE
        if left.holds(cube):
            if cube[2] < CLEAR:
                return Handing.LIFT
            there = np.linalg.norm(cube - MEETING) < THERE
            return Handing.TAKE if there else Handing.GIVE
        if right.around(cube) and over < 0.05 and cube[2] - view.box[2] < ABOVE:
            return Handing.LOWER
        return Handing.GRASP if _taker(view).around(cube) else Handing.APPROACH

    def distance(self, view: Seen) -> float:
        """Return what is left of the stage."""
        stage, left, right, cube = self.stage(view), view.left, view.right, view.item
        if stage is Handing.APPROACH:
            tool = _taker(view)
            yaw, down = ((view.yaw, DOWN_LEFT) if tool is view.left
                         else (clear_yaw(view), DOWN_RIGHT))
            turned = _turn(turn_about_z(yaw) @ down, tool)
            return _apart(tool.at, cube) + TURN * turned + max(OPEN - tool.opening, 0.0)
        if stage is Handing.GRASP:
            return _taker(view).opening
        if stage is Handing.LIFT:
            return CLEAR - float(cube[2])
        if stage is Handing.GIVE:
            return _apart(cube, MEETING)
        if stage is Handing.TAKE:
            return _apart(right.at, cube) + TURN * _turn(ACROSS, right) + right.opening - HELD
        if stage is Handing.PART:
            return 2 * NEAR - _apart(left.at, cube) - left.opening
        if stage is Handing.CARRY:
            return _apart(cube[:2], view.box[:2]) + TURN * _turn(DOWN_RIGHT, right)
        return float(cube[2] - view.box[2]) - right.opening if stage is Handing.LOWER else 0.0

    def mistake(self, view: Seen, stage: IntEnum) -> str:
        """Return whether the cube was dropped or missed."""
        tools = {'left': view.left, 'right': view.right}
        if stage in (Handing.LOWER, Handing.DONE):
            self._held = False
        elif stage >= Handing.GIVE:
            self._held = True
        elif self._held and not self.moves(view):
            return 'dropped the cube'
        for name, tool in tools.items():
            if tool.opening < EMPTY and not tool.around(view.item):
                return f'closed the {name} gripper without the cube'
        return ''

    def moves(self, view: Seen) -> bool:
        """Return whether the cube is between the fingers of either arm."""
        return view.left.around(view.item) or view.right.around(view.item)

    def recovered(self, failed: IntEnum, stage: IntEnum) -> bool:
        """Return whether the failed step is done."""
        if failed <= Handing.LIFT:
            return stage >= Handing.GIVE
        if failed <= Handing.PART:
            return stage >= Handing.CARRY
        return stage >= Handing.LOWER if failed is Handing.CARRY else stage is Handing.DONE


class LiftTrayRules(PairRules):
    """Grasping is done once both hold, lifting once the tray is up."""

    done = Lifting.DONE
    names: Mapping[int, str] = {Lifting.GRASP: 'grasp the tray', Lifting.LIFT: 'lift the tray'}

    def stage(self, view: Seen) -> Lifting:
        """Return how far lifting the tray is."""
        if not all(tool.holds(at, HELD_HANDLE) for tool, at in handles(view)):
            return Lifting.GRASP
        return Lifting.DONE if view.item[2] > LIFT - 0.02 else Lifting.LIFT

    def distance(self, view: Seen) -> float:
        """Return what is left of the stage."""
        if self.stage(view) is not Lifting.GRASP:
            return LIFT - float(view.item[2])
        return sum(0.0 if tool.holds(at, HELD_HANDLE) else
                   tool.opening if tool.around(at) else
                   _apart(tool.at, at) + OPEN + max(OPEN - tool.opening, 0.0)
                   for tool, at in handles(view))

    def mistake(self, view: Seen, stage: IntEnum) -> str:
        """Return whether the tray was dropped, or a handle missed."""
        if stage is not Lifting.GRASP:
            self._held = True
        elif self._held and not self.moves(view):
            return 'dropped the tray'
        for name, (tool, at) in zip(('left', 'right'), handles(view), strict=True):
            if tool.opening < EMPTY / 2 and not tool.around(at):
                return f'closed the {name} gripper without its handle'
        return ''

    def moves(self, view: Seen) -> bool:
        """Return whether a handle is between the fingers of its arm."""
        return any(tool.around(at) for tool, at in handles(view))

    def recovered(self, failed: IntEnum, stage: IntEnum) -> bool:
        """Return whether the failed step is done."""
        return stage > failed


def _taker(view: Seen) -> Tool:
    """Return whose turn it is to grasp a cube that nobody holds."""
    return view.right if view.item[0] > BEYOND else view.left


def _apart(one: Floats, other: Floats) -> float:
    return float(np.linalg.norm(one - other))


def _turn(wanted: Floats, tool: Tool) -> float:
    """Return the angle between a rotation and a tool's [rad]."""
    cosine = (np.trace(wanted.T @ tool.turned) - 1.0) / 2.0
    return float(np.arccos(np.clip(cosine, -1.0, 1.0)))
