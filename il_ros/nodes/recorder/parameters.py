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
        task: Instruction text; when empty the next of `tasks`, or the contract's. May be changed
            between episodes.
        tasks: Instruction texts to go through, one per episode; one comes again until an episode
            of it was kept, and after the last the first. May be changed between episodes.
    """

    robot: str = 'sim_arm'
    output: str = 'bags'
    operator: Annotated[str, LIVE] = ''
    task: Annotated[str, LIVE] = ''
    tasks: Annotated[tuple[str, ...], LIVE] = ('',)
