"""Parameters of command_gate."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import OneOf, Range
from il_ros.errors import ConfigError
from il_ros.nodes.shared.planners import check_name, PLANNERS


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        armed: Arm as soon as the robot's joint states have come.
        watchdog_s: Longest steady time without an accepted command.
        speed: Robot time per steady time.
        required: Streams without which it does not arm: 'state', or 'all' of the contract.
        planner: Knows collisions: 'pinocchio', or 'moveit' for MoveIt's planning scene, too.
        group: MoveIt's joint model group of the arm.
    """

    robot: str = 'sim_arm'
    armed: bool = False
    watchdog_s: Annotated[float, Range(0.001, 10.0)] = 0.1
    speed: Annotated[float, Range(0.001, 1000.0)] = 1.0
    required: Annotated[str, OneOf(('state', 'all'))] = 'state'
    planner: Annotated[str, OneOf(PLANNERS)] = 'pinocchio'
    group: str = 'manipulator'

    def __post_init__(self) -> None:
        check_name(self.planner)
        if self.required not in ('state', 'all'):
            raise ConfigError(f"required: expected 'state' or 'all', got {self.required!r}")
        for name in ('watchdog_s', 'speed'):
            if (value := getattr(self, name)) <= 0:
                raise ConfigError(f'{name}: expected more than 0, got {value}')
