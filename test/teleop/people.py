"""A person with each device, as the device sees them: through its bytes or its messages.

Another device: a subclass of `Person` in `PEOPLE`. `test_devices` takes over with it from a policy
at random, `fuzz` gives it what no person does, and `benchmarks.devices` does both at length.
"""
from __future__ import annotations

from dataclasses import replace
import os
import select
import struct

from il_ros.teleop.device import Device, DeviceContext
from il_ros.teleop.devices import open_device
from il_ros.teleop.event_keys import EVENT, EventKeys
from il_ros.teleop.inputs import Heard, Joints, Pad, Pose, Twist, Value
from il_ros.teleop.leader import Leader, LeaderSettings
from il_ros.teleop.mocap import Mocap, MocapSettings
from il_ros.teleop.pedal import JoyBox, KeyBox, WithPedal
from il_ros.teleop.scripted.device import ScriptedDevice
from il_ros.teleop.spacemouse import JOY, SpaceMouse, TWIST
from il_ros.teleop.spacemouse_reports import Knob, STOP
from il_ros.teleop.spacenav import Spacenav
import numpy as np
from teleop.device_conformance import CONTRACT
from teleop.test_event_keys import B, BUTTONS, Buttons, Foot
from teleop.test_gamepad import RB
from teleop.test_keyboard import Keys
from teleop.test_spacemouse import Mouse, SETTINGS

ODD = (np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, -0.0, 90.0)
LATE_NS = (0, 0, 0, 0, 50_000_000, 120_000_000, 300_000_000, -1_000_000, 10**18)
MOST = 12     # inputs of a kind between two readings; a flood is 300


class Person:
    """Engages, moves and lets go.

    Attributes:
        device: What they have in their hands.
        held: Whether the dead-man switch is.
    """

    device: Device
    held = False

    def engage(self, on: bool) -> None:
        """Press the dead-man switch or let go of it."""
        self.held = on

    def wander(self, rng: np.random.Generator, state: np.ndarray) -> None:
        """Move the device as a person does between two readings."""

    def hear(self, context: DeviceContext) -> DeviceContext:
        """Return what the device sees at this reading."""
        return context

    def garble(self, rng: np.random.Generator, now_ns: int, state: np.ndarray) -> int:
        """Make inputs, sensible or not, for the next `garbled`; return how many."""
        raise NotImplementedError

    def garbled(self, context: DeviceContext) -> DeviceContext:
        """Return what the device sees after `garble`."""
        return context

    def close(self) -> None:
        self.device.close()


class Typing(Person):
    """The keyboard, through a pseudo-terminal."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._keys, self.device = Keys(), None
        self.device = self._keys.device
        os.set_blocking(self._keys.master, False)

    def engage(self, on):
        if on != self.held:
            self._type(b't')
        self.held = on

    def wander(self, rng, state):
        self._type(bytes(rng.choice(list(b'wasdrfqeijkl 159'), rng.integers(0, 3)).tolist()))

    def garble(self, rng, now_ns, state):
        number = 300 if rng.random() < 0.01 else int(rng.integers(1, MOST))
        keys = (rng.choice(list(b'wasdrfqeijkl t\tpbm19+-cynxo'), number)
                if rng.random() < 0.7 else rng.integers(0, 256, number))
        self._type(bytes(b for b in keys.tolist() if b not in (3, 4, 26, 28)))   # Ctrl-C and kin
        return number

    def _type(self, keys: bytes) -> None:
        try:
            while os.read(self._keys.master, 65536):     # somebody looks at the terminal
                pass
        except BlockingIOError:
            pass
        if keys:
            os.write(self._keys.master, keys)
            select.select([self._keys.slave], [], [], 10.0)

    def close(self):
        self._keys.close()


class Heeding(Person):
    """What listens to topics: of each the newest counts."""

    def __init__(self) -> None:
        self._heard: dict[str, Heard] = {}
        self._calm = True      # for a while all is as it should be

    def say(self) -> dict[str, Value]:
        """Return what each input says now, by its name."""
        raise NotImplementedError

    def nonsense(self, rng: np.random.Generator, name: str, value: Value) -> Value:
        """Return a value of an input that no person makes."""
        raise NotImplementedError

    def hear(self, context):
        now_ns = context.now_ns
        return replace(context, heard={**context.heard, **{
            name: Heard(value, now_ns, now_ns) for name, value in self.say().items()}})

    def garble(self, rng, now_ns, state):
        if rng.random() < 0.1:
            self.engage(bool(rng.random() < 0.7))
        if rng.random() < 0.05:
            self._calm = not self._calm
        self.wander(rng, state)
        number = 0
        for name, said in self.say().items():
            for _ in range(300 if rng.random() < 0.01 else int(rng.integers(self._calm, 4))):
                kind, number, value = rng.random() + self._calm, number + 1, said
                if kind < 0.1 and name in self._heard:         # a replay, under a new stamp
                    value = self._heard[name].value
                elif kind < 0.35:
                    value = self.nonsense(rng, name, value)
                late = 0 if self._calm else int(rng.choice(LATE_NS))
                self._heard[name] = Heard(value, max(now_ns - late, 0), now_ns - max(late, 0))
        return number

    def garbled(self, context):
        return replace(context, heard={**context.heard, **self._heard})


def odd_pad(rng: np.random.Generator, value: Pad) -> Pad:
    """Return a pad's message with numbers or sizes that no pad has."""
    axes, buttons = list(value.axes), list(value.buttons)
    if axes and rng.random() < 0.7:
        axes[rng.integers(len(axes))] = float(rng.choice(ODD))
    if rng.random() < 0.3:
        axes = axes[:rng.integers(len(axes) + 1)]
    if rng.random() < 0.3:
        buttons = [int(rng.integers(0, 2)) for _ in range(rng.integers(0, 40))]
    return Pad(tuple(axes), tuple(buttons))


