"""Looks at a running graph: does every stream of the contract come as it should?"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
import time
from typing import Any

from il_ros.alignment.reader import StreamReader
from il_ros.alignment.stamps import believed_ns
from il_ros.checks import Check, failed, passed
from il_ros.contract import CommandInterface, Contract, State, Stream
from il_ros.errors import MessageError
from il_ros.nodes import shell
from il_ros.nodes.clients.doctor_joints import look_at_joints
from il_ros.nodes.clients.doctor_system import (
    check_clock,
    check_nodes,
    controllers,
    discovered,
    transport,
)
from il_ros.nodes.clients.namespace import namespace_of
from il_ros.nodes.shared.interfaces import message_type
from il_ros.nodes.shared.preflight import command_problem, publishers, stream_problem
from il_ros.safety.clock import ClockWatch
from il_ros.timing import to_ns, to_s
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

LEAST_RATE, MEASURE_S = 0.8, 1.5   # share of the contract's rate; for how long


class Doctor:
    """A visitor in the graph; looks and commands nothing.

    Args:
        contract: The robot.
        namespace: Where its topics are.
        timeout_s: How long to wait for what does not show.
    """

    def __init__(self, contract: Contract, namespace: str, timeout_s: float) -> None:
        self._contract, self._timeout_s = contract, timeout_s
        shell.prepare_transport()
        self._context = rclpy.Context()
        self._context.init()
        self._node = rclpy.create_node('il_ros_doctor', namespace=namespace_of(namespace),
                                       context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._messages: dict[str, list[tuple[int, Any]]] = {t: [] for t in contract.topics}
        self._clock_problem = ''

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def checks(self) -> Iterator[Check]:
        """Look at transport, clock, streams, commands and nodes, one after the other."""
        yield from transport()
        self._listen()
        yield self._clock()
        for stream in self._contract.streams:
            yield self._stream(stream)
        for command in self._contract.commands:
            yield self._command(command)
        yield from controllers(self._node, self._contract.commands, self._wait)
        yield from check_nodes(discovered(self._node, self._executor, self._timeout_s))

    def _listen(self) -> None:
        """Wait until all is there, or for the timeout; then measure for a while."""
        for stream in self._contract.streams:
            self._node.create_subscription(
                message_type(stream.type), stream.topic,
                lambda message, topic=stream.topic: self._messages[topic].append(
                    (shell.now_ns(self._node), message)), shell.SENSOR)
        end = time.monotonic() + self._timeout_s
        while time.monotonic() < end and not (all(self._messages.values()) and all(
                not command_problem(self._node, command) for command in self._contract.commands)):
            self._executor.spin_once(timeout_sec=0.05)
            if self._node.count_publishers('/clock'):
                self._node.set_parameters([Parameter('use_sim_time', value=True)])
        for messages in self._messages.values():
            messages.clear()
        watch, self._began = ClockWatch(1.0), shell.now(self._node)
        while (now := shell.now(self._node)).steady_ns < self._began.steady_ns + to_ns(MEASURE_S):
            self._clock_problem = watch.look(now) or self._clock_problem
            self._executor.spin_once(timeout_sec=0.05)
        self._ended = now

    def _wait(self, condition: Callable[[], bool]) -> bool:
        end = time.monotonic() + self._timeout_s
        while time.monotonic() < end and not condition():
            self._executor.spin_once(timeout_sec=0.05)
        return condition()

    def _clock(self) -> Check:
        names = [info.node_name for info in self._node.get_publishers_info_by_topic('/clock')]
        steady_ns = self._ended.steady_ns - self._began.steady_ns
        speed = (self._ended.ros_ns - self._began.ros_ns) / steady_ns
        return check_clock(names, self._clock_problem, speed)

    def _stream(self, stream: Stream) -> Check:
        if problem := stream_problem(self._node, stream):
            return failed(stream.topic, problem)
        came = self._messages[stream.topic]
        if not came:
            driver = self._node.get_publishers_info_by_topic(stream.topic)[0].node_name
            return failed(stream.topic, f'{driver} advertises it, but nothing came; see its log')
        return self._content(stream, came)

    def _content(self, stream: Stream, came: list[tuple[int, Any]]) -> Check:
        remark = ''
        try:
            if isinstance(stream, State):
                came, remark = look_at_joints(self._contract, stream.topic, came, MEASURE_S,
                                              publishers(self._node, stream.topic))
            else:
                StreamReader(self._contract).look_at(stream.topic, [m for _, m in came])
        except MessageError as error:
            return failed(stream.topic, str(error).removeprefix(f'{stream.topic}: '))
        rate = len(came) / MEASURE_S
        age_s = median(to_s(now_ns - believed_ns(stream, m, now_ns)) for now_ns, m in came)
        text = f'{rate:.0f} Hz, {age_s * 1e3:.0f} ms old'
        if rate < LEAST_RATE * stream.rate_hz:
            return failed(stream.topic, f'{text}; expected {stream.rate_hz:g} Hz: check the '
                                        'driver, the network and the load of this machine')
        if not -stream.max_age_s <= age_s <= stream.max_age_s:
            return failed(stream.topic, f'{text}; expected at most {stream.max_age_s:g} s: check '
                                        'its stamps and clock, or declare stamp: arrival')
        return passed(stream.topic, text + remark)

    def _command(self, command: CommandInterface) -> Check:
        if problem := command_problem(self._node, command):
            return failed(command.name, problem)
        if command.action:
            return passed(command.name, 'its server is there; other clients are invisible')
        listeners = self._node.get_subscriptions_info_by_topic(command.name)
        gate = f'{self._node.get_namespace().rstrip("/")}/command_gate'
        others = sorted({name.rpartition('/')[2] for name in publishers(self._node, command.name)
                         if name != gate})
        if others:
            return failed(command.name, f'{", ".join(others)} publishes commands beside the '
                                         'gate; stop it')
        return passed(command.name, f'{listeners[0].node_name} listens')
