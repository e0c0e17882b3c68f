"""Settings of a headset or phone; config/devices/xr.yaml has them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import OneOf, Range
from il_ros.errors import ConfigError
from il_ros.teleop.tool_follow import Following
from il_ros.teleop.xr.frames import HANDS

AXES = ('-z', '-x', 'y')       # the robot's x, y, z in WebXR, where x is right, y up, -z ahead
ONE_OF_HANDS = OneOf(HANDS)
PORT = Range(1, 65535)


@dataclass(frozen=True)
class XrSettings:
    """Settings of a headset or phone.

    Attributes:
        listen: Address of this machine that the page is served at; 0.0.0.0: all of them.
        port: Where.
        tls: Whether encrypted, as browsers demand of any but this machine.
        hand: Which moves a robot's only arm, and has the buttons for record and pause. Two arms
            go by both hands, the left one the first arm.
        scale: Way of the tool per way of the hand, 0.1 to 2.
        turn_scale: The same of turning, 0 to 2.
        yaw: Which way the operator faces, about the robot's z [rad].
    """

    listen: str = '127.0.0.1'
    port: Annotated[int, PORT] = 8443
    tls: bool = True
    hand: Annotated[str, ONE_OF_HANDS] = 'right'
    scale: float = 1.0
    turn_scale: float = 1.0
    yaw: float = 0.0

    def __post_init__(self) -> None:
        PORT.check('port', self.port)
        ONE_OF_HANDS.check('hand', self.hand)
        if not self.tls and self.listen != '127.0.0.1':
            raise ConfigError('tls: expected true, since whoever listens on the way would drive '
                              f'the robot; false only with listen: 127.0.0.1, got {self.listen}')
        _ = self.following

    @property
    def following(self) -> Following:
        """How a hand's motion becomes the tool's."""
        return Following(self.scale, self.turn_scale, self.yaw, AXES)
