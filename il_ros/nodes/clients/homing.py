"""homing: drives the arm to the contract's start pose as a device does, then leaves.

Run it with `python -m il_ros.nodes.clients.homing --ros-args -p robot:=sim_arm`. Its rows go
through arbiter and gate like a person's; other devices may stay connected while they are not
engaged.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import OneOf, Range
from il_ros.errors import ConfigError
from il_ros.nodes import shell
from il_ros.nodes.clients.motion import MotionNode
from il_ros.nodes.shared.planners import check_name, make_planner, PLANNERS
from il_ros.nodes.shared.robot import load_contract
from il_ros.planning.homing import Homing
from il_ros.timing import to_ns


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        planner: 'pinocchio', or 'moveit' where a MoveIt configuration is loaded.
        group: MoveIt's joint model group of the arm.
        timeout_s: Longest wait for joint states and the arbiter.
        speed: Robot time per steady time.
    """

    robot: str = 'sim_arm'
    planner: Annotated[str, OneOf(PLANNERS)] = 'pinocchio'
    group: str = 'manipulator'
    timeout_s: Annotated[float, Range(0.001, 3600.0)] = 5.0
    speed: Annotated[float, Range(0.001, 1000.0)] = 1.0

    def __post_init__(self) -> None:
        check_name(self.planner)
        for name in ('timeout_s', 'speed'):
            if (value := getattr(self, name)) <= 0:
                raise ConfigError(f'{name}: expected more than 0, got {value}')


class HomingNode(MotionNode):
    """Goes to the contract's start pose."""

    def __init__(self) -> None:
        super().__init__('homing')
        parameters = shell.declare(self, Parameters)
        contract = load_contract(self, parameters.robot)
        self.period_ns = round(contract.period_ns / parameters.speed)
        planner = make_planner(contract, parameters.planner, parameters.group)
        self.connect(Homing(contract, planner, to_ns(parameters.timeout_s)))


def _spin(node: HomingNode) -> None:
    shell.spin_on_grid(node, node.period_ns, node.tick)


def main() -> int:
    """Run the node."""
    return shell.main(HomingNode, _spin, first=True)


if __name__ == '__main__':
    raise SystemExit(main())
