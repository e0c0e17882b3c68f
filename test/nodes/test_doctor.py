"""`il_ros doctor` as a process beside a robot in the test."""
from __future__ import annotations

import subprocess
import sys

from il_ros.config import parse_yaml
from il_ros.errors import ConfigError, MessageError
from il_ros.nodes import shell
from il_ros.nodes.clients.client import Client
from il_ros.nodes.clients.doctor_joints import look_at_joints
from il_ros.nodes.clients.namespace import namespace_of
from il_ros.timing import MILLISECOND, SECOND
from nodes.harness import environment, next_domain, ROOT
from nodes.robot import CONTRACT, Robot, START
import pytest
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image, JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory
import yaml

DOMAIN = next_domain()


def contract(folder, **changes):
    """Write a contract of the test's robot: joints only, rates for a busy machine."""
    data = parse_yaml(CONTRACT.to_text(), 'test')
    data |= {'cameras': [], **changes}
    del data['poses']
    data['state'] |= {'rate_hz': 10.0, 'max_age_s': 1.0}
    path = folder / 'robot.yaml'
    path.write_text(yaml.safe_dump(data))
    return path


def doctor(*arguments, robot=None):
    """Run the command while the robot spins; return the exit code and the lines."""
    process = subprocess.Popen(
        [sys.executable, '-c', 'from il_ros.cli import main; main()', 'doctor',
         *map(str, arguments)], cwd=ROOT, env=environment(DOMAIN), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if robot:
        robot.until(lambda: process.poll() is not None, 'doctor', 60)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output.splitlines()


def test_without_a_robot_every_stream_is_named_and_the_code_is_1(tmp_path):
    code, lines = doctor('--robot', contract(tmp_path), '--timeout-s', 0.5)
    assert code == 1
    assert [line for line in lines if line.startswith('fail')] == [
        'fail  joint_states: nobody publishes it; start its driver, or correct the topic in the '
        'contract',
        'fail  joint_trajectory_controller/joint_trajectory: nobody listens to commands; start '
        'the controller, or correct the topic in the contract']
    assert 'skip  node command_gate: does not run: ros2 run il_ros command_gate' in lines
    assert any(line.startswith('pass  contract: sim_arm: 7 joints, 0 cameras') for line in lines)


def test_a_healthy_robot_passes(tmp_path):
    with Robot(DOMAIN) as robot:
        code, lines = doctor('--robot', contract(tmp_path), '--timeout-s', 20, robot=robot)
    assert code == 0, lines
    line, = (line for line in lines if line.startswith('pass  joint_states: '))
    assert line.endswith("ms old; joints in another order than the contract's, matched by name")
    assert 'pass  joint_trajectory_controller/joint_trajectory: test_robot listens' in lines


def test_what_does_not_fit_is_named(tmp_path):
    changes = {'joints': [*parse_yaml(CONTRACT.to_text(), 'test')['joints'][:6],
                          {'name': 'finger', 'position': [0.0, 0.04], 'velocity': 0.2,
                           'acceleration': 2.0}],
               'gripper': {'joint': 'finger', 'open': 0.04, 'closed': 0.0},
               'urdf': '', 'workspace': None, 'scene': None}
    with Robot(DOMAIN) as robot:
        robot.node.create_publisher(JointTrajectory, CONTRACT.command.topic, 1)
        code, lines = doctor('--robot', contract(tmp_path, **changes), '--timeout-s', 20,
                             robot=robot)
    assert code == 1
    assert [line for line in lines if line.startswith('fail')] == [
        "fail  joint_states: no message names joint 'finger'; came: wrist_3, wrist_2, wrist_1, "
        'elbow, shoulder_lift, shoulder_pan, unrelated, gripper',
        'fail  joint_trajectory_controller/joint_trajectory: test_robot publishes commands beside '
        'the gate; stop it']
    assert 'skip  urdf: the contract names none: the keyboard moves joint by joint' in lines


def test_wrong_types_and_qos_are_named(tmp_path):
    state = {'topic': 'odd', 'type': 'sensor_msgs/JointState'}
    command = {'topic': 'latched', 'type': 'trajectory_msgs/JointTrajectory'}
    with Robot(DOMAIN) as robot:
        robot.node.create_publisher(Image, 'odd', 1)
        robot.node.create_subscription(
            JointTrajectory, 'latched', lambda _: None,
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        code, lines = doctor('--robot', contract(tmp_path, state=state, command=command),
                             '--timeout-s', 4, robot=robot)
    assert code == 1
    assert ('fail  odd: expected sensor_msgs/msg/JointState, test_robot has '
            'sensor_msgs/msg/Image; correct the contract') in lines
    line, = (line for line in lines if line.startswith('fail  latched: QoS of test_robot: '))
    assert 'transient local' in line.lower()


def test_nodes_of_other_namespaces_are_others(tmp_path):
    """Two robots: each doctor counts its own, and one that just started waits for discovery."""
    with Robot(DOMAIN) as robot:
        for space, names in (('left', ('command_gate', 'teleop')), ('right', ('command_gate',)),
                             ('left/deep', ('teleop_capture', 'command_gate'))):
            for name in names:
                robot.executor.add_node(rclpy.create_node(name, namespace=space,
                                                          context=robot.context))
        robot.executor.add_node(rclpy.create_node('teleop', namespace='left',
                                                  context=robot.context))

        def found(*arguments):
            _, lines = doctor('--robot', contract(tmp_path), '--timeout-s', 3, *arguments,
                              robot=robot)
            return [line for line in lines if ' node ' in line]
        assert found('--namespace', 'left') == [
            'pass  node command_gate: runs',
            'skip  node dagger_intervention: does not run: ros2 run il_ros dagger_intervention',
            'fail  node teleop: runs 2 times; stop all but one',
            'skip  node teleop_capture: does not run: ros2 run il_ros teleop_capture',
            'skip  node policy_inference: does not run: ros2 run il_ros policy_inference']
        assert found('--namespace', '/right/')[0] == 'pass  node command_gate: runs'
        assert found()[0] == (
            'skip  node command_gate: does not run: ros2 run il_ros command_gate')
        for node in robot.executor.get_nodes():
            if node is not robot.node:
                robot.executor.remove_node(node)
                node.destroy_node()


@pytest.mark.parametrize('name', ['left arm', 'left-arm', '2nd', 'a//b'])
def test_what_can_be_no_namespace_is_one_line(tmp_path, name):
    with pytest.raises(ConfigError, match=f"^--namespace '{name}': .*; expected a name like "
                                          'left_arm$'):
        namespace_of(name)


@pytest.mark.parametrize(('text', 'space'), [('', '/'), ('left', '/left'), ('/left/', '/left'),
                                             ('left/arm', '/left/arm')])
def test_a_namespace_with_or_without_slashes(text, space):
    assert namespace_of(text) == space


def test_a_client_calls_the_services_of_its_namespace():
    with Robot(DOMAIN) as robot:
        def answers(text):
            return lambda _, answer: Trigger.Response(success=True, message=text)
        nodes = [rclpy.create_node('gate', namespace=space, context=robot.context)
                 for space in ('left', 'right', '')]
        for node in nodes:
            node.create_service(Trigger, 'gate/arm', answers(node.get_namespace()))
            robot.executor.add_node(node)
        for space, expected in (('left', '/left'), ('/right/', '/right'), ('', '/')):
            client = Client(robot.spin, DOMAIN, space)
            try:
                assert client.trigger('gate/arm') == expected
            finally:
                client.close()
        for node in nodes:
            robot.executor.remove_node(node)
            node.destroy_node()


def test_publishers_that_disagree_are_named():
    came = []
    for k in range(20):
        now_ns = SECOND + 5 * k * MILLISECOND
        message = JointState(name=CONTRACT.joint_names,
                             position=(0.0 * START if k % 2 else START).tolist())
        message.header.stamp = shell.to_stamp(now_ns)
        came.append((now_ns, message))
    with pytest.raises(MessageError) as caught:
        look_at_joints(CONTRACT, 'joint_states', came, 0.1, ('/rogue', '/driver'))
    assert str(caught.value) == (
        "joint 'elbow' leaps from 1.200 to 0.000 within 5 ms, which no motion explains; /driver "
        'and /rogue publish joint_states: stop all but one')
    told, remark = look_at_joints(CONTRACT, 'joint_states', came[::2], 0.1)
    assert (len(told), remark) == (10, '')


def test_an_unknown_robot_is_one_line_and_code_2():
    code, lines = doctor('--robot', 'sim_amr')
    assert code == 2
    assert lines == ["il_ros: no config/robots/sim_amr.yaml; did you mean 'sim_arm'? A path to a "
                     'YAML file is accepted too']
