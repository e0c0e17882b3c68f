"""What a stream that cannot be heard makes of recorder and policy at their start."""
from __future__ import annotations

from il_ros.nodes.shared.offers import NAMELESS, owner
from nodes.harness import next_domain, running
from nodes.robot import CONTRACT, Robot
import pytest
from rclpy.topic_endpoint_info import TopicEndpointInfo
from std_msgs.msg import String

DOMAIN = next_domain()


@pytest.mark.parametrize(('name', 'namespace', 'told'), [
    ('gate', '/', '/gate'), ('gate', '/left', '/left/gate'),
    (NAMELESS, '_NODE_NAMESPACE_UNKNOWN_', 'a node that has not told its name yet')])
def test_whose_an_end_of_a_topic_is(name, namespace, told):
    assert owner(TopicEndpointInfo(node_name=name, node_namespace=namespace)) == told


def test_the_recorder_refuses_a_stream_of_another_type(tmp_path):
    with Robot(DOMAIN) as robot, running('teleop_capture', DOMAIN, tmp_path / 'log.txt',
                                         parameters={'output': tmp_path / 'bags'}):
        odd = robot.node.create_publisher(String, CONTRACT.cameras[0].topic, 1)
        robot.until(lambda: robot.call('capture/start').message == (
            f'{CONTRACT.cameras[0].topic}: expected sensor_msgs/msg/Image, test_robot has '
            'std_msgs/msg/String; correct the contract'), 'the refusal')
        robot.node.destroy_publisher(odd)
        robot.until(lambda: CONTRACT.cameras[0].topic in (
            text := robot.call('capture/start').message) and 'std_msgs' not in text,
            'the stream that is absent now')


def test_the_policy_names_topic_and_type_of_what_it_cannot_hear(tmp_path):
    with Robot(DOMAIN) as robot:
        robot.node.create_publisher(String, CONTRACT.poses.topic, 1)
        with running('policy_inference', DOMAIN, tmp_path / 'log.txt') as node:
            robot.until(lambda: f'{CONTRACT.poses.topic}: expected geometry_msgs/msg/PoseArray, '
                        'test_robot has std_msgs/msg/String' in node.output, 'the error')
