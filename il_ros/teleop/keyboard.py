"""Teleoperation from the keys of a terminal."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.teleop.device import Capture, DeviceContext, Intent
from il_ros.teleop.jog import Jog, JointJog
from il_ros.teleop.terminal import Terminal
from il_ros.timing import MILLISECOND, to_s
from il_ros.types import Floats, Mode, Request
import numpy as np

MOVES = {'w': (0, 1), 's': (0, -1), 'a': (1, 1), 'd': (1, -1), 'r': (2, 1), 'f': (2, -1),
         'q': (5, 1), 'e': (5, -1), 'i': (4, 1), 'k': (4, -1), 'j': (3, -1), 'l': (3, 1)}
CAPTURES = {'c': Capture.START, 'y': Capture.SUCCESS, 'n': Capture.FAILURE, 'x': Capture.DISCARD}
SPEEDS = 9
HELD = 0.25          # share of the gripper's range from open that may mean a held object
PRESS_NS = 120 * MILLISECOND   # a terminal tells presses, not releases: how long one counts
MAX_STEP_NS = 100 * MILLISECOND
HELP = ('{axes}\r\nspace gripper   1-9 speed ({speed_keys})   t or Tab take over / hand back   '
        'p pause\r\nc start recording   y stop: success   n stop: failure   x discard   '
        'Ctrl-C end')


class Keyboard:
    """Keys to joint targets; `t` takes the dead-man switch in hand and lets go of it.

    In plain teleoperation a moving key takes it in hand too. Whoever took over and then does
    nothing keeps the arm where it is: letting go is a decision, not a pause for thought.
    """

    name = 'keyboard'

    def __init__(self, contract: Contract, terminal: Terminal | None = None) -> None:
        """Take the terminal.

        Raises:
            ConfigError: There is no terminal, or the contract's URDF does not fit.
        """
        self._contract = contract
        self._arm = [i for i in range(len(contract.joints)) if i != contract.gripper_index]
        self._jog = _make_jog(contract)
        self._terminal = terminal or Terminal()
        self._speed = 5
        self._engaged = False
        self._closed = False
        self._velocity = np.zeros(6)
        self._until_ns = np.zeros(6, dtype=np.int64)
        self._last_ns = 0
        self._terminal.say(HELP.format(axes=self._jog.axes, speed_keys='- and +' if isinstance(
            self._jog, JointJog) else 'also - and +'))

    def read(self, context: DeviceContext) -> Intent:
        """Return what the keys say; see `Device`."""
        request, capture = Request.NONE, None
        for key in self._terminal.typed():
            request = self._press(key, context) or request
            capture = CAPTURES.get(key, capture)
        positions = self._drive(context) if self._engaged else context.state
        self._last_ns = context.now_ns
        self._terminal.show(
            f'{context.mode.name.lower():<11} {"DRIVING" if self._engaged else "released":<9} '
            f'speed {self._speed}/{SPEEDS}   gripper {"closed" if self._closed else "open"}')
        return Intent(self._engaged, positions, request, capture)

    def reset(self, seed: int) -> None:
        """Let go; the seed plays no part."""
        self._engaged = False

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._terminal.close()

    def _press(self, key: str, context: DeviceContext) -> Request:
        if key in MOVES or key == ' ':
            if context.mode is Mode.TELEOP:
                self._engage(context)
            self._move(key, context.now_ns)
        elif key in 't\t' and not self._engaged:
            self._engage(context)
            return Request.TAKE_OVER
        elif key in 't\t':
            self._engaged = False
            return Request.HAND_BACK
        elif key == 'p':
            self._engaged = False
            return Request.PAUSE
        elif key.isdigit() and isinstance(self._jog, JointJog):
            self._jog.choose(int(key))
        elif key.isdigit():
            self._speed = max(1, int(key))
        elif key in '+-':
            self._speed = int(np.clip(self._speed + (1 if key == '+' else -1), 1, SPEEDS))
        return Request.NONE

    def _move(self, key: str, now_ns: int) -> None:
        if key == ' ':
            self._closed = not self._closed
        else:
            axis, sign = MOVES[key]
            self._velocity[axis], self._until_ns[axis] = sign, now_ns + PRESS_NS

    def _engage(self, context: DeviceContext) -> None:
        if self._engaged:
            return
        self._engaged = True
        self._jog.start(context.state[self._arm])
        if gripper := self._contract.gripper:
            # Anything but wide open may hold something, which must not fall.
            opening = context.state[self._contract.joint_names.index(gripper.joint)]
            self._closed = abs(opening - gripper.open) > HELD * abs(gripper.closed - gripper.open)

    def _drive(self, context: DeviceContext) -> Floats:
        dt_s = to_s(min(max(context.now_ns - self._last_ns, 0), MAX_STEP_NS))
        held = self._until_ns > context.now_ns
        velocity = np.where(held, self._velocity, 0.0) * self._speed / SPEEDS
        positions = context.state.copy()
        positions[self._arm] = self._jog.move(context.state[self._arm], velocity, dt_s)
        if (gripper := self._contract.gripper) is not None:
            index = self._contract.joint_names.index(gripper.joint)
            positions[index] = gripper.closed if self._closed else gripper.open
        return positions


def _make_jog(contract: Contract) -> Jog:
    if not contract.urdf:
        return JointJog(contract)
    from il_ros.teleop.tool_jog import ToolJog  # needs Pinocchio; a robot without a URDF does not
    return ToolJog(contract)
