"""Joints that a robot moves by velocities, on the way that the gate's positions go."""
from __future__ import annotations

import time

from il_ros.contract import Contract
from il_ros.nodes.gate.topic_sinks import ArraySink
from il_ros.safety.interpolation import Setpoints
from il_ros.safety.measured import Measured
from il_ros.safety.speeds import Speeds
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

LOOK_S = 0.005
MISSED = 1.5  # periods without a position after which they stand still


class Driven:
    """Sends velocities while positions come; such a controller goes on until it is told zero.

    So zero is sent where the gate holds, where no position comes in time, and on disarming.
    """

    def __init__(self, node: Node, contract: Contract, speed: float,
                 measured: Measured) -> None:
        """Advertise the topics.

        Args:
            node: The gate.
            contract: Names them.
            speed: Robot time per steady time.
            measured: Where the robot is.
        """
        self.sinks = [ArraySink(node, interface, contract)
                      for interface in contract.commands if interface.by_velocity]
        self._speeds, self._measured = Speeds(contract), measured
        self._silent_ns = round(MISSED * contract.period_ns / speed)
        self._heard_ns = 0
        self._still = np.zeros(len(contract.joints))
        self.rests = self._stopped = True
        if self.sinks:
            node.create_timer(LOOK_S, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def heard(self, held: bool) -> None:
        """Take in that the gate has sent a position, or holds."""
        self.rests, self._stopped, self._heard_ns = held, False, time.monotonic_ns()
        if held:
            self._rest()

    def stop(self) -> None:
        """Send zero once, then nothing."""
        if not self._stopped:
            self._rest()
        self._stopped = True

    def drive(self, before: Floats, after: Floats, step_ns: int) -> None:
        """Send the velocities from where the robot should be now to where it goes; (J,) each."""
        if self.sinks and not self.rests:
            self._send(self._speeds.of(before, after, self._measured.whole, step_ns / SECOND))

    def _look(self) -> None:
        if not self.rests and time.monotonic_ns() - self._heard_ns > self._silent_ns:
            self._rest()

    def _rest(self) -> None:
        self.rests = True
        self._send(self._still)

    def _send(self, velocities: Floats) -> None:
        for sink in self.sinks:
            sink.send(Setpoints(velocities[None], velocities[None], (0,)))
