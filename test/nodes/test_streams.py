"""Samples of live streams, over DDS: which clock says when they were taken."""
from __future__ import annotations

from dataclasses import replace

from il_ros.contract import VIDEO_TYPES
from il_ros.errors import ConfigError
from il_ros.nodes import shell
from il_ros.nodes.shared.interfaces import message_type
from il_ros.nodes.shared.streams import Streams
from nodes.harness import next_domain, wait_for
from nodes.robot import CONTRACT, START
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CompressedImage, JointState
from video_factory import encode, stripes

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


@pytest.mark.parametrize('kind', ['sensor_msgs/CompressedImage', *VIDEO_TYPES])
def test_pictures_of_a_video_come_as_they_were_sent(executor, kind):
    if kind in VIDEO_TYPES:
        pytest.importorskip(kind.partition('/')[0])
    (node,), topic = executor.get_nodes(), 'wrist/video'
    camera = replace(CONTRACT.cameras[1], topic=topic, type=kind, height=48, width=64)
    contract, pushed = replace(CONTRACT, cameras=(camera,)), []
    Streams(node, contract, lambda _, at_ns, image: pushed.append((at_ns, image))).follow([topic])
    publisher = node.create_publisher(message_type(kind), topic, shell.STREAM)
    wait_for(publisher.get_subscription_count, 'met', 20.0,
             lambda: executor.spin_once(timeout_sec=0.02))
    coded, sent = encode(stripes(30)), []

    def send():
        if len(sent) < len(coded):
            now_ns, data = shell.now_ns(node), coded[len(sent)]
            sent.append(now_ns)
            publisher.publish(_message(kind, now_ns, data))
        executor.spin_once(timeout_sec=0.02)

    wait_for(lambda: len(pushed) > 20, 'pictures', 20.0, send)
    for at_ns, image in pushed:
        assert round(float((image[24, :, 0] > 100).sum())) == 2 * sent.index(at_ns)


def _message(kind, now_ns, data):
    if kind == 'foxglove_msgs/CompressedVideo':
        return message_type(kind)(timestamp=shell.to_stamp(now_ns), data=data, format='h264')
    if kind == 'sensor_msgs/CompressedImage':
        message = CompressedImage(format='h264', data=data)
    else:
        message = message_type(kind)(encoding='libx264;yuv420p;bgr8;bgr8', data=data)
    message.header.stamp = shell.to_stamp(now_ns)
    return message


def test_a_package_that_is_missing_is_named_with_what_to_install():
    with pytest.raises(ConfigError, match='^no_such_msgs/Picture needs no_such_msgs: sudo apt '
                                          'install ros-jazzy-no-such-msgs$'):
        message_type('no_such_msgs/Picture')
