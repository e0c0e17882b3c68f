"""ROS parameters of help_gate."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import OneOf, Range
from il_ros.errors import ConfigError


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        checkpoint: Folder of the policy, with the gate that `il_ros train --gate` put there;
            another once policy/checkpoint names it.
        gate: 'ensemble', 'safe', 'lazy' or 'thrifty'.
        lasting_s: How long a gate has to ask before a request is made.
        chi: Doubt above which 'ensemble' asks; 0 takes the learnt one.
    """

    robot: str = 'sim_arm'
    checkpoint: str = ''
    gate: Annotated[str, OneOf(('ensemble', 'safe', 'lazy', 'thrifty'))] = 'ensemble'
    lasting_s: Annotated[float, Range(0.0, 60.0)] = 0.2
    chi: Annotated[float, Range(0.0, 1e6)] = 0.0

    def __post_init__(self) -> None:
        if not self.checkpoint:
            raise ConfigError('checkpoint: expected the folder of a policy with a gate; see '
                              'il_ros train --gate')
        if min(self.lasting_s, self.chi) < 0:
            raise ConfigError(f'lasting_s {self.lasting_s}, chi {self.chi}: expected 0 or more')
