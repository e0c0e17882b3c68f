"""What everybody who has a device in their hands can do; `people` has them, device by device."""
from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from il_ros.teleop.device import Device, DeviceContext
from il_ros.teleop.inputs import Heard, Pad, Value
from il_ros.teleop.tool_jog import SPEED, TURN
import numpy as np
import pinocchio as pin

ODD = (np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, -0.0, 90.0)
LATE_NS = (0, 0, 0, 0, 50_000_000, 120_000_000, 300_000_000, -1_000_000, 10**18)
MOST = 12     # inputs of a kind between two readings; a flood is 300
SOON_S = 0.12                                         # in which a person wants to be there
FULL = np.array([SPEED] * 3 + [TURN] * 3)             # speed of the tool by any device


class Wish(NamedTuple):
    """Where a person who shows something wants the robot in a moment.

    Attributes:
        joints: What the scripted operator would tell it [rad] or [m]. Shape (J,).
        at: Where the tool is [m], and its rotation. Shapes (3,), (3, 3).
        to: Where it would be with those joints; likewise.
        grip: Whether the gripper is to be closed.
        toggle: Whether it is told otherwise now.
    """

    joints: np.ndarray
    at: tuple[np.ndarray, np.ndarray]
    to: tuple[np.ndarray, np.ndarray]
    grip: bool
    toggle: bool

    @property
    def left(self) -> np.ndarray:
        """The tool's way left: along x y z [m] and about them [rad]. Shape (6,)."""
        return np.concatenate([self.to[0] - self.at[0], pin.log3(self.to[1] @ self.at[1].T)])

    @property
    def velocity(self) -> np.ndarray:
        """The velocity that a person gives the tool, in shares of full speed. Shape (6,)."""
        return np.clip(self.left / SOON_S / FULL, -1.0, 1.0)


class Clutch:
    """A hand goes as the tool is to go, from where both were when it engaged."""

    def __init__(self, to_robot: np.ndarray) -> None:
        """Take the rotation from the hand's frame to the robot's. Shape (3, 3)."""
        self._to_robot, self._from = to_robot, None

    def engage(self) -> None:
        """Begin anew with the next `move`."""
        self._from = None

    def move(self, wish: Wish, at: np.ndarray, quaternion: np.ndarray
             ) -> tuple[np.ndarray, np.ndarray]:
        """Return where the hand is to be, and how turned; `at` is where it is. (3,), (4,)."""
        if self._from is None:
            self._from = wish.at, np.array(at), pin.Quaternion(np.array(quaternion)).matrix()
        (tool, turned), began, began_turned = self._from
        back = self._to_robot.T
        way = back @ wish.to[1] @ turned.T @ self._to_robot
        return (began + back @ (wish.to[0] - tool),
                pin.Quaternion(way @ began_turned).coeffs())


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

    def begin(self, state: np.ndarray) -> None:
        """Put the device in the robot's place before an episode; it was reset, so it let go."""
        self.engage(False)

    def steer(self, wish: Wish) -> None:
        """Move the device so that the robot goes there."""
        raise NotImplementedError

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
