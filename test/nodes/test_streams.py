"""Samples of live streams, over DDS: which clock says when they were taken."""
from __future__ import annotations

from dataclasses import replace

from il_ros.nodes import shell
from il_ros.nodes.shared.streams import Streams
from nodes.harness import next_domain, wait_for
from nodes.robot import CONTRACT, START
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState

DOMAIN = next_domain()
SECOND = 10 ** 9


@pytest.fixture
def executor():
    context = rclpy.Context()
    context.init(domain_id=DOMAIN)
    node = rclpy.create_node('test_streams', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    yield executor
    executor.shutdown()
    node.destroy_node()
    context.try_shutdown()


@pytest.mark.parametrize('stamp, ahead_s, counts', [
    ('arrival', None, 'arrival'), ('arrival', -100, 'arrival'), ('arrival', 100, 'arrival'),
    (None, -100, 'header'), (None, 100, None), (None, None, None)])
def test_header_or_arrival(executor, stamp, ahead_s, counts):
    (node,) = executor.get_nodes()
    contract = replace(CONTRACT, state=replace(CONTRACT.state, stamp=stamp))
    pushed: list[int] = []
    seen: list[JointState] = []
    Streams(node, contract, lambda topic, stamp_ns, value: pushed.append(stamp_ns)).follow(
        [contract.state.topic])
    node.create_subscription(JointState, contract.state.topic, seen.append, shell.SENSOR)
    publisher = node.create_publisher(JointState, contract.state.topic, shell.STREAM)
    began, sent = shell.now_ns(node), []

    def send():
        message = JointState(name=CONTRACT.joint_names, position=START.tolist())
        if ahead_s is not None:
            sent.append(shell.now_ns(node) + ahead_s * SECOND)
            message.header.stamp = shell.to_stamp(sent[-1])
        publisher.publish(message)
        executor.spin_once(timeout_sec=0.02)

    wait_for(lambda: len(seen) > 3 and (pushed or counts is None), 'samples', 20.0, send)
    if counts is None:
        assert pushed == []
    elif counts == 'header':
        assert set(pushed) <= set(sent)
    else:
        assert all(began <= at <= shell.now_ns(node) for at in pushed)
