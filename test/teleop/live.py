"""People at the devices of a `teleop` that runs as a process; what they do reaches it as in life.

Messages over DDS, keys through a pty, reports and events through pipes, servos at a pty, a page
over TLS. Another device: a subclass of `Live` in `LIVE`.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, ExitStack, suppress
import fcntl
from functools import partial
import os
from pathlib import Path
import pty
import struct
import termios
import time
from typing import Any

from il_ros.config import to_mapping
from il_ros.nodes import shell
from il_ros.nodes.device.inputs import READ
from il_ros.teleop.event_keys import EVENT
from il_ros.teleop.inputs import Value
from il_ros.teleop.spacemouse_reports import STOP
from il_ros.teleop.xr.frames import SQUEEZE
import numpy as np
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from teleop.buses.test_device import settings_of, show
from teleop.device_conformance import CONTRACT
from teleop.messages import message_of
from teleop.people import AtSpacenav, AtTwist, Leading, OnPad, Tracked
from teleop.person import Person
from teleop.servo_bus import Servos
from teleop.test_event_keys import B
from teleop.xr.page_messages import Page, page_socket
import yaml

PICTURE_S = 1 / 60
XR_PORT = 18443


class Live:
    """A person at one device.

    Attributes:
        parameters: Of teleop.
        stdin: Where it reads keys.
        env: Variables of its own.
        held: Whether the dead-man switch is.
    """

    period_s = CONTRACT.period_ns * 1e-9
    stdin: int | None = None
    env: dict[str, str] | None = None

    def __init__(self, folder: Path, device: str) -> None:
        self.parameters: dict[str, object] = {'device': device}
        self._folder, self._stack, self._rng = folder, ExitStack(), np.random.default_rng(0)
        self.held, self._due = False, 0.0

    @contextmanager
    def opened(self, node: Node) -> Iterator[None]:
        """Have the device ready before teleop starts; `node` publishes what it says."""
        with self._stack:
            self.open(node)
            yield

    def open(self, node: Node) -> None:
        """Open what the person has in their hands."""

    def ready(self, node: Node) -> bool:
        """Tell whether teleop hears the device."""
        return True

    def engage(self, on: bool) -> None:
        """Press the dead-man switch or let go of it."""
        self.held = on

    def lose(self) -> None:
        """Lose the device as it is lost in life."""
        raise NotImplementedError

    def find(self) -> None:
        """Have it back."""
        raise NotImplementedError

    def speak(self, measured: np.ndarray) -> None:
        """Say what is due; to be called often."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self.period_s
            self.say(measured)

    def say(self, measured: np.ndarray) -> None:
        """Say once what the device says, moved a little while it is held."""
        raise NotImplementedError

    def settings(self, name: str, **values: object) -> Path:
        """Write a file of settings."""
        file = self._folder / f'{name}.yaml'
        file.write_text(yaml.safe_dump(values))
        return file


class Heard(Live):
    """Whoever is heard on topics: a person of `people`, message by message."""

    def __init__(self, folder: Path, device: str, person: Callable[..., Person],
                 **settings: object) -> None:
        super().__init__(folder, device)
        self._person, self._silent = person(self._rng), False
        if settings:
            self.parameters['settings'] = self.settings(device.partition('+')[0], **settings)

    def open(self, node: Node) -> None:
        self._stack.callback(self._person.close)
        self._node = node
        self._topics = {each.name: node.create_publisher(READ[each.kind][0], each.topic,
                                                         shell.STREAM)
                        for each in self._person.device.wants}

    def ready(self, node: Node) -> bool:
        return all(topic.get_subscription_count() for topic in self._topics.values())

    def engage(self, on: bool) -> None:
        super().engage(on)
        self._person.engage(on)

    def lose(self) -> None:
        self._silent = True      # its battery is empty

    def find(self) -> None:
        self._silent = False

    def say(self, measured: np.ndarray) -> None:
        if self.held:
            self._person.wander(self._rng, measured)
        else:
            self._person.begin(measured)
        if self._silent:
            return
        for name, value in self._person.say().items():
            self.publish(name, value)

    def publish(self, name: str, value: Value) -> None:
        """Say an input, as of now."""
        message = message_of(value)
        if hasattr(message, 'header'):
            message.header.stamp = self._node.get_clock().now().to_msg()
        self._topics[name].publish(message)


class WithKernelPedal(Heard):
    """A gamepad beside a pedal whose events come from a file as the kernel's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'gamepad+pedal', OnPad)
        os.mkfifo(folder / 'pedal')
        self.find()
        self._stack.callback(lambda: os.close(self._pedal))
        self.parameters['settings'] = '+' + str(self.settings(
            'pedal', device=str(folder / 'pedal'), buttons={'dead_man': B}))

    def engage(self, on: bool) -> None:
        if on != self.held:
            os.write(self._pedal, EVENT.pack(0, 0, 1, B, int(on)) + EVENT.pack(0, 0, 0, 0, 0))
        self.held = on
        self._person.engage(False)

    def lose(self) -> None:
        os.close(self._pedal)

    def find(self) -> None:
        self._pedal = os.open(self._folder / 'pedal', os.O_RDWR | os.O_NONBLOCK)


class Keys(Live):
    """The keyboard."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'keyboard')
        self._master, self.stdin = pty.openpty()
        os.set_blocking(self._master, False)
        self._shown = b''

    def open(self, node: Node) -> None:
        for end in (self._master, self.stdin):
            self._stack.callback(os.close, end)

    def ready(self, node: Node) -> bool:
        return b'released' in self._shown      # it reads keys from then on

    def engage(self, on: bool) -> None:
        if on != self.held:
            os.write(self._master, b't')
        self.held = on

    def say(self, measured: np.ndarray) -> None:
        with suppress(BlockingIOError):
            self._shown = os.read(self._master, 65536)      # somebody looks at the terminal
        if self.held:
            os.write(self._master, bytes([self._rng.choice(list(b'wasdrf'))]))