class OnPad(Heeding):
    """A gamepad."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__()
        self.device, self._axes = open_device('gamepad', CONTRACT), np.zeros(6)

    def wander(self, rng, state):
        if rng.random() < 0.3:
            self._axes[:4] = rng.uniform(-1, 1, 4) * (rng.random(4) < 0.6)

    def engage(self, on):
        self._axes[:] = 0
        super().engage(on)

    def say(self):
        return {'joy': Pad(tuple(self._axes), tuple(
            int(self.held and b == RB) for b in range(21)))}

    def nonsense(self, rng, name, value):
        return odd_pad(rng, value)


class OnPadWithFoot(OnPad):
    """A gamepad at which a pedal says who drives, read from the kernel."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self._foot = Foot()
        self.device = WithPedal(self.device, KeyBox(EventKeys(self._foot.files), BUTTONS), BUTTONS)

    def engage(self, on):
        self._axes[:] = 0
        if on != self.held:
            self._foot.press(B, int(on))
        self.held = on

    def say(self):
        return {'joy': Pad(tuple(self._axes), (0,) * 21)}

    def garble(self, rng, now_ns, state):
        number = super().garble(rng, now_ns, state)
        for _ in range(int(rng.integers(0, 4))):
            event = EVENT.pack(0, 0, *rng.choice([0, 1, 1, 1, 4, 17], 1), int(rng.choice(
                [B, B, 32, 46, 3, 767, 65535])), int(rng.choice([0, 1, 2, -1, 2**31 - 1])))
            self._foot._ours.send(event * int(rng.integers(1, 3)) + event[:rng.integers(0, 24)])
            number += 1
        return number

    def close(self):
        super().close()
        self._foot._ours.close()


class Leading(Heeding):
    """A leader arm beside a pedal whose Joy is heard."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__()
        box = JoyBox('pedal/joy', Buttons())
        self.device = WithPedal(Leader(CONTRACT, LeaderSettings()), box, Buttons())
        self._arm, self._goal = np.array(CONTRACT.start), None

    def stand(self, rng: np.random.Generator, state: np.ndarray) -> None:
        """Stand in the robot's pose, near it, or anywhere."""
        away = rng.choice([0.0, 0.01, 0.1, 1.0])
        self._arm = np.clip(state + away * rng.uniform(-1, 1, len(state)), CONTRACT.lower,
                            CONTRACT.upper)

    def wander(self, rng, state):
        # To the robot while it waits for the leader, and anywhere else.
        goal = state if rng.random() < 0.5 else self._arm + rng.normal(0, 0.3, len(state))
        step = 0.2 * np.clip(goal - self._arm, -1.0, 1.0)
        self._arm = np.clip(self._arm + step, CONTRACT.lower, CONTRACT.upper)

    def say(self):
        return {'joints': Joints(tuple(CONTRACT.joint_names), self._arm.copy()),
                'pedal': Pad((), (int(self.held),))}

    def nonsense(self, rng, name, value):
        if isinstance(value, Pad):
            return odd_pad(rng, value)
        at, names = value.positions.copy(), list(value.names)
        kind = rng.integers(4)
        if kind == 0:
            at[rng.integers(len(at))] = rng.choice(ODD)
        elif kind == 1:
            at = at + rng.normal(0, 3.0, len(at))       # a leap
        elif kind == 2:
            at = at[:rng.integers(len(at))]
        else:
            names = names[:rng.integers(len(names))]
            at = at[:len(names)]
        return Joints(tuple(names), at)


