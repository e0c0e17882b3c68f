"""The robot's own URDF, over DDS: who publishes it, who does not, and who disagrees."""
from dataclasses import replace

from il_ros.errors import ConfigError
from il_ros.kinematics import find_urdf
from il_ros.nodes.shared.robot import LATCHED, with_urdf
from nodes.harness import next_domain, running
from nodes.peer import Peer
from nodes.robot import CONTRACT
import pytest
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Int32, String
import yaml

DOMAIN = next_domain()
TOPIC = replace(CONTRACT, urdf='topic:urdf')
TEXT = find_urdf(CONTRACT).read_text()
VOLATILE = QoSProfile(depth=1, durability=DurabilityPolicy.VOLATILE)


@pytest.fixture
def peer():
    with Peer(DOMAIN, 'driver') as peer:
        yield peer


@pytest.fixture
def visitor(peer):
    """Return a node of the robot's namespace that nothing spins, with a participant of its own."""
    context = rclpy.Context()
    context.init(domain_id=DOMAIN)
    node = rclpy.create_node('visitor', namespace='/left', context=context)
    yield node
    node.destroy_node()
    context.try_shutdown()


def tell(peer, text=TEXT, topic='/left/urdf', kind=String, qos=LATCHED):
    publisher = peer.node.create_publisher(kind, topic, qos)
    if text is not None:
        publisher.publish(kind(data=text))
    return publisher


def test_the_latched_text_of_the_namespace_is_taken(peer, visitor):
    tell(peer, 'not ours', '/urdf')
    tell(peer)
    tell(peer, None)    # who says nothing disagrees with nobody
    told = with_urdf(visitor, TOPIC)
    assert (told, told.urdf_text) == (TOPIC, TEXT)
    assert with_urdf(visitor, CONTRACT) is CONTRACT


@pytest.mark.parametrize(('offer', 'error'), [
    ([], "nothing came on /left/urdf within 0.5 s: nobody publishes it; start the robot's driver "
         '(robot_state_publisher), or name a file in the contract'),
    ([{'text': None}], 'nothing came on /left/urdf within 0.5 s: /driver advertises it but sent '
                       'nothing; see its log'),
    ([{'qos': VOLATILE}], 'nothing came on /left/urdf within 0.5 s: QoS of driver: '),
    ([{'kind': Int32, 'text': 1}], 'nothing came on /left/urdf within 0.5 s: expected '
                                   'std_msgs/msg/String, driver has std_msgs/msg/Int32; correct '
                                   'the contract'),
    ([{}, {'text': TEXT + ' '}], '/driver, /driver publish different ones on /left/urdf; stop '
                                 'all but the one of this robot'),
    ([{'text': '<sdf/>'}], 'the URDF of /left/urdf: not a URDF that can be read: expected '
                           '<robot>, got <sdf>')])
def test_what_is_wrong_with_it_is_one_line(peer, visitor, offer, error):
    publishers = [tell(peer, **each) for each in offer]
    with pytest.raises(ConfigError) as raised:
        with_urdf(visitor, TOPIC, 0.5 if 'within' in error else 20.0)
    assert error in str(raised.value)
    assert '\n' not in str(raised.value)
    assert len(publishers) == len(offer)


def test_a_node_takes_it_with_its_contract_and_ends_with_one_line_where_it_is_wrong(
        peer, tmp_path):
    file = tmp_path / 'robot.yaml'
    file.write_text(yaml.safe_dump(yaml.safe_load(TOPIC.to_text()) | {'urdf': 'topic:/urdf'}))
    tell(peer, TEXT.replace('"tool"', '"hand"'), '/urdf')
    with running('command_gate', DOMAIN, tmp_path / 'log.txt', parameters={'robot': file}) as gate:
        assert gate.process.wait(60) == 2
    assert gate.output == (
        "the URDF of /urdf: no link 'tool'; valid: base, forearm_link, hand, left_finger, "
        'right_finger, shoulder_link, upper_arm_link, wrist_1_link, wrist_2_link, '
        'wrist_3_link\n')