class Reports(Live):
    """A SpaceMouse: each report is written once the last one was read, as a pipe joins them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'spacemouse')
        self._pipe, self._told = _pipe(self._stack, folder / 'mouse'), False
        self.parameters['settings'] = self.settings('mouse', device=str(folder / 'mouse'))
        self._deflected = False

    def speak(self, measured: np.ndarray) -> None:
        if fcntl.ioctl(self._pipe, termios.FIONREAD, bytes(4)) != bytes(4):
            return
        if self._told != self.held:
            self._told = self.held
            os.write(self._pipe, bytes([3, self.held, 0]))
        elif self.held or self._deflected:
            self._deflected = self.held
            knob = self._rng.integers(-STOP, STOP, 6) * self.held
            os.write(self._pipe, struct.pack('<B6h', 1, *knob.tolist()))


class Bus(Heard):
    """A leader's servos at a port, and a pedal on its topic."""

    def __init__(self, folder: Path, family: str) -> None:
        super().__init__(folder, 'leader+pedal', Leading)
        self._servos = Servos(family, range(1, 8), folder / 'port')
        self._stack.callback(self._servos.unplug)
        show(self._servos, np.array(CONTRACT.start))
        self.parameters['settings'] = self.settings(family, **to_mapping(
            settings_of(self._servos)))

    def open(self, node: Node) -> None:
        super().open(node)
        node.destroy_publisher(self._topics.pop('joints'))

    def lose(self) -> None:
        self._servos.unplug()

    def find(self) -> None:
        self._servos.plug()

    def say(self, measured: np.ndarray) -> None:
        if self.held:
            self._person.wander(self._rng, measured)
        else:
            self._person.begin(measured)
        said = self._person.say()
        show(self._servos, said['joints'].positions)
        self.publish('pedal', said['pedal'])


class Socket(Live):
    """A controller of a headset, whose browser has the page's socket."""

    period_s = PICTURE_S

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'xr')
        self.env = {'IL_ROS_CACHE': str(folder)}
        self.parameters['settings'] = self.settings('xr', port=XR_PORT)
        self._page: Page | None = None
        self._hidden = False

    def lose(self) -> None:
        assert self._page is not None
        self._hidden = True
        self._page.now_ns = time.monotonic_ns()
        self._page.send(lost='hidden', hands=None)    # and a page in the background says no more

    def find(self) -> None:
        self._hidden = False

    def ready(self, node: Node) -> bool:
        if self._page is None and (self._folder / 'xr/address').is_file():
            with suppress(OSError):      # it does not listen yet
                self._page = Page(self._stack.enter_context(page_socket(self._folder / 'xr')))
        return self._page is not None

    def say(self, measured: np.ndarray) -> None:
        if self._page is None or self._hidden:
            return
        hand = self._page.hands['right']
        hand['buttons'][SQUEEZE] = int(self.held)
        if self.held:
            hand['position'] = (np.array(hand['position'])
                                + self._rng.normal(0, 0.005, 3)).tolist()
        self._page.picture()


class Operator(Live):
    """The scripted operator, who engages as its parameter says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 'scripted')
        self.parameters['engage'] = 'never'

    def open(self, node: Node) -> None:
        self._client = node.create_client(SetParameters, 'teleop/set_parameters')

    def ready(self, node: Node) -> bool:
        return bool(self._client.service_is_ready())

    def engage(self, on: bool) -> None:
        if on != self.held:
            self._client.call_async(SetParameters.Request(parameters=[Parameter(
                'engage', value='always' if on else 'never').to_parameter_msg()]))
        self.held = on

    def say(self, measured: np.ndarray) -> None:
        pass


def _pipe(stack: ExitStack, path: Path) -> int:
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    stack.callback(os.close, end)
    return end


LIVE: dict[str, Callable[[Path], Any]] = {
    'keyboard': Keys,
    'gamepad': partial(Heard, device='gamepad', person=OnPad),
    'gamepad+pedal': WithKernelPedal,
    'leader+pedal': partial(Heard, device='leader+pedal', person=Leading),
    'dynamixel+pedal': partial(Bus, family='dynamixel'),
    'feetech+pedal': partial(Bus, family='feetech'),
    'mocap+pedal': partial(Heard, device='mocap+pedal', person=Tracked),
    'xr': Socket, 'spacemouse': Reports,
    'spacemouse, joy': partial(Heard, device='spacemouse', person=AtSpacenav, source='joy'),
    'spacemouse, twist+pedal': partial(Heard, device='spacemouse+pedal', person=AtTwist,
                                       source='twist'),
    'scripted': Operator}
