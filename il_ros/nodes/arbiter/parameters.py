"""ROS parameters of the arbiter."""
from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

from il_ros.config import OneOf, Range
from il_ros.errors import ConfigError
from il_ros.intervention.settings import Settings


@dataclass(frozen=True)
class Parameters(Settings):
    """ROS parameters; those of `Settings` and these.

    Attributes:
        robot: Name or file of the contract.
        mode: 'teleop', 'autonomous' or 'paused' (autonomy after dagger/resume).
        speed: Robot time per steady time.
        corrections: Folder for one JSON file per correction; '' for none.
    """

    robot: str = 'sim_arm'
    mode: Annotated[str, OneOf(('teleop', 'autonomous', 'paused'))] = 'teleop'
    speed: Annotated[float, Range(0.001, 1000.0)] = 1.0
    corrections: str = ''

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode.upper() not in (modes := ('TELEOP', 'AUTONOMOUS', 'PAUSED')):
            valid = ', '.join(modes).lower()
            raise ConfigError(f'mode: expected one of {valid}, got {self.mode!r}')
        if self.speed <= 0:
            raise ConfigError(f'speed: expected above 0, got {self.speed}')

    @property
    def settings(self) -> Settings:
        """What the arbiter itself needs."""
        return Settings(**{field.name: getattr(self, field.name) for field in fields(Settings)})
