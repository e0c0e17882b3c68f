"""The space in which a policy says what to do: names, and what a row of its chunk holds.

A row has the tools first, then all other columns of the contract in their order:

- 9 values per arm that is told by its tool, in the order of the contract's arms: position [m],
  then the first two columns of the rotation matrix, which, unlike angles and quaternions, are
  continuous (Zhou et al. 2019, arXiv:1812.07035);
- the joints of the other arms, grippers, bases. Where no arm is told by its tool that is the
  contract's own order.

Grippers are absolute and the columns of a base velocities in every space. What networks learn of
joints that turn without end is relative in every space: their absolute angle leaps.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from il_ros.config import nearest
from il_ros.contract import Arm, Contract
from il_ros.errors import ConfigError
from il_ros.types import Floats
import numpy as np

JOINT_POSITION, JOINT_DELTA = 'joint_position', 'joint_delta'
TOOL_POSE, TOOL_DELTA, VELOCITY = 'tool_pose', 'tool_delta', 'velocity'
OF_ARMS = (JOINT_POSITION, JOINT_DELTA, TOOL_POSE, TOOL_DELTA)
SPACES = (*OF_ARMS, VELOCITY)
OF_TOOLS = (TOOL_POSE, TOOL_DELTA)
BASE = 'base'                     # how a mapping names the columns that are velocities
CHUNK, ROW = REFERENCES = ('chunk', 'row')
ROOT, TOOL = AXES = ('root', 'tool')
ROTATIONS = {'6d': 6, 'vector': 3, 'quaternion': 4}  # values of each
Setting = str | Mapping[str, str]


@dataclass(frozen=True)
class ActionSpace:
    """What the values of a row are, on one robot.

    Attributes:
        contract: The robot.
        arms: The space of each arm, by its name.
        relative: The other joints are relative, too, as arms in `joint_delta` are.
        delta_from: What deltas are counted from: the measured pose as the chunk begins ('chunk'),
            or the row before, the first from the measured pose ('row').
        delta_axes: Along which axes a tool's delta is: the root's, or the tool's own ('tool').
        rotation: How a rotation is written: '6d', a rotation 'vector' [rad], or a 'quaternion'
            x y z w.
        turns: Joints that turn without end are relative in every space.
        lenient: A pose out of reach is approached, not refused, as `tool_actions` always did.
    """

    contract: Contract
    arms: Mapping[str, str]
    relative: bool = False
    delta_from: str = CHUNK
    delta_axes: str = ROOT
    rotation: str = '6d'
    turns: bool = True
    lenient: bool = False

    @staticmethod
    def of(setting: Setting, contract: Contract, *, delta_from: str | None = None,
           delta_axes: str | None = None, rotation: str = '6d', turns: bool = True,
           lenient: bool = False) -> ActionSpace:
        """Return the space that a setting names: one for all arms, or one for each.

        Raises:
            ConfigError: An arm is unknown or has none, or a tool that is to be moved has no tip.
        """
        found = ActionSpace(contract, _of_arms(setting, contract), setting == JOINT_DELTA,
                            delta_from or CHUNK, delta_axes or ROOT, rotation, turns, lenient)
        require_tips(contract, found.tools)
        return found

    @property
    def tools(self) -> tuple[Arm, ...]:
        """The arms that are told by their tools."""
        return tuple(arm for arm in self.contract.arms if self.arms[arm.name] in OF_TOOLS)

    @property
    def others(self) -> list[int]:
        """The columns that move none of these tools."""
        moved = {name for arm in self.tools for name in arm.joints}
        return [i for i, name in enumerate(self.contract.joint_names) if name not in moved]

    @property
    def size(self) -> int:
        """Values of a row."""
        return len(self.tools) * (3 + ROTATIONS[self.rotation]) + len(self.others)

    @property
    def mask(self) -> Floats:
        """1 for columns that are relative to their measured position, else 0. Shape (J,)."""
        contract = self.contract
        of_arm = {name: self.arms[arm.name] for arm in contract.arms for name in arm.joints}
        relative = np.array([of_arm.get(name, JOINT_DELTA if self.relative else '') == JOINT_DELTA
                             for name in contract.joint_names])
        if self.turns:
            relative |= contract.continuous
        return (relative & ~contract.is_gripper & ~contract.is_velocity).astype(float)


def check_names(setting: Setting | None, delta_from: str | None, delta_axes: str | None) -> None:
    """Check what needs no robot to be seen.

    Raises:
        ConfigError: A name is unknown, or deltas are described and there are none.
    """
    named = [setting] if isinstance(setting, str) else list((setting or {}).values())
    for name in named:
        _one_of(name, SPACES, 'action_space')
    for key, value, valid in (('delta_from', delta_from, REFERENCES),
                              ('delta_axes', delta_axes, AXES)):
        if value is not None:
            _one_of(value, valid, key)
            wanted = (TOOL_DELTA,) if key == 'delta_axes' else (TOOL_DELTA, JOINT_DELTA)
            if not {*wanted} & {*named}:
                raise ConfigError(f'{key}: says how deltas are counted; expected action_space: '
                                  f'{" or ".join(wanted)}, got {setting or "none"}')


def require_tips(contract: Contract, arms: tuple[Arm, ...]) -> None:
    """Check that a robot says where the tools of these arms are.

    Raises:
        ConfigError: It does not; the text names the arm and what to write.
    """
    for arm in arms:
        missing = [key for key, value in (('urdf', contract.urdf), ('tip', arm.tip)) if not value]
        if missing:
            raise ConfigError(
                f'action_space: arm {arm.name!r} of robot {contract.robot!r} is to be told where '
                f'its tool goes, and the contract names no {" and no ".join(missing)}: name '
                f'{"it" if len(missing) == 1 else "them"} there, or write action_space: '
                f'{JOINT_POSITION}{f" for {arm.name}" if len(contract.arms) > 1 else ""} in a '
                'copy of the settings')


def _of_arms(setting: Setting, contract: Contract) -> dict[str, str]:
    names = [arm.name for arm in contract.arms]
    based = bool(contract.is_velocity.any())
    if isinstance(setting, str):
        if setting == VELOCITY and names:
            raise ConfigError(f'action_space velocity: is that of a base; arm {names[0]!r} of '
                              f'robot {contract.robot!r} takes {", ".join(OF_ARMS)}')
        return dict.fromkeys(names, setting)
    base = [BASE] if based and BASE not in names else []
    for name, space in setting.items():
        if name not in (*names, *base):
            raise ConfigError(f'action_space: robot {contract.robot!r} has no arm {name!r}; '
                              f'{nearest(name, [*names, *base])}')
        if (name in base) != (space == VELOCITY):
            raise ConfigError(f'action_space: {name}: expected '
                              f'{VELOCITY if name in base else " or ".join(OF_ARMS)}, '
                              f'got {space}')
    if missing := [name for name in names if name not in setting]:
        raise ConfigError(f'action_space: says nothing of arm {missing[0]!r}; expected one of '
                          f'{", ".join(OF_ARMS)} for each of {", ".join(names)}')
    return {name: setting[name] for name in names}


def _one_of(value: str, valid: tuple[str, ...], what: str) -> None:
    if value not in valid:
        raise ConfigError(f'{what} {value!r}: {nearest(value, list(valid))}')
