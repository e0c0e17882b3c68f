"""Boxes around a robot: where its tool may go, and what its links must not touch."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.errors import ConfigError


@dataclass(frozen=True)
class Box:
    """A box in the frame of the URDF's root.

    Attributes:
        lower: Smallest x, y, z [m].
        upper: Largest x, y, z [m].
    """

    lower: tuple[float, float, float]
    upper: tuple[float, float, float]

    def __post_init__(self) -> None:
        if not all(a < b for a, b in zip(self.lower, self.upper, strict=True)):
            raise ConfigError(f'box: expected lower < upper in x, y and z, got '
                              f'{list(self.lower)} and {list(self.upper)}')


@dataclass(frozen=True)
class Obstacle(Box):
    """Something that stands around the robot.

    Attributes:
        name: What it is, for people.
        may_touch: Links of the URDF that are not held away from it, as fingers from a table.
    """

    name: str = ''
    may_touch: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.name:
            raise ConfigError('obstacle: missing name')


@dataclass(frozen=True)
class Scene:
    """What the arm is kept from touching: itself, and these boxes.

    Attributes:
        obstacles: Boxes, whatever moves not included.
        may_meet: Links that are not held away from each other, as the fingers of two grippers.
        margin: Least distance [m]; links that are nearer to each other in the contract's start
            pose may come together until they touch.
    """

    obstacles: tuple[Obstacle, ...] = ()
    margin: float = 0.01
    may_meet: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        names = [obstacle.name for obstacle in self.obstacles]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ConfigError(f'obstacle {sorted(twice)[0]!r} stands twice')
        if not self.margin >= 0:
            raise ConfigError(f'margin: expected 0 or more, got {self.margin}')
