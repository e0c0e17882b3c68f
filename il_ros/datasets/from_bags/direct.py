"""What the robot was told on its own command topics, where no gate's report says it.

Of a trajectory counts what ros2_control's joint_trajectory_controller would make of it: it begins
at `header.stamp` (on arrival where that is zero) at the setpoint of that moment, takes the place
of what was left of the one before, goes linearly from point to point and stays at the last. A
single point that is to be reached within one tick, as the gate sends it, and what comes as another
type counts at once; the pose of a tip as `tool_targets` makes joints of it, speeds of an arm as
`integrator` adds them up. A base that is told
nothing for a while stands, as diff_drive_controller lets it (`cmd_vel_timeout`).
"""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress

from il_ros.bags.clocks import STAMP_AGE_S
from il_ros.bags.reader import Bag, Stamped
from il_ros.contract import ARRIVAL, CommandInterface
from il_ros.controller import TrajectoryController
from il_ros.datasets.from_bags.integrator import Integrator
from il_ros.datasets.from_bags.told import named_joints, read_command, Told
from il_ros.datasets.from_bags.tool_targets import POSE, ToolTargets
from il_ros.errors import BagError, ConfigError, MessageError
from il_ros.timing import MILLISECOND, to_ns, to_s
from il_ros.types import Floats
import numpy as np

BASE_STOPS_NS = 500 * MILLISECOND


