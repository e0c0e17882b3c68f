"""A person shows a task at a device: device, arbiter and gate in one loop with the simulation.

The scripted operator knows where the robot is to go; the person moves the device so that it goes
there, with the device's own bytes or messages.
"""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from il_ros.kinematics import chain
from il_ros.teleop.device import DeviceContext
from il_ros.teleop.scripted import ScriptedOperator
from il_ros.types import ControlSource, Floats, Mode
import numpy as np
from teleop.desk import Desk, LIMITS
from teleop.device_conformance import CONTRACT
from teleop.messages import through_bytes
from teleop.person import Person, Wish

TAIL = 21                 # rows after the success: letting go is part of it
Row = tuple[Floats, Floats, Floats]   # state, environment, what the gate sent


class Showing(Desk):
    """A person before the simulated arm.

    Attributes:
        environment: Poses that are seen. Shape (7 * P,).
    """

    def __init__(self, person: Person, env: Any, seed: int) -> None:
        """Take the person, who is there for all that is shown, and a Gymnasium environment."""
        super().__init__(person, np.random.default_rng(seed), Mode.TELEOP)
        self._env, self._operator = env.unwrapped, ScriptedOperator(CONTRACT, seed)
        arm = CONTRACT.arms[0]
        self._tool, self._joints = chain(CONTRACT, arm), CONTRACT.indices(arm.joints)
        gripper = arm.gripper
        self._half, self._grip = (gripper.open + gripper.closed) / 2, CONTRACT.indices(
            [gripper.joint])[0]
        self._waits = 0

    def show(self, seed: int, most_steps: int) -> tuple[list[Row], bool]:
        """Show a task once; return the rows at which the person drove, and the success."""
        values, _ = self._env.reset(seed=seed)
        self._see(values)
        self.stand(self.measured)
        self._operator.reset(seed)
        self.person.begin(self.measured)
        self.intent, self._waits = None, 0
        rows, left = list[Row](), TAIL
        for _ in range(most_steps):
            before = self.measured, self.environment
            self._move(self._wish())
            step = self.tick()
            if step is not None and step.source is ControlSource.HUMAN:
                rows.append((*before, self._sent.copy()))
            values, _, done, *_ = self._env.step(self._sent)
            self._see(values)
            left -= bool(done)
            if not left or self.gate.fault:
                break
        return rows, not left

    def hear(self, context: DeviceContext, garbled: bool) -> DeviceContext:
        """Return what the device is told, messages through their bytes."""
        context = super().hear(replace(context, environment=self.environment), garbled)
        return replace(context, heard=through_bytes(context.heard, self.person.device.wants))

    def _see(self, values: Any) -> None:
        # Contacts press joints past a limit.
        self.measured = np.clip(values['observation.state'], LIMITS.lower, LIMITS.upper)
        self.environment = values['observation.environment_state']

    def _take(self, decision) -> None:
        measured = self.measured      # it is where the simulation says, not where it was sent
        super()._take(decision)
        self.measured = measured

    @property
    def _drives(self) -> bool:
        return bool(self.intent and self.intent.engaged)

    def _wish(self) -> Wish:
        joints = self._operator.act(self.measured, self.environment, self.now.ros_ns,
                                    self._drives)
        grip = bool(joints[self._grip] < self._half)
        told = self.intent.positions[self._grip] < self._half if self._drives else grip
        return Wish(joints, self._tool.forward(self.measured[self._joints]),
                    self._tool.forward(joints[self._joints]), grip, grip != bool(told))

    def _move(self, wish: Wish) -> None:
        """Engage, and anew after the device has let go; steer while it drives."""
        if self._drives and self.person.held:
            self._waits = 0
            self.person.steer(wish)
        elif self._waits % 3 == 0:
            self.person.engage(False)
        elif self._waits % 3 == 1:
            self.person.engage(True)
        self._waits += not self._drives
