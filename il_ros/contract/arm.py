"""One arm of the robot: a chain of joints, its tool and its gripper."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.config import path_name
from il_ros.contract.checks import unique
from il_ros.contract.command import CommandInterface
from il_ros.errors import ConfigError
from il_ros.scene import Box


@dataclass(frozen=True)
class Gripper:
    """The joint that opens and closes a gripper.

    Attributes:
        joint: Its name among the contract's joints.
        open: Joint position when open.
        closed: Joint position when closed on nothing.
        command: Where its command goes, in the contract's short form; with the arm's joints when
            None.
    """

    joint: str
    open: float
    closed: float
    command: CommandInterface | None = None


@dataclass(frozen=True)
class Arm:
    """One arm.

    Attributes:
        name: What people call it; part of names in datasets.
        joints: Its joints without the gripper's, from the root to the tip.
        tip: Link of the URDF that the tool sits on.
        gripper: None where it has none.
        workspace: Where the gate lets the tip go; everywhere when None.
    """

    name: str
    joints: tuple[str, ...]
    tip: str = ''
    gripper: Gripper | None = None
    workspace: Box | None = None

    def __post_init__(self) -> None:
        path_name(self.name, 'arm')
        if not self.joints:
            raise ConfigError(f'arm {self.name!r}: joints: expected at least one')
        unique(self.all_joints, f'arm {self.name!r}: joint')
        if self.workspace and not self.tip:
            raise ConfigError(f'arm {self.name!r}: workspace: needs tip, to know where '
                              'the tool is')

    @property
    def all_joints(self) -> tuple[str, ...]:
        """Its joints, the gripper's last."""
        return (*self.joints, *([self.gripper.joint] if self.gripper else []))
