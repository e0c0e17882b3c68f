"""The scripted operator of two arms: hands a cube over, or lifts a tray with both."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.sim.tasks.task import BOX_HALF
from il_ros.teleop.scripted.arm import DOWN, ScriptedArm, ToolGoal, turn_about_z
from il_ros.teleop.scripted.hands import ScriptedHands
from il_ros.teleop.scripted.pair_view import PairReader, Seen, Tool
from il_ros.teleop.scripted.stages import FINGER, FINGER_HALF, HELD
from il_ros.types import Floats
import numpy as np

TWISTED = 6.0                               # its arms reach across: nothing is contorted [rad]
MEETING = np.array([0.46, 0.0, 0.20])        # where the cube changes hands [m]
WAITING = MEETING + [0.11, 0.0, 0.0]        # of the taking tool until the cube is there [m]
# Of the taking tool: it points at the giving arm, one finger above the cube and one below.
ACROSS = np.array([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
DOWN_LEFT, DOWN_RIGHT = DOWN, turn_about_z(np.pi) @ DOWN
HOVER, CARRY, RELEASE = 0.09, 0.20, 0.064   # tool heights above cube and box [m]
DROPPED, BEYOND = 0.05, 0.56                # lower and further off it is the other arm's [m]
LIFT = 0.20                                 # of the tray [m]
HANDLE = np.array([0.18, 0.0, 0.006])       # in the tray's frame [m]
HELD_HANDLE = 0.016                         # the gripper is closed on a handle below [m]


@dataclass(frozen=True)
class Wish:
    """What one arm does next."""

    goal: ToolGoal
    open: bool


def hand_over(seen: Seen) -> tuple[Wish, Wish]:
    """Return what each arm does; the cube goes from the left to the right one and into the box."""
    left, right, cube = seen.left, seen.right, seen.item
    gives, takes = left.holds(cube), right.holds(cube)
    rest_left = Wish(_down([0.30, 0.18, 0.30], DOWN_LEFT), True)
    rest_right = Wish(ToolGoal(WAITING, ACROSS, 0.25), True)
    if takes and gives:
        return Wish(_still(left, DOWN_LEFT), True), Wish(_still(right, ACROSS), False)
    if takes:
        # The giver leaves upwards first: its fingers are around what the taker holds.
        away = left.at + [0.0, 0.0, 0.1] if left.around(cube) or (
            np.linalg.norm(left.at - cube) < 0.1) else None
        leaving = rest_left if away is None else Wish(ToolGoal(away, DOWN_LEFT, 0.2), True)
        if away is not None:
            return leaving, Wish(_still(right, ACROSS), False)
        return leaving, _deliver(seen)
    if gives:
        there = np.linalg.norm(cube - MEETING) < 0.012
        waiting = np.linalg.norm(right.at - WAITING) < 0.02
        giving = Wish(ToolGoal(MEETING + left.at - cube, DOWN_LEFT, 0.2, 0.2), False)
        if right.around(cube) and np.linalg.norm(right.at - cube) < 0.01:
            return giving, Wish(_still(right, ACROSS), False)
        if there and (waiting or right.at[0] < WAITING[0] - 0.01):
            return giving, Wish(ToolGoal(cube, ACROSS, 0.1, 0.1, busy=True), True)
        return giving, rest_right
    if seen.in_box(cube):
        up = right.at[2] < 0.12
        leaving = Wish(_down([*seen.box[:2], CARRY], DOWN_RIGHT), True)
        return rest_left, leaving if up else rest_right
    if cube[2] < DROPPED and cube[0] > BEYOND:
        return rest_left, _pick(right, cube, clear_yaw(seen), DOWN_RIGHT)
    return _pick(seen.left, cube, seen.yaw, DOWN_LEFT), rest_right


def clear_yaw(seen: Seen) -> float:
    """Return the yaw along the faces of the cube at which the fingers pass the box [rad]."""
    def cost(yaw: float) -> float:
        side = FINGER * np.array([-np.sin(yaw), np.cos(yaw), 0.0])
        blocked = any(np.abs(seen.beside(seen.item + end)).max() < BOX_HALF + FINGER_HALF
                      for end in (side, -side))
        return abs(yaw) + 10.0 * blocked
    return min((seen.yaw + turn for turn in (0.0, np.pi / 2, -np.pi / 2)), key=cost)


def lift_tray(seen: Seen) -> tuple[Wish, Wish]:
    """Return what each arm does: grasp a handle each, then lift together."""
    turned = turn_about_z(seen.yaw)
    wishes = []
    grasps = handles(seen)
    height = min(seen.item[2] + 0.03, LIFT)
    for (tool, at), down in zip(grasps, (DOWN_LEFT, DOWN_RIGHT), strict=True):
        if all(tool.holds(at, HELD_HANDLE) for tool, at in grasps):
            goal = ToolGoal(np.array([*at[:2], height]), turned @ down, 0.1, 0.1)
            wishes.append(Wish(goal, False))
        else:
            wishes.append(_pick(tool, at, seen.yaw, down, HELD_HANDLE))
    return wishes[0], wishes[1]


def handles(seen: Seen) -> tuple[tuple[Tool, Floats], tuple[Tool, Floats]]:
    """Return each tool with the handle that it is to grasp [m]. Shape (3,)."""
    turned = turn_about_z(seen.yaw)
    left, right = (seen.item + turned @ (HANDLE * [side, 1, 1]) for side in (-1, 1))
    return (seen.left, left), (seen.right, right)


DOES: dict[str, Callable[[Seen], tuple[Wish, Wish]]] = {
    'HandOver': hand_over, 'LiftTray': lift_tray}


class PairOperator(ScriptedHands):
    """The person at the two simulated arms; see `ScriptedHands`.

    Args:
        contract: The robot; needs two arms with grippers and the poses of the simulation.
        seed: Decides how the hands move.
        task: HandOver or LiftTray.

    Raises:
        ConfigError: The contract lacks something, or there is no such task.
    """

    def __init__(self, contract: Contract, seed: int, task: str = 'HandOver') -> None:
        if task not in DOES:
            raise ConfigError(f'the scripted operator of two arms knows no task {task!r}; '
                              f'{nearest(task, list(DOES))}')
        self._does = DOES[task]
        self._reader = PairReader(contract)
        self._grippers = list(contract.grippers.items())
        super().__init__([ScriptedArm(contract, arm, TWISTED) for arm in contract.arms], seed)

    def _targets(self, state: Floats, environment: Floats, dt: float, now_ns: int,
                 following: bool) -> Floats:
        wishes = self._does(self._reader.view(state, environment))
        target = state.copy()
        for arm, wish, (column, gripper) in zip(self._arms, wishes, self._grippers, strict=True):
            target[arm.columns] = arm.move(state[arm.columns], wish.goal, dt, now_ns)
            if following or not wish.open:
                target[column] = gripper.open if wish.open else gripper.closed
        return target


def _pick(tool: Tool, at: Floats, yaw: float, down: Floats, closed: float = HELD) -> Wish:
    """Hover above what is to be grasped, go down, close."""
    turned = turn_about_z(yaw) @ down
    aside = float(np.linalg.norm(tool.at[:2] - at[:2]))
    if tool.around(at) and abs(tool.at[2] - at[2]) < 0.010 and aside < 0.010:
        return Wish(_still(tool, turned), False)
    aligned = np.trace(turned.T @ tool.turned) > 2.95
    if aside < 0.012 and aligned and tool.opening > 1.6 * closed:
        return Wish(ToolGoal(np.array([*at[:2], max(at[2], 0.014)]), turned, 0.1, 0.3), True)
    return Wish(ToolGoal(np.array([*at[:2], at[2] + HOVER]), turned, 0.2), True)


def _deliver(seen: Seen) -> Wish:
    """Carry the cube above the box with the right arm, lower it, let go."""
    over = seen.right.at + seen.box - seen.item
    aside = float(np.linalg.norm((seen.box - seen.item)[:2]))
    upright = np.trace(DOWN_RIGHT.T @ seen.right.turned) > 2.9
    if aside > 0.03 or not upright:
        height = CARRY if upright else MEETING[2]
        goal = np.array([*(over[:2] if upright else [0.68, seen.right.at[1]]), height])
        return Wish(ToolGoal(goal, DOWN_RIGHT, 0.2), False)
    low = seen.item[2] - seen.box[2] < RELEASE + 0.012
    return Wish(ToolGoal(np.array([*over[:2], seen.box[2] + RELEASE]), DOWN_RIGHT, 0.11, 0.2,
                         busy=True), bool(low))


def _down(at: list[float], down: Floats) -> ToolGoal:
    return ToolGoal(np.array(at), down, 0.25)


def _still(tool: Tool, turned: Floats) -> ToolGoal:
    return ToolGoal(tool.at, turned, 0.05, 0.0, busy=True)
