"""ROS parameters of teleop_capture."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import LIVE


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or path of the contract.
        output: Folder of the episodes.
        operator: Who teaches, for the metadata; may be changed between episodes.
        task: Instruction text; the contract's when empty. May be changed between episodes.
    """

    robot: str = 'sim_arm'
    output: str = 'bags'
    operator: Annotated[str, LIVE] = ''
    task: Annotated[str, LIVE] = ''