class Direct:
    """Follows the command topics of a bag.

    Attributes:
        topics: Those that hold messages.
    """

    def __init__(self, bag: Bag, untold: Collection[str] = ()) -> None:
        """Find the command topics and see that they say of every joint what it was told.

        Args:
            bag: The episode.
            untold: Joints of which they need not.

        Raises:
            BagError: They do not; the text says of which, and what came.
        """
        self._contract = contract = bag.contract
        self._interfaces = {command.topic: command for command in contract.commands
                            if command.topic and bag.counts.get(command.topic)}
        self._speeds = _integrators(bag)
        self.topics = frozenset({*self._interfaces, *self._speeds})
        self._controllers: dict[str, TrajectoryController] = {}
        self._measured: Floats | None = None
        self._tools = dict(_tool_targets(bag, self._interfaces))
        self._early: dict[str, Stamped] = {}    # poses from before the arm was measured
        self._zero_ns = bag.start_ns    # np.interp takes floats, which are too coarse for a date
        if self.topics:
            self._require_all(bag, set(self._contract.joint_names) - set(untold))

    def measure(self, state: Floats) -> None:
        """Take in measured positions; a joint's first trajectory begins there. Shape (J,)."""
        first, self._measured = self._measured is None, state
        if first:
            for joint, controller in self._controllers.items():
                controller.begin(state[[self._contract.joint_names.index(joint)]])
            for stamped in self._early.values():
                with suppress(MessageError):
                    self.push(stamped)

    def push(self, stamped: Stamped) -> None:
        """Take one message of `topics`.

        Raises:
            MessageError: It is not understood.
        """
        if stamped.topic in self._speeds:
            for speeds in self._speeds[stamped.topic]:
                self._push_speed(speeds, stamped)
            return
        interface, now_ns = self._interfaces[stamped.topic], stamped.log_ns
        if (tool := self._tools.get(stamped.topic)) is None:
            told = read_command(stamped.message, interface)
        elif self._measured is None:
            tool.read(stamped.message)
            self._early[stamped.topic] = stamped
            return
        else:
            told = tool.told(stamped.message, self._measured)
        due_ns = told.due_ns
        start_ns = now_ns if interface.stamp == ARRIVAL else told.start_ns or now_ns
        if start_ns > now_ns + to_ns(STAMP_AGE_S):
            raise MessageError(f'{stamped.topic}: begins {to_s(start_ns - now_ns):.1f} s after it '
                               'came: its header.stamp is of another clock')
        if len(told.positions) == 1 and (
                not len(due_ns) or start_ns + due_ns[0] <= now_ns + self._contract.period_ns):
            start_ns, due_ns = now_ns, np.zeros(1, dtype=np.int64)
        elif start_ns + due_ns[-1] < now_ns:
            raise MessageError(f'{stamped.topic}: ended {to_s(now_ns - start_ns - due_ns[-1]):.1f}'
                               ' s before it came: its header.stamp is old or of another clock')
        if interface.of_velocities:
            due_ns = np.array([0, BASE_STOPS_NS, BASE_STOPS_NS + 1])
            told = told._replace(positions=told.positions[0] * np.array([[1.0], [1.0], [0.0]]))
        self._follow(told._replace(start_ns=start_ns, due_ns=due_ns), now_ns)

    def _push_speed(self, speeds: Integrator, stamped: Stamped) -> None:
        if self._measured is None:
            speeds.read(stamped.message)    # a motion begins where the arm is
        elif told := speeds.told(stamped.message, self._measured, stamped.log_ns):
            self._follow(told, stamped.log_ns)

    def _follow(self, told: Told, now_ns: int) -> None:
        start_ns = told.start_ns - self._zero_ns
        for joint, column in zip(told.joints, told.positions.T, strict=True):
            self._controller(joint).follow(column[:, None], start_ns + told.due_ns, start_ns,
                                           now_ns - self._zero_ns)

    def setpoint(self, due_ns: int) -> Floats:
        """Return where each joint was told to be at a time, NaN before its first command.

        Shape (J,).
        """
        at, names = np.array([due_ns - self._zero_ns]), self._contract.joint_names
        found = np.array([self._controllers[joint].setpoints(at)[0, 0]
                          if joint in self._controllers else np.nan for joint in names])
        for speeds in (each for of_topic in self._speeds.values() for each in of_topic):
            if speeds.rests(due_ns) and self._measured is not None:
                columns = self._contract.indices(speeds.joints)
                found[columns] = self._measured[columns]
        return found

    def _controller(self, joint: str) -> TrajectoryController:
        if joint not in self._controllers:
            begin = np.nan
            if self._measured is not None:
                begin = self._measured[self._contract.joint_names.index(joint)]
            self._controllers[joint] = TrajectoryController(np.array([begin]))
        return self._controllers[joint]

    def _require_all(self, bag: Bag, left: set[str]) -> None:
        """Read on until each joint of these was told something.

        Raises:
            BagError: One is told nothing that is understood.
        """
        named, refused = dict[str, None](), ''
        for stamped in bag.messages(self.topics):
            named |= dict.fromkeys(named_joints(stamped.message))
            try:
                left -= self._told_of(stamped)
            except MessageError as error:
                refused = refused or str(error)
            if not left:
                return
        raise BagError(f'{bag.path}: {_untold(bag, left, list(named), refused)}')

    def _told_of(self, stamped: Stamped) -> set[str]:
        """Return the joints that a message says something of."""
        if stamped.topic in self._speeds:
            for speeds in self._speeds[stamped.topic]:
                speeds.read(stamped.message)
            return {name for speeds in self._speeds[stamped.topic] for name in speeds.joints}
        if tool := self._tools.get(stamped.topic):
            tool.read(stamped.message)
            return set(tool.joints)
        return set(read_command(stamped.message, self._interfaces[stamped.topic]).joints)


def _tool_targets(bag: Bag, interfaces: Mapping[str, CommandInterface]
                  ) -> Iterator[tuple[str, ToolTargets]]:
    for topic, interface in interfaces.items():
        if interface.type == POSE:
            try:
                yield topic, ToolTargets(bag.contract, interface)
            except ConfigError as error:
                raise BagError(f'{bag.path}: {topic}: where a tip goes says nothing of joints '
                               f'without a URDF: {error}; or record control/report, which il_ros '
                               'does') from None


def _integrators(bag: Bag) -> dict[str, list[Integrator]]:
    """Return what integrates the speeds on each topic, of commands that were not recorded."""
    found: dict[str, list[Integrator]] = {}
    for command in bag.contract.commands:
        given = command.integrated
        if given and bag.counts.get(given.topic) and not bag.counts.get(command.topic or ''):
            try:
                found.setdefault(given.topic, []).append(Integrator(bag.contract, command))
            except ConfigError as error:
                raise BagError(f'{bag.path}: {given.topic}: how fast a tip goes says nothing of '
                               f'joints without a URDF: {error}') from None
    return found


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
            'controller with a topic drive it, record that and name it in the contract, or take '
            f'where it went: --shown {next(iter(sorted(left)))}=0.1')
