"""Teleoperation with a gamepad, from sensor_msgs/Joy of the ROS package joy.

Axes and buttons are numbered as joy's `game_controller_node` does for every controller that SDL
knows (https://docs.ros.org/en/jazzy/p/joy); sticks are positive to the left and up.
"""
from __future__ import annotations

from enum import IntEnum

from il_ros.contract import Contract
from il_ros.teleop.device import Capture, DeviceContext, Intent, Pad
from il_ros.teleop.hand import Hand
from il_ros.teleop.jog import JointJog
from il_ros.timing import SECOND
from il_ros.types import Floats, Request
import numpy as np

SILENT_NS = SECOND // 2   # joy repeats itself 20 times a second
DEAD_ZONE = 0.1           # of a stick
SPEEDS = 9


class Axis(IntEnum):
    """Axes of `game_controller_node`."""

    LEFT_X = 0
    LEFT_Y = 1
    RIGHT_X = 2
    RIGHT_Y = 3


class Button(IntEnum):
    """Buttons of `game_controller_node`, by their names on an Xbox pad."""

    A = 0
    B = 1
    X = 2
    Y = 3
    BACK = 4
    START = 6
    LB = 9
    RB = 10
    UP = 11
    DOWN = 12
    LEFT = 13
    RIGHT = 14


REQUESTS = {Button.B: Request.PAUSE, Button.X: Request.REWIND}
CAPTURES = {Button.START: Capture.START, Button.Y: Capture.SUCCESS, Button.BACK: Capture.FAILURE}
SPEED_KEYS = {Button.UP: 1, Button.DOWN: -1}
JOINT_KEYS = {Button.LEFT: -1, Button.RIGHT: 1}


class Gamepad:
    """Sticks to joint targets while the right shoulder button, the dead-man switch, is held.

    Left stick: x and y. Right stick: z and yaw, with the left shoulder button pitch and roll.
    A gripper, B pause, X rewind, START record, Y success, BACK failure, up and down speed;
    left and right choose the joint of a robot without a URDF. Pausing and rewinding let go of the
    arm: press the dead-man switch anew.
    """

    name = 'gamepad'

    def __init__(self, contract: Contract) -> None:
        """Take the contract; the pad itself comes with `DeviceContext.pad`.

        Raises:
            ConfigError: The contract's URDF does not fit.
        """
        self._hand = Hand(contract)
        self._speed = 5
        self._before: tuple[int, ...] = ()
        self._engaged = self._let_go = False

    def read(self, context: DeviceContext) -> Intent | None:
        """Return what the pad says, None while none is heard; see `Device`."""
        dt_s, pad = self._hand.see(context.now_ns), context.pad
        if pad is None or context.now_ns - pad.heard_ns > SILENT_NS:
            return None
        pressed = [button for button in Button if _is(pad.buttons, button)
                   and not _is(self._before, button)]
        self._before = pad.buttons
        request = next((REQUESTS[b] for b in pressed if b in REQUESTS), Request.NONE)
        self._let_go |= request is not Request.NONE
        self._let_go &= _is(pad.buttons, Button.RB)
        engaged = _is(pad.buttons, Button.RB) and not self._let_go
        if engaged and not self._engaged:
            self._hand.take_up(context.state)
        self._engaged = engaged
        self._press(pressed)
        positions = (self._hand.move(context.state, self._velocity(pad), dt_s) if engaged
                     else context.state)
        return Intent(engaged, positions, request,
                      next((CAPTURES[b] for b in pressed if b in CAPTURES), None))

    def reset(self, seed: int) -> None:
        """Let go until the dead-man switch is pressed anew; the seed plays no part."""
        self._let_go, self._engaged = True, False

    def close(self) -> None:
        """Nothing to give back."""

    def _press(self, pressed: list[Button]) -> None:
        if Button.A in pressed:
            self._hand.closed = not self._hand.closed
        for button in pressed:
            self._speed = int(np.clip(self._speed + SPEED_KEYS.get(button, 0), 1, SPEEDS))
            if button in JOINT_KEYS and isinstance(self._hand.jog, JointJog):
                self._hand.jog.choose(self._hand.jog.joint + 1 + JOINT_KEYS[button])

    def _velocity(self, pad: Pad) -> Floats:
        """Return shares of full speed along x y z and about x y z. Shape (6,)."""
        left_x, left_y, right_x, right_y = (_stick(pad.axes, axis) for axis in Axis)
        if _is(pad.buttons, Button.LB):
            found = [left_y, left_x, 0.0, right_x, right_y, 0.0]
        else:
            found = [left_y, left_x, right_y, 0.0, 0.0, right_x]
        return np.array(found) * self._speed / SPEEDS


def _is(buttons: tuple[int, ...], button: Button) -> bool:
    return button < len(buttons) and buttons[button] != 0


def _stick(axes: tuple[float, ...], axis: Axis) -> float:
    """Return a stick's deflection from -1 to 1, 0 in the dead zone or where it is no number."""
    value = axes[axis] if axis < len(axes) and np.isfinite(axes[axis]) else 0.0
    beyond = np.clip(abs(value), DEAD_ZONE, 1.0) - DEAD_ZONE
    return float(np.sign(value) * beyond / (1 - DEAD_ZONE))
