"""A person with each device, as the device sees them: through its bytes or its messages.

Another device: a subclass of `Person` in `PEOPLE`. `test_devices` takes over with it from a policy
at random, `fuzz` gives it what no person does, and `benchmarks.devices` does both at length. By
`steer` it shows a task (`showing`).
"""
from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
import json
import os
import select
import struct

from il_ros.teleop.device import Device
from il_ros.teleop.devices import open_device
from il_ros.teleop.event_keys import EVENT, EventKeys
from il_ros.teleop.gamepad import DEAD_ZONE, SPEEDS
from il_ros.teleop.inputs import Joints, LONGEST_NS, Pad, Pose, Twist
from il_ros.teleop.keyboard import MOVES, PRESS_NS
from il_ros.teleop.leader import Leader, LeaderSettings
from il_ros.teleop.mocap import Mocap, MocapSettings
from il_ros.teleop.pedal import JoyBox, KeyBox, WithPedal
from il_ros.teleop.scripted.device import ScriptedDevice
from il_ros.teleop.spacemouse import JOY, SpaceMouse, TWIST
from il_ros.teleop.spacemouse_reports import Knob, STOP, TO_ROBOT
from il_ros.teleop.spacenav import Spacenav
from il_ros.teleop.xr.settings import XrSettings
import numpy as np
from teleop.buses.fuzz import counts_at, FAULTS, opened, strayed
from teleop.device_conformance import CONTRACT
from teleop.person import Clutch, FULL, Heeding, MOST, ODD, odd_pad, Person, Wish
from teleop.test_event_keys import B, BUTTONS, Buttons, Foot
from teleop.test_gamepad import A, RB, UP
from teleop.test_keyboard import Keys
from teleop.test_spacemouse import Mouse, SETTINGS
from teleop.xr.fuzz import Page

KEYS = {way: key for key, way in MOVES.items()}       # axis and sign
FASTER = 3            # by so many steps a person who shows sets a gamepad's speed higher
READINGS = 3          # of a bus, or pictures of a headset, between two readings of the device
AXIS = 0.68           # what spacenav says at the stop


class Typing(Person):
    """The keyboard, through a pseudo-terminal."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._keys, self.device = Keys(), None
        self.device = self._keys.device
        os.set_blocking(self._keys.master, False)
        self._speed, self._pressed = 5, np.zeros(6)   # how much of each press is still to come

    def engage(self, on):
        if on != self.held:
            self._type(b't')
        self.held = on

    def wander(self, rng, state):
        self._type(bytes(rng.choice(list(b'wasdrfqeijkl 159'), rng.integers(0, 3)).tolist()))

    def begin(self, state):
        self.held = False      # `t` would take it in hand again

    def steer(self, wish):
        """Type one key, as often as a terminal repeats them: the one that is missed the most."""
        if wish.toggle:
            self._type(b' ')
            return
        least = FULL / SPEEDS * PRESS_NS * 1e-9       # what a key moves at the lowest speed
        presses = wish.left / least
        speed = int(np.clip(round(np.abs(presses).max()), 1, SPEEDS))
        if abs(speed - self._speed) > (speed > 1):      # the lowest one for what is delicate
            self._speed = speed
            self._type(str(speed).encode())
            return
        missed = np.abs(presses) / self._speed - self._pressed
        self._pressed = np.maximum(self._pressed - CONTRACT.period_ns / PRESS_NS, 0.0)
        axis = int(np.argmax(missed))
        if missed[axis] > 0.5:
            self._pressed[axis] = 1.0
            self._type(KEYS[axis, int(np.sign(presses[axis]))].encode())

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


class OnPad(Heeding):
    """A gamepad."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__()
        self.device, self._axes = open_device('gamepad', CONTRACT), np.zeros(6)
        self._buttons, self._faster = set[int](), 0

    def wander(self, rng, state):
        if rng.random() < 0.3:
            self._axes[:4] = rng.uniform(-1, 1, 4) * (rng.random(4) < 0.6)

    def steer(self, wish):
        before, self._buttons = self._buttons, set()
        if self._faster < FASTER and UP not in before:
            self._faster += 1
            self._buttons.add(UP)
        if wish.toggle and A not in before:
            self._buttons.add(A)
        share = np.clip(wish.velocity * SPEEDS / (5 + self._faster), -1.0, 1.0)[[1, 0, 5, 2]]
        self._axes[:4] = np.sign(share) * (DEAD_ZONE + (1 - DEAD_ZONE) * np.abs(share))

    def engage(self, on):
        self._axes[:] = 0
        super().engage(on)

    def say(self):
        held = self._buttons | ({RB} if self.held else set())
        return {'joy': Pad(tuple(self._axes), tuple(int(b in held) for b in range(21)))}

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
        return {'joy': Pad(tuple(self._axes), tuple(int(b in self._buttons) for b in range(21)))}

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
        self._arm = np.array(CONTRACT.start)
        self.device = WithPedal(self.leader(), JoyBox('pedal/joy', Buttons()), Buttons())

    def leader(self) -> Device:
        """Open it."""
        return Leader(CONTRACT, LeaderSettings())

    def stand(self, rng: np.random.Generator, state: np.ndarray) -> None:
        """Stand in the robot's pose, near it, or anywhere."""
        away = rng.choice([0.0, 0.01, 0.1, 1.0])
        self._arm = np.clip(state + away * rng.uniform(-1, 1, len(state)), CONTRACT.lower,
                            CONTRACT.upper)

    def begin(self, state):
        super().begin(state)
        self._arm = np.array(state)

    def steer(self, wish):
        self._arm = wish.joints.copy()

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


