"""Two robots in two namespaces of one machine, and one operator before both."""
from __future__ import annotations

from contextlib import ExitStack
import signal
import time

from il_ros.msg import Command, CommandReport, ControlMode, HelpRequest, TeleopCommand
from il_ros.nodes import shell
from nodes.harness import next_domain, running, wait_for
from nodes.robot import CONTRACT, Robot
import numpy as np
import pytest
from sensor_msgs.msg import JointState, Joy
import yaml

DOMAIN = next_domain()
NAMES = ('a', 'b')
RB, LB, RIGHT = 10, 9, 14


@pytest.fixture
def contract(tmp_path):
    """The arm without cameras and poses, with states that may be 1 s old: this machine is busy."""
    data = yaml.safe_load(CONTRACT.to_text())
    data |= {'cameras': []}
    del data['poses']
    data['state']['max_age_s'] = 1.0
    path = tmp_path / 'arm.yaml'
    path.write_text(yaml.safe_dump(data))
    return path


@pytest.fixture
def start(tmp_path):
    """Start a node in a namespace; all end with the test."""
    with ExitStack() as stack:
        def begin(executable, name='', **parameters):
            return stack.enter_context(running(
                executable, DOMAIN, tmp_path / f'{executable}_{name}.txt', parameters=parameters,
                remaps={'__ns': f'/{name}'} if name else None))
        yield begin


@pytest.fixture
def robots():
    with ExitStack() as stack:
        yield {name: stack.enter_context(Robot(DOMAIN, namespace=name)) for name in NAMES}


def until(robots, condition, what, each=lambda: None):
    def turn():
        for robot in robots.values():
            robot.spin()
        each()
    return wait_for(condition, what, 30.0, turn)


def test_one_robot_is_killed_and_the_other_does_not_notice(contract, start, robots):
    joints, goal = {name: [] for name in NAMES}, {'a': 0.2, 'b': -0.2}
    simulated = {name: start('sim_robot', name, robot=contract, cameras=False) for name in NAMES}
    gates = {name: start('command_gate', name, robot=contract, watchdog_s=1.0) for name in NAMES}
    for name, robot in robots.items():
        robot.sends_states = False
        robot.node.create_subscription(JointState, 'joint_states', joints[name].append, 10)
    until(robots, lambda: all(joints.values()), 'joint states of both')
    senders = {}
    for name, robot in robots.items():
        until(robots, lambda robot=robot: robot.call('gate/arm').success, f'{name} armed')

        def row(name=name, robot=robot):
            target = np.array(CONTRACT.start)
            target[0] = goal[name]
            return robot.fill(Command(source=Command.HUMAN), target)
        senders[name] = robot.sender(robot.publisher(Command, 'control/command'), row)

    def send():
        for sender in senders.values():
            sender()

    def reached(name):
        return abs(joints[name][-1].position[0] - goal[name]) < 0.02
    until(robots, lambda: reached('a') and reached('b'), 'each at its own goal', send)
    simulated['a'].send(signal.SIGKILL)
    until(robots, lambda: any(report.verdict == CommandReport.HELD
                              for report in robots['a'].reports), 'a is held', send)
    gates['a'].send(signal.SIGKILL)
    goal['b'] = 0.3
    until(robots, lambda: reached('b'), 'b goes on', send)
    assert {report.verdict for report in robots['b'].reports} <= {
        CommandReport.PASSED, CommandReport.CLAMPED}
    assert 'HELD' not in gates['b'].output and 'foreign' not in gates['b'].output


class Operator:
    """A gamepad in the station's namespace, which is the root."""

    def __init__(self, robot):
        self.held, self.ahead = set(), 0.0
        pads = robot.node.create_publisher(Joy, '/joy', shell.STREAM)
        self.send = robot.sender(pads, lambda: Joy(
            axes=[0.0, self.ahead, 0.0, 0.0, 0.0, 0.0],
            buttons=[int(button in self.held) for button in range(21)]))


def test_two_robots_ask_and_the_operator_answers_one_after_the_other(contract, start, robots):
    drives = {name: [] for name in NAMES}       # when a row of the operator came [ns]
    arbiters = {name: start('dagger_intervention', name, robot=contract, mode='paused')
                for name in NAMES}
    station = start('teleop', robot=contract, device='gamepad', robots='[a, b]')
    operator = Operator(robots['a'])
    told = {name: [] for name in NAMES}
    for name, robot in robots.items():
        robot.node.create_subscription(TeleopCommand, 'teleop/command', told[name].append, 100)
        robot.node.create_subscription(Command, 'control/command', lambda m, name=name: (
            drives[name].append(shell.stamp_ns(m.header.stamp))
            if m.source == Command.HUMAN else None), 100)

    def modes(name):
        return [message.mode == ControlMode.CORRECTING for message in robots[name].modes]

    def driven(name):
        return modes(name)[-1:] == [True]

    def insist(name, ahead):
        """Hold the switch; let go and hold it anew where a starved machine has stopped the arm."""
        held = not any(m.mode == ControlMode.HOLD for m in robots[name].modes[-1:]) or (
            int(2 * time.monotonic()) % 2)
        operator.held, operator.ahead = {RB} if held else set(), ahead if driven(name) else 0.0
        operator.send()
    until(robots, lambda: all(told.values()), 'released samples', operator.send)
    asks = {name: robot.publisher(HelpRequest, 'dagger/request') for name, robot in robots.items()}
    for name in ('b', 'a'):
        asks[name].publish(HelpRequest(source_id='help_gate', active=True, reason=f'{name} errs'))
        until(robots, lambda name=name: f'{name}: help_gate asks for help: {name} errs' in
              station.output, f'{name} asks', operator.send)
    answered = []
    for name in ('b', 'a'):
        operator.held = {LB, RIGHT}
        until(robots, lambda name=name: f'the device is at {name}' in station.output,
              f'at {name}', operator.send)
        operator.held = set()
        count = len(told[name])
        until(robots, lambda name=name, count=count: len(told[name]) > count + 3, 'hands off',
              operator.send)
        until(robots, lambda name=name: driven(name), f'{name} obeys',
              lambda name=name: insist(name, 0.0))
        count = len(drives[name])
        until(robots, lambda name=name, count=count: len(drives[name]) > count + 20,
              f'{name} is moved', lambda name=name: insist(name, 1.0))
        answered.append(name)
        other, = set(NAMES) - {name}
        assert not driven(other), 'never do both obey'
        asks[name].publish(HelpRequest(source_id='help_gate', active=False))
        operator.held, operator.ahead = {RB}, 0.0
    assert answered == ['b', 'a']
    assert max(drives['b']) < min(drives['a']), 'b was let go of before a obeyed'
    until(robots, lambda: not driven('b'), 'going to a has let go of b')
    assert robots['b'].modes[-1].reason.startswith('gamepad released')
    assert all(process.process.poll() is None for process in (*arbiters.values(), station))
