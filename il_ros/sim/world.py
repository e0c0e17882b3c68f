"""The robots of the simulation, each before its table, and how their models name things."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class World:
    """One robot at its table.

    Attributes:
        robot: The contract made for it, and the file of its MuJoCo model.
        arms: Prefix of each arm's joints, sites and geoms in the model.
        tools: The site of each arm's tool by the name of its pose.
        base: Whether it drives: joints base_x and base_yaw of a contract are its velocities.
    """

    robot: str
    arms: tuple[str, ...] = ('',)
    tools: Mapping[str, str] = field(default_factory=lambda: {'end_effector': 'tool'})
    base: bool = False

    @property
    def poses(self) -> list[str]:
        """The names of all poses that the simulation reports."""
        return ['cube', 'box', *self.tools]


TABLE = World('sim_arm')
PAIR = World('sim_two_arms', ('left_', 'right_'),
             {'left_tool': 'left_tool', 'right_tool': 'right_tool'})
MOBILE = World('sim_mobile', ('arm_',), {'end_effector': 'arm_tool'}, base=True)
