"""Where the scripted operator wants the tool next, for each task of the simulation."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from il_ros.teleop.scripted.stages import Stage, View
from il_ros.types import Floats
import numpy as np

CLEAR = 0.075          # tool height clear of the box's wall [m]
HOVER = 0.08           # tool above the cube before it goes down [m]
CARRY, RELEASE = 0.135, 0.062   # tool heights on the way with the cube, and above the box [m]
LEAST = 0.014          # lowest tool height [m]
BEHIND = 0.055         # of the tool behind a cube that it is about to push [m]
READY = 0.012          # so near to that place it goes down [m]
PUSH_HEIGHT = 0.025    # of the tool at least: lower, it presses the cube to the table [m]
PUSHED = 0.012         # of the cube from the centre of its zone: let it rest there [m]

SPEED = {Stage.APPROACH: 0.20, Stage.DESCEND: 0.11, Stage.GRASP: 0.06, Stage.LIFT: 0.15,
         Stage.CARRY: 0.19, Stage.LOWER: 0.11, Stage.RELEASE: 0.05, Stage.DONE: 0.15}
WANDER = {Stage.DESCEND: 0.4, Stage.GRASP: 0.15, Stage.RELEASE: 0.2}


@dataclass(frozen=True)
class Goal:
    """What the operator wants now.

    Attributes:
        position: Of the tool [m]. Shape (3,).
        yaw: Of the tool pointing down [rad].
        open: Gripper open or closed.
        speed: At most [m/s].
        wander: How much the hand wanders, as a share of its usual.
        busy: Whether this is no moment to rest.
    """

    position: Floats
    yaw: float
    open: bool
    speed: float
    wander: float = 1.0
    busy: bool = False


@dataclass(frozen=True)
class Habits:
    """What differs from one episode to the next: heights [m]."""

    hover: float
    carry: float
    release: float


def draw_habits(rng: np.random.Generator) -> Habits:
    """Return the habits of one episode."""
    return Habits(HOVER + rng.uniform(-0.015, 0.025), CARRY + rng.uniform(-0.01, 0.02),
                  RELEASE + rng.uniform(-0.006, 0.006))


def pick_place(view: View, habits: Habits) -> Goal:
    """Grasp the cube, carry it above the box, let go."""
    stage, cube, tool, box = view.stage, view.cube, view.tool, view.box
    yaw = view.yaw
    over_box = np.array([*(tool + box - cube)[:2], habits.carry])
    at = np.array([*tool[:2], habits.carry])
    if stage is Stage.APPROACH:
        yaw = view.grasp_yaw()
        at = _high_way(tool, cube + [0.0, 0.0, habits.hover], CLEAR - 0.02, CLEAR + 0.015)
    elif stage in (Stage.DESCEND, Stage.GRASP):
        yaw = view.grasp_yaw() if stage is Stage.DESCEND else yaw
        at = np.array([*cube[:2], max(cube[2], LEAST)])
    elif stage in (Stage.LIFT, Stage.CARRY):
        at = _high_way(tool, over_box, CARRY - 0.06, CARRY - 0.02)
    elif stage is Stage.LOWER:
        at = np.array([*over_box[:2], box[2] + habits.release])
    elif stage is Stage.RELEASE:
        at = np.array([*over_box[:2], max(tool[2], box[2] + habits.release)])
    is_open = stage in (Stage.APPROACH, Stage.DESCEND, Stage.RELEASE, Stage.DONE)
    return Goal(at, yaw, is_open, SPEED[stage], WANDER.get(stage, 1.0),
                busy=stage in (Stage.GRASP, Stage.RELEASE))


def reach(view: View, habits: Habits) -> Goal:
    """Bring the tool to the marker."""
    near = float(np.linalg.norm(view.cube - view.tool)) < 0.03
    return Goal(view.cube, 0.0, True, speed=0.08 if near else 0.2, wander=0.2 if near else 1.0)


def push(view: View, habits: Habits) -> Goal:
    """Go behind the cube, down, and push it into the zone with the closed fingers."""
    cube, tool = view.cube, view.tool
    if float(np.linalg.norm(view.box[:2] - cube[:2])) < PUSHED:
        return Goal(np.array([*tool[:2], habits.carry]), view.yaw, False, speed=0.15)
    if pushing(view):
        at = np.array([*(cube[:2] - 0.012 * _way(view)), max(cube[2], PUSH_HEIGHT)])
        return Goal(at, 0.0, False, speed=0.1, wander=0.3, busy=True)
    place = behind(view)
    ready = float(np.linalg.norm(tool[:2] - place)) < READY
    above = np.array([*place, cube[2] if ready else cube[2] + habits.hover])
    at = above if ready else _high_way(tool, above, CLEAR - 0.02, CLEAR + 0.01)
    return Goal(at, 0.0, False, speed=0.12 if ready else 0.2, wander=0.3 if ready else 1.0)


def behind(view: View) -> Floats:
    """Return the place behind the cube from which the tool pushes it [m]. Shape (2,)."""
    place: Floats = view.cube[:2] - BEHIND * _way(view)
    return place


def pushing(view: View) -> bool:
    """Return whether the tool is down behind the cube, in line with the zone."""
    along, aside = _frame(view.tool[:2] - view.cube[:2], _way(view))
    return along < -0.02 and abs(aside) < 0.012 and bool(view.tool[2] < 0.035)


GOALS: Mapping[str, Callable[[View, Habits], Goal]] = {
    'PickPlace': pick_place, 'Reach': reach, 'Push': push}


def _high_way(tool: Floats, goal: Floats, low: float, high: float) -> Floats:
    """Return a goal that goes up before it goes sideways, unless it is nearly there."""
    share = float(np.clip((tool[2] - low) / (high - low), 0.0, 1.0))
    apart = float(np.linalg.norm(goal[:2] - tool[:2]))
    share = max(share, 1.0 - apart / 0.02)
    return np.array([*(tool[:2] + share * (goal[:2] - tool[:2])), goal[2]])


def _way(view: View) -> Floats:
    left = view.box[:2] - view.cube[:2]
    way: Floats = left / max(float(np.linalg.norm(left)), 1e-9)
    return way


def _frame(point: Floats, way: Floats) -> tuple[float, float]:
    return float(point @ way), float(way[0] * point[1] - way[1] * point[0])