class AtServos(Leading):
    """The same leader read from its servos: their bytes over a cable in memory."""

    family = ''

    def leader(self) -> Device:
        self._stack, self._late_ns = ExitStack(), 0
        self._leader, self._wire = self._stack.enter_context(
            opened(self.family, np.random.default_rng(0), self._clock))
        return self._leader

    def _clock(self) -> int:
        """Return a steady time at which the newest reading is as old as is wanted."""
        return self._leader._sample.steady_ns + self._late_ns

    def say(self):
        return {'pedal': super().say()['pedal']}

    def hear(self, context):
        self._ask('')
        return super().hear(context)

    def garble(self, rng, now_ns, state):
        number = super().garble(rng, now_ns, state)
        for _ in range(READINGS):
            self._ask('' if self._calm or rng.random() < 0.5 else str(rng.choice(FAULTS)), rng)
        return number + READINGS

    def _ask(self, fault: str, rng: np.random.Generator | None = None) -> None:
        self._wire.fault = fault
        self._wire.counts = strayed(fault, counts_at(self._arm), rng)
        self._late_ns = int(rng.integers(3 * LONGEST_NS)) if fault == 'old' else 0
        if fault != 'nothing':
            self._leader._reader.turn()

    def close(self):
        super().close()
        self._stack.close()


class AtDynamixel(AtServos):
    """With servos of the X series."""

    family = 'dynamixel'


class AtFeetech(AtServos):
    """With STS servos."""

    family = 'feetech'


