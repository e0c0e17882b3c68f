"""ROS parameters of teleop."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import LIVE, Range
from il_ros.errors import ConfigError
from il_ros.names import resolve
from il_ros.teleop.device import ENGAGE
from il_ros.teleop.layout import AUTO
from il_ros.teleop.share import HOLD, OTHERS


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        device: Name of the device (keyboard, gamepad, leader, mocap, spacemouse, xr, scripted), or
            of one for each of two arms, as in gamepad+keyboard; +pedal adds a pedal.
        seed: Habits of the scripted operator.
        engage: When the scripted operator drives: 'always', 'supervised' or 'never'; may be
            changed while the node runs.
        speed: Robot time per steady time.
        task: Of the simulation, that the scripted operator does; the robot's first when empty.
        settings: Of the device: a name under config/devices, or a file; of several devices one
            for each with a plus between them. Where there is none, the file of its name there.
        layout: Of a gamepad: a name under config/gamepads, a file, or 'auto': by its numbers of
            axes and buttons.
        sounds: Short tones, or the terminal's bell, on a request for help, a take-over, a success
            and a fault; not with the scripted operator.
        vibration: Gamepads shake on a request for help and on contact.
        wrench: WrenchStamped topic of the force at the tool; none knows of contacts when empty.
        contact_n: Force from which on a touch is a contact [N].
        robots: Namespaces of several robots that this device drives in turn, each with its
            contract where it is not that of robot, as in left=sim_arm; none: one robot, in the
            namespace of this node.
        parts: Of the robot that the device moves, as in left; all that it can when there is none.
            In a correction the policy goes on with the others.
        others: What becomes in a correction of those parts of several that nobody drives: 'hold',
            or 'policy' for its going on with them.
    """

    robot: str = 'sim_arm'
    device: str = 'keyboard'
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0
    engage: Annotated[str, ENGAGE, LIVE] = 'always'
    speed: Annotated[float, Range(0.001, 1000.0)] = 1.0
    task: str = ''
    settings: str = ''
    layout: str = AUTO
    sounds: Annotated[bool, LIVE] = True
    vibration: Annotated[bool, LIVE] = True
    wrench: str = ''
    contact_n: Annotated[float, Range(0.1, 1000.0)] = 5.0
    robots: tuple[str, ...] = ('',)
    parts: tuple[str, ...] = ('',)
    others: Annotated[str, OTHERS] = HOLD

    def __post_init__(self) -> None:
        ENGAGE.check('engage', self.engage)
        OTHERS.check('others', self.others)
        if self.speed <= 0:
            raise ConfigError(f'speed: expected more than 0, got {self.speed}')
        names = [resolve(entry.partition('=')[0]) for entry in self.robots if entry]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ConfigError(f'robots: {twice[0]} stands twice; each robot has a namespace of '
                              'its own')

    @property
    def moved(self) -> tuple[str, ...]:
        """Names of the parts that the device moves; none for all."""
        return tuple(filter(None, self.parts))

    @property
    def contracts(self) -> dict[str, str]:
        """The contract of each robot by its namespace; '' for the only one."""
        entries = [entry.partition('=') for entry in self.robots if entry] or [('', '', '')]
        return {name: contract or self.robot for name, _, contract in entries}
