"""What the robot was told on its own command topics, where no gate's report says it.

Of a trajectory counts what ros2_control's joint_trajectory_controller would make of it: it begins
at `header.stamp` (on arrival where that is zero) at the setpoint of that moment, takes the place
of what was left of the one before, goes linearly from point to point and stays at the last. A
single point that is to be reached within one tick, as the gate sends it, and what comes as
Float64MultiArray counts at once.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from il_ros.alignment.decode import message_stamp_ns
from il_ros.bags.reader import Bag, Stamped
from il_ros.controller import Times, TrajectoryController
from il_ros.errors import BagError, MessageError
from il_ros.joints import missing_text, once
from il_ros.timing import SECOND, to_s
from il_ros.types import Floats
import numpy as np

READ = ('trajectory_msgs/JointTrajectory', 'std_msgs/Float64MultiArray')
AHEAD_NS = SECOND   # a trajectory that begins later after its arrival has another clock's stamp


class Told(NamedTuple):
    """One command.

    Attributes:
        joints: Of the contract, that it moves.
        positions: [rad] or [m]. Shape (K, len(joints)).
        due_ns: When each row is due, after the start; empty: at once [ns]. Shape (K,).
        start_ns: By the sender's clock; 0: on arrival.
    """

    joints: list[str]
    positions: Floats
    due_ns: Times
    start_ns: int = 0


class Direct:
    """Follows the command topics of a bag.

    Attributes:
        topics: Those that hold messages.
    """

    def __init__(self, bag: Bag) -> None:
        """Find the command topics and see that they say of every joint what it was told.

        Raises:
            BagError: They do not; the text says of which, and what came.
        """
        self._contract = contract = bag.contract
        self._commands = {command.topic: command for command in contract.commands
                          if command.topic and bag.counts.get(command.topic)}
        self.topics = frozenset(self._commands)
        self._controllers: dict[str, TrajectoryController] = {}
        self._measured: Floats | None = None
        self._zero_ns = bag.start_ns    # np.interp takes floats, which are too coarse for a date
        if self.topics:
            self._require_all(bag)

    def measure(self, state: Floats) -> None:
        """Take in measured positions; a joint's first trajectory begins there. Shape (J,)."""
        if self._measured is None:
            for joint, controller in self._controllers.items():
                controller.begin(state[[self._contract.joint_names.index(joint)]])
        self._measured = state

    def push(self, stamped: Stamped) -> None:
        """Take one message of `topics`.

        Raises:
            MessageError: It is not understood.
        """
        told = self._read(stamped)
        now_ns, due_ns, start_ns = stamped.log_ns, told.due_ns, told.start_ns or stamped.log_ns
        if start_ns > now_ns + AHEAD_NS:
            raise MessageError(f'{stamped.topic}: begins {to_s(start_ns - now_ns):.1f} s after it '
                               'came: its header.stamp is of another clock')
        if len(told.positions) == 1 and (
                not len(due_ns) or start_ns + due_ns[0] <= now_ns + self._contract.period_ns):
            start_ns, due_ns = now_ns, np.zeros(1, dtype=np.int64)
        elif start_ns + due_ns[-1] < now_ns:
            raise MessageError(f'{stamped.topic}: ended {to_s(now_ns - start_ns - due_ns[-1]):.1f}'
                               ' s before it came: its header.stamp is old or of another clock')
        for joint, column in zip(told.joints, told.positions.T, strict=True):
            self._controller(joint).follow(column[:, None], start_ns - self._zero_ns + due_ns,
                                           start_ns - self._zero_ns, now_ns - self._zero_ns)

    def setpoint(self, due_ns: int) -> Floats:
        """Return where each joint was told to be at a time, NaN before its first command.

        Shape (J,).
        """
        at = np.array([due_ns - self._zero_ns])
        return np.array([self._controllers[joint].setpoints(at)[0, 0]
                         if joint in self._controllers else np.nan
                         for joint in self._contract.joint_names])

    def _controller(self, joint: str) -> TrajectoryController:
        if joint not in self._controllers:
            begin = np.nan
            if self._measured is not None:
                begin = self._measured[self._contract.joint_names.index(joint)]
            self._controllers[joint] = TrajectoryController(np.array([begin]))
        return self._controllers[joint]

    def _read(self, stamped: Stamped) -> Told:
        command = self._commands[stamped.topic]
        if command.by_velocity or command.type not in READ:
            what = 'a velocity' if command.by_velocity else f'a {command.type}'
            raise MessageError(f'{stamped.topic}: {what} does not say where a joint was told to '
                               'be; let command_gate drive the robot and record its reports')
        told = read_command(stamped.message, stamped.topic, command.told)
        ours = dict(zip(command.told, command.joints or (), strict=True))
        return told._replace(joints=[ours[name] for name in told.joints])

    def _require_all(self, bag: Bag) -> None:
        """Read on until each joint was told something.

        Raises:
            BagError: One is told nothing that is understood.
        """
        left, named, refused = set(self._contract.joint_names), dict[str, None](), ''
        for stamped in bag.messages(self.topics):
            named |= dict.fromkeys(getattr(stamped.message, 'joint_names', ()))
            try:
                left -= set(self._read(stamped).joints)
            except MessageError as error:
                refused = refused or str(error)
            if not left:
                return
        raise BagError(f'{bag.path}: {_untold(bag, left, list(named), refused)}')