class Tracked(Heeding):
    """A tracked hand beside a pedal."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__()
        box = JoyBox('pedal/joy', Buttons(gripper=1))
        self.device = WithPedal(Mocap(CONTRACT, MocapSettings()), box, Buttons(gripper=1))
        self._rng, self._grips = rng, False
        self._at, self._turned = rng.normal(0, 1, 3), np.array([0.0, 0.0, 0.0, 1.0])

    def wander(self, rng, state):
        self._at = self._at + rng.normal(0, 0.02, 3)
        turned = self._turned + rng.normal(0, 0.03, 4)
        self._turned = turned / np.linalg.norm(turned)
        self._grips = bool(rng.random() < 0.1)

    def say(self):
        noise = self._rng.normal(0, 1e-6, 3)
        return {'pose': Pose(self._at + noise, self._turned),
                'pedal': Pad((), (int(self.held), int(self._grips)))}

    def nonsense(self, rng, name, value):
        if isinstance(value, Pad):
            return odd_pad(rng, value)
        at, turned = value.position.copy(), value.quaternion.copy()
        kind = rng.integers(3)
        if kind == 0:
            at[rng.integers(3)] = rng.choice(ODD)
        elif kind == 1:
            at = at + rng.normal(0, 3.0, 3)
        else:
            turned = turned * rng.choice([0.0, 0.5, 2.0, np.nan]) if rng.random() < 0.5 else (
                rng.normal(0, 1, 4))
        return Pose(at, turned)


class OnMouse(Person):
    """A SpaceMouse, through its reports."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.mouse = Mouse(long=bool(rng.integers(2)))
        self.device = SpaceMouse(CONTRACT, SETTINGS, Knob(self.mouse.files))

    def engage(self, on):
        self.mouse.buttons = int(on)
        self.mouse.deflect(0)
        self.held = on

    def wander(self, rng, state):
        if rng.random() < 0.3:
            self.mouse.deflect(*(rng.integers(-STOP, STOP, 6) * (rng.random(6) < 0.5)).tolist())

    def hear(self, context):
        self.mouse.tick(CONTRACT.period_ns)
        return context

    def garble(self, rng, now_ns, state):
        number = 100 if rng.random() < 0.01 else int(rng.integers(0, MOST))
        for _ in range(number):
            kind = rng.random()
            if kind < 0.5:
                knob = rng.integers(-STOP, STOP + 1, 6) * int(rng.random() < 0.8)
                report = struct.pack('<B6h', 1, *knob.tolist())
            elif kind < 0.7:
                report = bytes([3, int(rng.random() < 0.7), 0])
            else:
                report = bytes(rng.integers(0, 256, rng.integers(1, 20)).tolist())
                report = bytes([rng.integers(0, 4)]) + report if rng.random() < 0.7 else report
            if rng.random() < 0.1:
                report = report[:rng.integers(1, len(report) + 1)]
            self.mouse.say(report)
        return number

    def close(self):
        super().close()
        self.mouse._ours.close()


class AtSpacenav(Heeding):
    """A SpaceMouse behind spacenav_node, heard as Joy."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__()
        self._axes = np.zeros(6)
        self.device = SpaceMouse(CONTRACT, replace(SETTINGS, source=JOY),
                                 Spacenav(JOY, 'spacenav/joy'))

    def engage(self, on):
        self._axes[:] = 0
        super().engage(on)

    def wander(self, rng, state):
        if rng.random() < 0.3:
            self._axes = rng.uniform(-0.68, 0.68, 6) * (rng.random(6) < 0.5)

    def say(self):
        return {'knob': Pad(tuple(self._axes), (int(self.held), 0))}

    def nonsense(self, rng, name, value):
        return odd_pad(rng, value)


class AtTwist(AtSpacenav):
    """The same heard as Twist, beside a pedal."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.device = WithPedal(
            SpaceMouse(CONTRACT, replace(SETTINGS, source=TWIST),
                       Spacenav(TWIST, 'spacenav/twist')),
            JoyBox('pedal/joy', Buttons()), Buttons())

    def say(self):
        return {'knob': Twist(self._axes.copy()), 'pedal': Pad((), (int(self.held),))}

    def nonsense(self, rng, name, value):
        if isinstance(value, Pad):
            return odd_pad(rng, value)
        velocity = value.velocity.copy()
        velocity[rng.integers(6)] = rng.choice(ODD)
        return Twist(velocity[:rng.integers(7)] if rng.random() < 0.2 else velocity)


class Scripted(Person):
    """The scripted operator, who has no inputs but what is seen."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.device = ScriptedDevice(CONTRACT, int(rng.integers(1000)), 'never')

    def engage(self, on):
        self.device.engage = 'always' if on else 'never'
        self.held = on


PEOPLE = {'keyboard': Typing, 'gamepad': OnPad, 'gamepad+pedal': OnPadWithFoot,
          'leader+pedal': Leading, 'mocap+pedal': Tracked, 'spacemouse': OnMouse,
          'spacemouse, joy': AtSpacenav, 'spacemouse, twist+pedal': AtTwist, 'scripted': Scripted}
FUZZED = [name for name in PEOPLE if name != 'scripted']