class WithHeadset(Person):
    """A controller of a headset: the page's messages, judged as they come."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._page = Page(CONTRACT, int(rng.integers(2**31)))
        self._clutch = Clutch(XrSettings().following.to_robot())
        self._grip = False
        self.device = self._page.device

    def engage(self, on):
        self.held = self._page.squeezed = on
        self._clutch.engage()

    def wander(self, rng, state):
        at, turned = self._place()
        turned = turned + rng.normal(0, 0.03, 4)
        self._go(at + rng.normal(0, 0.02, 3), turned / np.linalg.norm(turned))
        self._grip ^= bool(rng.random() < 0.1)

    def begin(self, state):
        super().begin(state)
        self._grip = False

    def steer(self, wish):
        self._grip = wish.grip
        self._go(*self._clutch.move(wish, *self._place()))

    def _place(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self._page.position), np.array(self._page.quaternion)

    def _go(self, at: np.ndarray, turned: np.ndarray) -> None:
        self._page.position, self._page.quaternion = at.tolist(), turned.tolist()
        self._page.buttons = [float(self._grip), float(self.held), 0, 0, 0, 0]

    def hear(self, context):
        self._go(*self._place())
        self._page.now_ns += CONTRACT.period_ns
        self._page.push(json.dumps(self._page.picture()))
        return context

    def garble(self, rng, now_ns, state):
        before = self._page.sent
        for _ in range(READINGS):
            self._page.step()
        return self._page.sent - before


class Tracked(Heeding):
    """A tracked hand beside a pedal."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__()
        box = JoyBox('pedal/joy', Buttons(gripper=1))
        self.device = WithPedal(Mocap(CONTRACT, MocapSettings()), box, Buttons(gripper=1))
        self._rng, self._grips = rng, False
        self._at, self._turned = rng.normal(0, 1, 3), np.array([0.0, 0.0, 0.0, 1.0])
        self._clutch = Clutch(np.eye(3))

    def engage(self, on):
        super().engage(on)
        self._clutch.engage()

    def wander(self, rng, state):
        self._at = self._at + rng.normal(0, 0.02, 3)
        turned = self._turned + rng.normal(0, 0.03, 4)
        self._turned = turned / np.linalg.norm(turned)
        self._grips = bool(rng.random() < 0.1)

    def steer(self, wish):
        self._grips = wish.toggle and not self._grips
        self._at, self._turned = self._clutch.move(wish, self._at, self._turned)

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


def deflection(wish: Wish) -> np.ndarray:
    """Return how far a SpaceMouse is deflected for it: beyond the dead zone as its root."""
    share, dead = wish.velocity / SETTINGS.speed, SETTINGS.dead_zone
    return np.sign(share) * (dead + (1 - dead) * np.sqrt(np.abs(share)))


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

    def steer(self, wish):
        gripper = wish.toggle and not self.mouse.buttons & 2
        self.mouse.buttons = int(self.held) | 2 * gripper
        counts = np.zeros(6, dtype=int)
        counts[TO_ROBOT] = np.round(-STOP * deflection(wish))
        self.mouse.deflect(*counts.tolist())

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
        self._axes, self._grips = np.zeros(6), False
        self.device = SpaceMouse(CONTRACT, replace(SETTINGS, source=JOY),
                                 Spacenav(JOY, 'spacenav/joy'))

    def engage(self, on):
        self._axes[:] = 0
        super().engage(on)

    def wander(self, rng, state):
        if rng.random() < 0.3:
            self._axes = rng.uniform(-AXIS, AXIS, 6) * (rng.random(6) < 0.5)

    def steer(self, wish):
        self._grips = wish.toggle and not self._grips
        self._axes = AXIS * deflection(wish)

    def say(self):
        return {'knob': Pad(tuple(self._axes), (int(self.held), int(self._grips)))}

    def nonsense(self, rng, name, value):
        return odd_pad(rng, value)


class AtTwist(AtSpacenav):
    """The same heard as Twist, beside a pedal."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.device = WithPedal(
            SpaceMouse(CONTRACT, replace(SETTINGS, source=TWIST),
                       Spacenav(TWIST, 'spacenav/twist')),
            JoyBox('pedal/joy', Buttons(gripper=1)), Buttons(gripper=1))

    def say(self):
        return {'knob': Twist(self._axes.copy()),
                'pedal': Pad((), (int(self.held), int(self._grips)))}

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

    def steer(self, wish):
        """Nothing: it is the operator."""


PEOPLE = {'keyboard': Typing, 'gamepad': OnPad, 'gamepad+pedal': OnPadWithFoot,
          'leader+pedal': Leading, 'dynamixel+pedal': AtDynamixel, 'feetech+pedal': AtFeetech,
          'mocap+pedal': Tracked, 'xr': WithHeadset, 'spacemouse': OnMouse,
          'spacemouse, joy': AtSpacenav, 'spacemouse, twist+pedal': AtTwist, 'scripted': Scripted}
FUZZED = [name for name in PEOPLE if name != 'scripted']