def read_command(message: Any, topic: str, expected: Sequence[str]) -> Told:
    """Return what a JointTrajectory or a Float64MultiArray tells the joints of a topic.

    Joints that the contract does not name are left out, where all that it does name are there; a
    trajectory of some joints moves only these.

    Raises:
        MessageError: A joint is named otherwise or twice, has no or no finite position, or the
            times do not increase.
    """
    if not hasattr(message, 'points'):
        if len(message.data) != len(expected):
            raise MessageError(f'{topic}: expected {len(expected)} positions '
                               f'({", ".join(expected)}), got {len(message.data)}')
        return Told(list(expected), _finite([message.data], expected, topic),
                    np.zeros(0, dtype=np.int64))
    names = list(message.joint_names)
    try:
        place = once(names, expected)
    except MessageError as error:
        raise MessageError(f'{topic}: {error}') from None
    others = [name for name in names if name not in place]
    if not message.points:
        raise MessageError(f'{topic}: expected at least one point, got none')
    if others and len(place) < len(expected):
        missing = [name for name in expected if name not in place]
        raise MessageError(f'{topic}: misses {missing_text(missing, list(place), others)}')
    for point in message.points:
        if len(point.positions) != len(names):
            raise MessageError(f'{topic}: expected {len(names)} positions, '
                               f'got {len(point.positions)}')
    due = np.array([p.time_from_start.sec * SECOND + p.time_from_start.nanosec
                    for p in message.points], dtype=np.int64)
    if (np.diff(due) <= 0).any() or due[0] < 0:
        raise MessageError(f'{topic}: expected times from start that increase from 0 on, got '
                           f'{(due / SECOND).tolist()} s')
    rows = [[point.positions[i] for i in place.values()] for point in message.points]
    return Told(list(place), _finite(rows, list(place), topic), due, message_stamp_ns(message))


def _finite(rows: Sequence[Sequence[float] | Floats], names: Sequence[str], topic: str) -> Floats:
    positions: Floats = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    if len(bad := np.argwhere(~np.isfinite(positions))):
        raise MessageError(f'{topic}: position of joint {names[bad[0][1]]!r} is not finite')
    return positions


def _untold(bag: Bag, left: set[str], named: list[str], refused: str) -> str:
    """Return which joints nobody told anything, and what is to do."""
    joints = ', '.join(repr(name) for name in bag.contract.joint_names if name in left)
    text = (f'nothing says what joint {joints} was told' if len(left) == 1 else
            f'nothing says what joints {joints} were told')
    topics = [command.name for command in bag.contract.commands
              if left & set(command.joints or ())]
    if absent := [topic for topic in topics if not bag.counts.get(topic)]:
        return (f'{text}: {absent[0]} was not recorded; the bag holds '
                f'{", ".join(sorted(bag.counts))}')
    if refused:
        return f'{text}: {refused}'
    return (f'{text}: {topics[0]} names {", ".join(named)}. An action leaves no command: let a '
            'controller with a topic drive it, record that and name it in the contract')
