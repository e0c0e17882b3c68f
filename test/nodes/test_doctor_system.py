"""Clock, transport and controllers: the doctor's lines, and a clock that a robot publishes."""
from __future__ import annotations

from il_ros.checks import Outcome
from il_ros.contract import Contract
from il_ros.nodes import shell
from il_ros.nodes.clients.doctor_system import check_clock, check_controllers, check_transport
from nodes.robot import Robot
from nodes.test_doctor import contract, doctor, DOMAIN
import pytest
from rosgraph_msgs.msg import Clock
from std_srvs.srv import Trigger

UR5E = Contract.load('ur5e_realsense')
COMMANDS = [UR5E.command, UR5E.gripper.command]
JTC, GRIPPER = 'scaled_joint_trajectory_controller', 'gripper_controller'


def test_active_controllers_pass():
    checks = list(check_controllers(COMMANDS, {JTC: 'active', GRIPPER: 'active', 'x': 'inactive'}))
    assert [(c.outcome, c.text) for c in checks] == [
        (Outcome.PASS, f'{JTC} is active'), (Outcome.PASS, f'{GRIPPER} is active')]


def test_what_is_inactive_or_absent_is_named_with_what_to_do():
    inactive, absent = check_controllers(COMMANDS, {JTC: 'inactive'})
    assert (inactive.outcome, inactive.text) == (
        Outcome.FAIL, f'{JTC} is inactive: ros2 control switch_controllers --activate {JTC}')
    assert (absent.outcome, absent.text) == (
        Outcome.FAIL, f"/gripper_controller/commands: no controller 'gripper_controller' is "
                      f'loaded (loaded: {JTC}); load it, or correct the contract')


@pytest.mark.parametrize(('robot', 'index'), [('fr3_impedance', 0), ('xarm7', 1), ('tiago', 3)])
def test_what_a_driver_may_take_itself_needs_no_controller(robot, index):
    command = Contract.load(robot).commands[index]
    check, = check_controllers([command], {JTC: 'active'})
    assert check.outcome is Outcome.SKIP
    assert check.text.startswith(f'{command.name}: no controller ')


@pytest.mark.parametrize('publishers, problem, outcome, text', [
    ([], '', Outcome.PASS, 'system time'),
    (['gazebo'], '', Outcome.PASS, '/clock of gazebo, 0.50 x real time'),
    (['a', 'b'], '', Outcome.FAIL, 'a, b all publish /clock; stop all but one'),
    (['gazebo'], 'ROS time stands', Outcome.FAIL, 'ROS time stands'),
    ([], 'ROS time jumped', Outcome.FAIL, 'ROS time jumped: the system clock steps; let chrony or '
                                          'ntpd slew it')])
def test_clocks(publishers, problem, outcome, text):
    assert check_clock(publishers, problem, 0.5)[1:] == (outcome, text)


def test_transport(tmp_path):
    profile = tmp_path / 'a.xml'
    profile.write_text('<dds/>')
    found = [list(check_transport(environ, 'rmw_fastrtps_cpp'))[1] for environ in (
        {'FASTRTPS_DEFAULT_PROFILES_FILE': str(profile)},
        {'FASTRTPS_DEFAULT_PROFILES_FILE': '/not/there.xml'}, {})]
    assert [c.outcome for c in found] == [Outcome.PASS, Outcome.FAIL, Outcome.FAIL]
    assert found[0].text == f'Fast DDS, {profile}'
    assert found[1].text.startswith('FASTRTPS_DEFAULT_PROFILES_FILE names /not/there.xml, which')
    reach, other = check_transport({'ROS_DOMAIN_ID': '7'}, 'rmw_cyclonedds_cpp')
    assert reach.text == 'SUBNET, ROS domain 7'
    assert other.outcome is Outcome.SKIP and other.text.startswith('rmw_cyclonedds_cpp: ')


def test_a_clock_that_stands_and_a_controller_manager_are_seen(tmp_path):
    with Robot(DOMAIN) as robot:
        clock = robot.node.create_publisher(Clock, '/clock', shell.STREAM)
        robot.node.create_timer(
            0.05, lambda: clock.publish(Clock(clock=shell.to_stamp(10**12))))
        robot.node.create_service(Trigger, 'controller_manager/list_controllers',
                                  lambda _, response: response)
        code, lines = doctor('--robot', contract(tmp_path), '--timeout-s', 10, robot=robot)
    assert code == 1
    line, = (line for line in lines if line.startswith('fail  clock: '))
    assert 'ROS time stands still for' in line
    assert any('ros2_control runs, but its messages are not installed' in line or
               'does not answer' in line for line in lines)
    assert any(line.startswith('pass  transport: Fast DDS, ') for line in lines)
    assert any(line.startswith(f'pass  discovery: LOCALHOST, ROS domain {DOMAIN}')
               for line in lines)
    assert 'pass  scene: the arm keeps 10 mm from itself and table' in lines
