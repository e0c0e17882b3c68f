"""The parts of a robot: its arms with their grippers, its base, joints of neither."""
from __future__ import annotations

from typing import NamedTuple

from il_ros.contract.arm import Gripper
from il_ros.contract.contract import Contract
import numpy as np

BASE, REST = 'base', 'other joints'


class Part(NamedTuple):
    """One part of a robot.

    Attributes:
        name: That of the arm; `BASE`, or `REST` for joints of no arm.
        columns: Of its joints, without the gripper.
        gripper: Column and joint of its gripper.
        tip: The link that its tool sits on.
    """

    name: str
    columns: list[int]
    gripper: tuple[int, Gripper] | None = None
    tip: str = ''

    @property
    def whole(self) -> list[int]:
        """Columns of its joints and of its gripper."""
        return [*self.columns, *([self.gripper[0]] if self.gripper else [])]


def parts_of(contract: Contract) -> list[Part]:
    """Return the arms in the contract's order, then a base, then joints of neither."""
    names = contract.joint_names
    parts = [Part(arm.name, contract.indices(arm.joints),
                  (names.index(arm.gripper.joint), arm.gripper) if arm.gripper else None, arm.tip)
             for arm in contract.arms]
    known = {column for part in parts for column in part.whole}
    for name, chosen in ((BASE, contract.is_velocity), (REST, ~contract.is_velocity)):
        if columns := [int(k) for k in np.flatnonzero(chosen) if k not in known]:
            parts.append(Part(name, columns))
    return parts
