"""One operator before several robots: the device drives one, the others' requests queue."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from il_ros.teleop.device import Device, DeviceContext, Intent
from il_ros.teleop.inputs import Input
import numpy as np


class Station:
    """Gives one device to one robot at a time.

    Each robot has a device of its own kind of joints behind the same keys or sticks; only that of
    the driven robot is read. The others are told at every reading that nobody is engaged: what
    letting go means to them, each arbiter knows. The device goes to another robot when the
    operator says so, never by itself, and drives it once engaged anew.

    Attributes:
        driven: The robot that the device drives, or would.
    """

    def __init__(self, devices: Mapping[str, Device]) -> None:
        """Begin with the first robot.

        Args:
            devices: By name of the robot.
        """
        self._devices = dict(devices)
        self._names = list(devices)
        self._asking: list[str] = []   # who asked first stands first
        self.driven = self._names[0]

    @property
    def wants(self) -> tuple[Input, ...]:
        """What the device listens to, whichever robot it drives."""
        return self.device.wants

    @property
    def device(self) -> Device:
        """The device of the driven robot."""
        return self._devices[self.driven]

    def read(self, contexts: Mapping[str, DeviceContext],
             unseen: Collection[str] = ()) -> dict[str, Intent]:
        """Return what each robot is told; none for one whose device cannot tell.

        Args:
            contexts: Of every robot.
            unseen: Robots whose state is not known. They are told nothing; of the operator before
                one only the wish for another robot counts.
        """
        asking = [name for name in self._names if contexts[name].help]
        self._asking = [name for name in self._asking if name in asking] + [
            name for name in asking if name not in self._asking]
        told = {name: released(context) for name, context in contexts.items()
                if name not in unseen and name != self.driven}
        before, others = self.driven, [name for name in self._asking if name != self.driven]
        intent = self.device.read(replace(contexts[before], asking=tuple(others)))
        if before in unseen:
            self.device.reset(0)
        elif intent:
            told[before] = intent
        if intent and intent.switch:
            number = self._names.index(before) + 1
            self.device.reset(0)
            self.driven = (*others, self._names[number % len(self._names)])[0]
            self.device.reset(0)   # whatever is held by now counts for nothing
        return told

    def reset(self, robot: str, seed: int) -> None:
        """Begin an episode of one robot: its device lets go."""
        self._devices[robot].reset(seed)

    def close(self) -> None:
        """Give the device back."""
        for device in self._devices.values():
            device.close()


def released(context: DeviceContext) -> Intent:
    """Return that nobody drives: as measured, with a base at rest."""
    return Intent(False, np.where(context.velocities, 0.0, context.state))
