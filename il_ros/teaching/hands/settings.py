"""`hand.yaml`: the camera, and how the hand stands for the tool."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from il_ros.config import build, OneOf, parse_yaml, positive, Range, read_text
from il_ros.errors import ConfigError
from il_ros.teaching.hands.similarity import Similarity
from il_ros.teleop.tool_follow import Following
from il_ros.types import Floats
import numpy as np
import pinocchio as pin

HANDS = OneOf(('right', 'left'))
TILT, SCORE = Range(-np.pi / 2, np.pi / 2), Range(0.0, 1.0)
LEVEL = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])   # optical to x ahead


@dataclass(frozen=True)
class Lens:
    """A camera without distortion.

    Attributes:
        fx: Focal lengths [pixels].
        fy: See `fx`.
        cx: Where its axis meets the picture [pixels].
        cy: See `cx`.
    """

    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        positive(fx=self.fx, fy=self.fy)

    def rays(self, pixels: Floats) -> Floats:
        """Return the points one metre ahead that are seen there. (..., 2) to (..., 3)."""
        seen: Floats = np.stack([(pixels[..., 0] - self.cx) / self.fx,
                                 (pixels[..., 1] - self.cy) / self.fy,
                                 np.ones(pixels.shape[:-1])], axis=-1)
        return seen


@dataclass(frozen=True)
class SecondView:
    """Another camera, as stereo calibration says it: its point = rotation * first's + translation.

    Attributes:
        lens: The camera.
        rotation: Nine numbers, row by row.
        translation: [m].
    """

    lens: Lens
    rotation: tuple[float, ...]
    translation: tuple[float, float, float]

    def __post_init__(self) -> None:
        if len(self.rotation) != 9 or not np.allclose(self.turn @ self.turn.T, np.eye(3),
                                                      atol=1e-3) or np.linalg.det(self.turn) < 0:
            raise ConfigError('rotation: expected the nine numbers of a rotation matrix, row by '
                              f'row, got {list(self.rotation)}')

    @property
    def turn(self) -> Floats:
        """The rotation. Shape (3, 3)."""
        return np.reshape(self.rotation, (3, 3))


@dataclass(frozen=True)
class Plane:
    """Where the middle of the palm moves: normal * point = distance, in the camera's axes.

    Attributes:
        normal: Of any length but 0.
        distance: From the camera along the normal [m].
    """

    normal: tuple[float, float, float]
    distance: float

    def __post_init__(self) -> None:
        if not np.linalg.norm(self.normal) > 0:
            raise ConfigError('normal: expected a direction, got zeros')


@dataclass(frozen=True)
class HandSettings:
    """How a video was taken, and how the hand stands for the tool.

    The palm's axes: x along the fingers, z out of the back of the hand, y to the left of a hand
    that lies palm down (a right hand's thumb).

    Attributes:
        camera: The (first) camera.
        tilt: How far it looks down from level [rad].
        roll: How far it is turned clockwise about its axis [rad].
        hand: `right` or `left`.
        axes: What the tool's x, y and z are in the palm, each as x, -x, y, -y, z, -z.
        reach: From the middle of the palm along the fingers to what stands for the tip [m].
        min_score: Below it a picture does not count.
        second: The second camera, whose pixels are `pixels_2`.
        plane: Where the palm moves, if it moves in a plane.
        similarity: How the path is brought to the robot; searched where it is not given.
    """

    camera: Lens
    tilt: Annotated[float, TILT] = 0.0
    roll: float = 0.0
    hand: Annotated[str, HANDS] = 'right'
    axes: tuple[str, ...] = ('-z', 'y', 'x')
    reach: float = 0.1
    min_score: Annotated[float, SCORE] = 0.5
    second: SecondView | None = None
    plane: Plane | None = None
    similarity: Similarity | None = None

    def __post_init__(self) -> None:
        TILT.check('tilt', self.tilt)
        HANDS.check('hand', self.hand)
        SCORE.check('min_score', self.min_score)
        self.to_tool()

    @staticmethod
    def load(path: Path) -> HandSettings:
        """Read the file.

        Raises:
            ConfigError: It is wrong; the text names the key.
        """
        return build(HandSettings, parse_yaml(read_text(path), str(path)), str(path))

    def to_tool(self) -> Floats:
        """Return the rotation from the palm's axes to the tool's. Shape (3, 3)."""
        return Following(axes=self.axes).to_robot()

    def to_world(self) -> Floats:
        """Return the rotation from the camera's axes to x ahead, y left, z up. Shape (3, 3)."""
        tilted: Floats = (pin.exp3(np.array([0.0, self.tilt, 0.0])) @ LEVEL
                          @ pin.exp3(np.array([0.0, 0.0, self.roll])))
        return tilted
