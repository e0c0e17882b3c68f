"""What was heard of a running robot, as plain data."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from il_ros.contract.streams import ARRIVAL
from il_ros.errors import ConfigError

ASK_AGE_S = 1.0   # a stamp further from now is of another clock


@dataclass(frozen=True)
class Source:
    """One topic that somebody publishes.

    Attributes:
        topic: Its full name.
        type: `package/Name`.
        node: Who publishes it.
        rate_hz: Messages per second.
        age_s: Median of arrival minus header stamp; None without a header.
    """

    topic: str
    type: str
    node: str
    rate_hz: float
    age_s: float | None = None

    @property
    def stamp(self) -> str | None:
        """The contract's `stamp`: 'arrival' where the header's is of no use, else None."""
        return ARRIVAL if self.age_s is None or abs(self.age_s) > ASK_AGE_S else None


    @property
    def max_age_s(self) -> float:
        """How old its samples may be [s]: five periods, at least 0.1, and its delay thrice."""
        delay_s = abs(self.age_s) if self.stamp is None and self.age_s is not None else 0.0
        return float(f'{max(0.1, 5 / max(round(self.rate_hz), 1), 3 * delay_s):.3g}')


@dataclass(frozen=True)
class JointSource(Source):
    """A JointState topic: the newest position of each joint that has one [rad] or [m].

    Attributes:
        names: What its messages call the joints, where that is not their name here.
    """

    positions: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    names: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    without_position: tuple[str, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class ImageSource(Source):
    """An image topic; `problem` says why its picture could not be read."""

    height: int = field(default=0, kw_only=True)
    width: int = field(default=0, kw_only=True)
    encoding: str = field(default='', kw_only=True)
    problem: str = field(default='', kw_only=True)


@dataclass(frozen=True)
class Sink:
    """A topic that somebody listens to for commands, or an action server.

    Attributes:
        name: Its full name.
        type: `package/Name`.
        node: Who listens.
        action: Whether it is an action.
        joints: Those that its messages move, in their order; empty where nobody knows.
        names: What its messages call them, where that is not what the state does.
        note: How that is known, for people.
        frame: Of a PoseStamped, what its messages name.
        integrated: Topic and type of the speeds that are there in place of its messages.
    """

    name: str
    type: str
    node: str = ''
    action: bool = False
    joints: tuple[str, ...] = field(default=(), kw_only=True)
    names: tuple[str, ...] = field(default=(), kw_only=True)
    note: str = field(default='', kw_only=True)
    frame: str = field(default='', kw_only=True)
    integrated: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class Controller:
    """What the controller manager says of one controller.

    Attributes:
        interfaces: The command interfaces that it needs, as `joint/position`, in its order.
    """

    name: str
    type: str
    state: str
    interfaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Heard:
    """All of it.

    Attributes:
        namespace: The robot's, '/' for the root; the rest of the graph is not in here.
        seconds: How long it was listened to.
        odometry: nav_msgs/Odometry topics.
        wrenches: geometry_msgs/WrenchStamped topics.
        sinks: Command topics and gripper actions.
        controllers: By full name, the manager's namespace first; None where none answered.
        silence: Why none did, for people.
        urdfs: The text on each topic `robot_description`.
        bag: The name of the bag that all this was read from; '' where a robot was listened to.
        guess: A URDF made up from the data of a bag that holds none, for its joints alone.
        seen: What these data were, per joint.
    """

    namespace: str = '/'
    seconds: float = 5.0
    joints: tuple[JointSource, ...] = ()
    images: tuple[ImageSource, ...] = ()
    odometry: tuple[Source, ...] = ()
    wrenches: tuple[Source, ...] = ()
    sinks: tuple[Sink, ...] = ()
    controllers: Mapping[str, Controller] | None = None
    silence: str = 'no controller manager is there'
    urdfs: Mapping[str, str] = field(default_factory=dict)
    bag: str = ''
    guess: str = ''
    seen: Mapping[str, str] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """What joints and limits are taken from, for people."""
        return 'the data' if self.guess else 'the URDF'

    @property
    def nobody(self) -> str:
        """How it shows that nothing takes commands, for people."""
        return 'the bag holds no commands' if self.bag else 'nobody listens to commands'

    def publisher(self, source: Source) -> str:
        """Return who publishes a topic, for people."""
        return f'it stands in {self.bag}' if self.bag else f'{source.node} publishes it'

    def written(self, name: str) -> str:
        """Return a name as the contract has it: relative within a namespace, else absolute."""
        return name if self.namespace == '/' else name.removeprefix(f'{self.namespace}/')

    def controller_of(self, sink: Sink) -> Controller | None:
        """Return the controller behind a topic `<controller>/<what>`, if one of that name is."""
        return (self.controllers or {}).get(sink.name.rpartition('/')[0])

    def urdf(self) -> tuple[str, str]:
        """Return topic and text of the URDF.

        Raises:
            ConfigError: There is none, or there are several.
        """
        if not (self.urdfs or self.joints or self.sinks):
            raise ConfigError(f'nothing was heard of a robot in {self.namespace} within '
                              f'{self.seconds:g} s: no joint states, commands or URDF; start its '
                              'driver, or say where it is with --namespace')
        if not self.urdfs:
            raise ConfigError(
                f'no URDF came on {self.namespace.rstrip("/")}/robot_description: nothing else '
                "says which limits the joints have; start the robot's robot_state_publisher, or "
                'name a file with --urdf')
        if len(set(self.urdfs.values())) > 1:
            raise ConfigError(f'{" and ".join(self.urdfs)} hold different URDFs: several robots; '
                              'say which with --namespace')
        return next(iter(self.urdfs.items()))
