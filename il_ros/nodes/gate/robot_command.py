"""Where the gate's positions go: every interface of the robot, as the contract says."""
from __future__ import annotations

from collections.abc import Iterator
import time

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.nodes import shell
from il_ros.nodes.gate.driven import Driven
from il_ros.nodes.gate.gripper_action import GripperAction
from il_ros.nodes.gate.kinds import sink_of
from il_ros.nodes.gate.sinks import Sink
from il_ros.safety.gate import Gate
from il_ros.safety.interpolation import Interpolator, Setpoints
from il_ros.safety.rules import Sources
from il_ros.timing import SECOND
from il_ros.types import ControlSource, Floats, Verdict
import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node


class RobotCommand:
    """Sends positions to the robot, each interface its part.

    At each of the gate's setpoints, or interpolated at the contract's `command_hz`. Velocities of
    a base are never interpolated: a zero counts at once.
    """

    def __init__(self, node: Node, contract: Contract, gate: Gate, speed: float = 1.0) -> None:
        """Advertise the command topics, and look for the action servers.

        Args:
            node: The gate's node.
            contract: Names topics, types and joints.
            gate: Knows where the robot is, and the turns that it counts.
            speed: Robot time per steady time.

        Raises:
            ConfigError: A type's package is not installed, or the URDF does not fit.
        """
        self._node, self._speed = node, speed
        self._counted, self._angles = gate.counted, Angles.of(contract)
        self._interpolator: Interpolator | None = None
        self._step_ns = contract.period_ns  # that the robot has to reach each position
        if contract.command_hz:
            self._step_ns = round(SECOND / contract.command_hz)
            self._interpolator = Interpolator(contract, self._step_ns)
            self._timer = node.create_timer(self._step_ns / SECOND / speed, self._send_next,
                                            clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._grippers = [GripperAction(node, interface, contract)
                          for interface in contract.commands if interface.action]
        topics = [interface for interface in contract.commands if interface.topic]
        self._bases = [sink_of(node, i, contract) for i in topics if i.of_velocities]
        self._driven = Driven(node, contract, speed, gate.measured)
        arms = [sink_of(node, i, contract) for i in topics
                if not (i.of_velocities or i.by_velocity)]
        self._arms: list[Sink] = list(arms)
        self._hands: list[Sink] = [*self._grippers, *(
            sink for sink in arms if contract.is_gripper[sink.columns].any())]
        self._before: Floats | None = None
        self._holds = True

    @property
    def topics(self) -> list[str]:
        """The resolved names of the command topics."""
        sinks: tuple[Sink, ...] = (*self._bases, *self._driven.sinks, *self._arms)
        return [topic for sink in sinks for topic in sink.topics]

    def problems(self) -> Iterator[str]:
        """Return why grippers behind actions do not follow."""
        yield from filter(None, (gripper.look() for gripper in self._grippers))

    def start(self, positions: Floats) -> None:
        """Begin where the robot stands [rad] or [m]; nothing changes where it is sent already."""
        self._before = positions
        if self._interpolator and not self._interpolator.started:
            self._interpolator.start(positions, self._now_ns())

    def stop(self) -> None:
        """Send nothing until the next start; what velocities move gets a last zero."""
        self._before = None
        if self._interpolator:
            self._interpolator.stop()
        self._driven.stop()
        for sink in (*self._bases, *self._arms, *self._grippers):
            sink.stop()

    def end(self) -> None:
        """Stop, and end only when the robot has heard the last zeros."""
        self.stop()
        for sink in (*self._bases, *self._driven.sinks):
            sink.wait_until_heard()

    def driven_by(self, source: int, sources: Sources) -> None:
        """Take in whose the next row is, and each of its positions, shape (J,)."""
        self._holds = source == ControlSource.HOLD
        for gripper in self._grippers:
            gripper.driven_by(int(sources[gripper.column]))

    def publish(self, positions: Floats, verdict: Verdict) -> None:
        """Send positions in contract order [rad] or [m], or go there. Shape (J,)."""
        self._driven.heard(verdict is Verdict.HELD or self._holds)
        before = positions if self._before is None else self._before
        self._before = positions
        velocity = self._angles.difference(positions, before) * SECOND / self._step_ns
        ahead = Setpoints(positions[None], velocity[None], (self._step_ns,))
        at_once: tuple[Sink, ...] = (*self._bases, *self._grippers)
        for sink in at_once:
            sink.send(ahead)
        if self._interpolator:
            self._interpolator.follow(positions, self._now_ns())
        else:
            self._driven.drive(before, positions, self._step_ns)
            for sink in self._arms:
                sink.send(ahead)

    def grip(self, positions: Floats) -> None:
        """Send the interfaces that have a gripper their part [rad] or [m]. Shape (J,)."""
        row = positions[None]
        for sink in self._hands:
            sink.send(Setpoints(row, np.zeros_like(row), (self._step_ns,)))

    def _now_ns(self) -> int:
        return round(time.monotonic_ns() * self._speed)

    def _late_ns(self) -> int:
        """Return for how long this cycle has been due; the timer keeps its grid."""
        left_ns = self._timer.timer_period_ns - self._timer.time_until_next_call()
        return max(round(left_ns * self._speed), 0)

    def _send_next(self) -> None:
        if not (self._interpolator and self._interpolator.started):
            return
        late_ns, now_ns, ros_ns = self._late_ns(), self._now_ns(), shell.now_ns(self._node)
        before = self._interpolator.last
        now = self._interpolator.command(now_ns - late_ns)
        ahead = self._interpolator.ahead(now)
        counted = np.array([self._counted(row) for row in ahead.positions])
        for sink in self._arms:
            sink.send(ahead._replace(positions=counted, now_ns=ros_ns - late_ns))
        self._driven.drive(before, now.positions, self._step_ns)
