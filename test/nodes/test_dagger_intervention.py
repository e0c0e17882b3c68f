"""The arbiter, alone and with the gate, as processes; the test is the robot, policy and pad."""
from __future__ import annotations

import json
import signal

from il_ros.msg import (
    ActionChunk,
    Command,
    CommandReport,
    ControlMode,
    HelpRequest,
    TeleopCommand,
)
from il_ros.nodes import shell
from il_ros.types import ControlSource
from nodes.harness import next_domain, NodeProcess, running
from nodes.robot import CONTRACT, patient, Robot, START
import numpy as np
import pytest
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

DOMAIN = next_domain()
HUMAN_ROW = START + np.array([0.002, 0, 0, 0, 0, 0, 0])
POLICY_ROW = START - np.array([0.002, 0, 0, 0, 0, 0, 0])


@pytest.fixture
def robot():
    with Robot(DOMAIN, follow=False) as robot:
        yield robot


class Sides:
    """A device and a policy in the test; each call of the object sends what is due."""

    def __init__(self, robot: Robot) -> None:
        self.robot = robot
        self.engaged: bool | None = False   # None: the device is silent
        self.policy, self.position = True, HUMAN_ROW
        pad = robot.publisher(TeleopCommand, 'teleop/command')
        chunks = robot.publisher(ActionChunk, 'policy/chunk')
        self._pad = robot.sender(pad, lambda: robot.fill(
            TeleopCommand(), self.position, source_id='pad', engaged=self.engaged))
        self._chunks = robot.sender(chunks, self._chunk)

    def _chunk(self) -> ActionChunk:
        chunk = self.robot.fill(ActionChunk(), np.tile(POLICY_ROW, 60), horizon=60,
                                dt=CONTRACT.period_ns * 1e-9, source_id='test',
                                epoch=self.robot.modes[-1].epoch if self.robot.modes else 0)
        chunk.observation_stamp = chunk.header.stamp
        return chunk

    def __call__(self) -> None:
        if self.engaged is not None:
            self._pad()
        if self.policy:
            self._chunks()

    def until_mode(self, mode: int) -> ControlMode:
        self.robot.until(lambda: self.robot.modes and self.robot.modes[-1].mode == mode,
                         f'mode {mode}', each=self)
        return self.robot.modes[-1]

    def until_rows(self, number: int) -> None:
        goal = len(self.robot.rows) + number
        self.robot.until(lambda: len(self.robot.rows) >= goal, 'commands', each=self)


def arbiter(tmp_path, **parameters) -> NodeProcess:
    return running('dagger_intervention', DOMAIN, tmp_path / 'arbiter.txt',
                   parameters={'silent_s': 0.5, **parameters})


def gate(tmp_path) -> NodeProcess:
    return running('command_gate', DOMAIN, tmp_path / 'gate.txt', parameters={
        'robot': patient(tmp_path), 'armed': True, 'watchdog_s': 0.5})


def test_takeover_correction_and_return(tmp_path, robot):
    with arbiter(tmp_path, mode='autonomous', corrections=tmp_path / 'corrections'):
        sides = Sides(robot)
        sides.until_mode(ControlMode.AUTONOMOUS)
        sides.until_rows(5)
        assert robot.rows[-1].source == Command.POLICY
        sides.engaged = True
        mode = sides.until_mode(ControlMode.CORRECTING)
        assert (mode.reason, mode.who) == ('pad engaged', 'pad')
        sides.until_rows(10)
        taken = next(i for i, m in enumerate(robot.log)
                     if isinstance(m, ControlMode) and m.epoch == mode.epoch)
        later = [m for m in robot.log[taken:] if isinstance(m, Command)]
        # Two topics: a row sent before the change may arrive after it, but never one of its epoch.
        assert all(row.epoch < mode.epoch for row in later if row.source == Command.POLICY)
        assert {row.source for row in later if row.epoch == mode.epoch} == {Command.HUMAN}
        assert list(later[-1].positions) == HUMAN_ROW.tolist()
        sides.engaged = False
        back = sides.until_mode(ControlMode.AUTONOMOUS)
        assert back.epoch == mode.epoch + 1
        robot.until(lambda: robot.corrections, 'correction', each=sides)
    correction, = robot.corrections
    rows = np.reshape(correction.human, (-1, 7))
    assert len(correction.stamps) == len(rows) == len(correction.policy) // 7 > 5
    assert (rows == HUMAN_ROW).all()
    policy = np.reshape(correction.policy, (-1, 7))
    assert (policy[-1] == POLICY_ROW).all()
    file, = (tmp_path / 'corrections').glob('*.json')
    assert np.allclose(json.loads(file.read_text())['human'], rows)


def test_a_silent_policy_and_a_silent_device_hold_and_say_why(tmp_path, robot):
    with arbiter(tmp_path, mode='autonomous'):
        sides = Sides(robot)
        sides.until_mode(ControlMode.AUTONOMOUS)
        sides.policy = False
        mode = sides.until_mode(ControlMode.HOLD)
        assert mode.who == 'policy'
        assert mode.reason.startswith('policy silent for ')
        answer = robot.call('dagger/resume')
        assert answer.success, answer.message
        sides.policy = True
        sides.until_mode(ControlMode.AUTONOMOUS)
        sides.engaged = True
        sides.until_mode(ControlMode.CORRECTING)
        sides.engaged = None
        mode = sides.until_mode(ControlMode.HOLD)
        assert mode.reason.startswith('pad silent for ')
        sides.until_rows(10)
        assert {row.source for row in robot.rows[-8:]} == {Command.HOLD}


def test_services_refuse_with_the_reason(tmp_path, robot):
    with arbiter(tmp_path, mode='teleop'):
        answer = robot.call('dagger/resume')
        assert (answer.success, answer.message) == (
            False, 'resume: expected PAUSED or HOLD, the mode is TELEOP: nothing to resume')
        answer = robot.call('dagger/take_over')
        assert (answer.success, answer.message) == (
            False, 'take_over: expected AUTONOMOUS, PAUSED or HOLD, the mode is TELEOP: '
                   'the operator is in control already')
        assert robot.call('dagger/pause').message == 'paused'
        assert robot.call('dagger/pause').message == 'paused already'
        assert robot.call('dagger/resume').message == 'the operator drives'


def test_a_bad_teleop_sample_is_refused_and_named(tmp_path, robot):
    with arbiter(tmp_path) as process:
        pad = robot.publisher(TeleopCommand, 'teleop/command')
        robot.until(lambda: "pad: missing joint 'elbow'" in process.output, 'warning',
                    each=robot.sender(pad, lambda: robot.fill(
                        TeleopCommand(), START, source_id='pad', engaged=True,
                        joint_names=['elbow_2' if n == 'elbow' else n
                                     for n in CONTRACT.joint_names])))
        robot.until(lambda: robot.rows, 'hold')
        assert {row.source for row in robot.rows} == {Command.HOLD}


def test_an_unknown_mode_is_one_line_and_code_2(tmp_path):
    with arbiter(tmp_path, mode='auto') as process:
        assert process.process.wait(20) == 2
        assert process.output.splitlines()[-1] == (
            "parameters of dagger_intervention: mode: expected one of teleop, autonomous, paused, "
            "got 'auto'")


def test_killed_arbiter_leaves_a_held_robot(tmp_path, robot):
    with gate(tmp_path), arbiter(tmp_path, mode='autonomous') as process:
        sides = Sides(robot)
        sides.until_mode(ControlMode.AUTONOMOUS)
        robot.until(lambda: len(robot.commands) > 10, 'policy moves the robot', each=sides)
        process.send(signal.SIGKILL)
        robot.until(lambda: [r for r in robot.reports if r.verdict == CommandReport.HELD], 'hold',
                    each=sides)
        number = len(robot.commands)
        robot.until(lambda: len(robot.commands) > number + 10, 'holds', each=sides)
        held = np.array(robot.commands[-5:])
        np.testing.assert_allclose(held[:, :6], np.tile(START[:6], (5, 1)), atol=1e-12)
        with arbiter(tmp_path, mode='autonomous'):
            # A new arbiter does not move a latched gate.
            robot.until(lambda: [r for r in robot.reports if r.rule == 'latched'], 'latched',
                        each=sides)


def test_a_gate_that_holds_stops_the_arbiter_too(tmp_path, robot):
    with gate(tmp_path), arbiter(tmp_path, mode='autonomous'):
        sides = Sides(robot)
        sides.until_mode(ControlMode.AUTONOMOUS)
        robot.until(lambda: len(robot.commands) > 3, 'policy moves the robot', each=sides)
        rogue = robot.node.create_publisher(JointTrajectory, CONTRACT.command.topic, 1)
        mode = sides.until_mode(ControlMode.HOLD)
        assert (mode.reason, mode.who) == ('the gate holds: foreign publisher', 'gate')
        robot.node.destroy_publisher(rogue)


def test_nobody_answers_a_request_and_the_robot_pauses(tmp_path, robot):
    with arbiter(tmp_path, mode='autonomous', answer_s=1.0):
        sides = Sides(robot)
        requests = robot.publisher(HelpRequest, 'dagger/request')
        sides.until_mode(ControlMode.AUTONOMOUS)
        requests.publish(HelpRequest(source_id='help_gate', active=True, reason='novelty',
                                     score=0.9, threshold=0.5))
        mode = sides.until_mode(ControlMode.PAUSED)
        asked = 'help_gate asks for help: novelty (0.9, threshold 0.5)'
        assert (mode.reason, mode.who) == (f'{asked}; nobody came within 1 s', 'help_gate')
        shown = next(m for m in robot.modes if m.reason == asked)
        assert (shown.mode, shown.epoch) == (ControlMode.AUTONOMOUS, mode.epoch - 1)
        sides.engaged = True
        mode = sides.until_mode(ControlMode.CORRECTING)
        assert mode.reason == f'pad engaged; {asked}'
        sides.engaged = False
        robot.until(lambda: robot.corrections, 'correction', each=sides)
    assert robot.corrections[0].cause == f'pad engaged; {asked}'


def test_a_leader_elsewhere_is_told_where_to_go_before_it_drives(tmp_path, robot):
    targets = []
    robot.node.create_subscription(JointState, 'teleop/target', targets.append, shell.SENSOR)
    with arbiter(tmp_path, mode='autonomous', handover='leader'):
        sides = Sides(robot)
        sides.until_mode(ControlMode.AUTONOMOUS)
        sides.position = HUMAN_ROW - np.array([0, 0, 0.8, 0, 0, 0, 0])
        sides.engaged = True
        mode = sides.until_mode(ControlMode.ALIGNING)
        assert mode.reason == ('pad engaged; bring the device to the robot: elbow is 0.80 away')
        sides.until_rows(5)
        assert {row.source for row in robot.rows[-3:]} == {Command.HOLD}
        targets.clear()
        robot.until(lambda: targets, 'target of the leader', each=sides)
        assert (list(targets[0].name), list(targets[0].position)) == (
            CONTRACT.joint_names, START.tolist())
        sides.position = HUMAN_ROW
        assert sides.until_mode(ControlMode.CORRECTING).epoch == mode.epoch
        sides.until_rows(3)
        assert robot.rows[-1].source == Command.HUMAN


def test_services_hand_back_and_rewind(tmp_path, robot):
    with arbiter(tmp_path, mode='autonomous', take_over_motion=0.05, after='pause'):
        answer = robot.call('dagger/hand_back')
        assert answer.message.startswith('hand_back: expected CORRECTING or ALIGNING')
        sides = Sides(robot)
        sides.engaged = False
        sides.until_mode(ControlMode.AUTONOMOUS)
        sides.until_rows(5)
        sides.position = HUMAN_ROW + np.array([0, 0, 0, 0.1, 0, 0, 0])
        assert sides.until_mode(ControlMode.CORRECTING).reason == 'pad was moved'
        sides.until_rows(5)
        robot.position = START + np.array([0.05, 0, 0, 0, 0, 0, 0])
        sides.until_rows(5)
        assert robot.call('dagger/hand_back').message == (
            'operator handed back; the episode ends here')
        assert robot.call('dagger/rewind').success
        sides.until_mode(ControlMode.ALIGNING)
        sides.until_mode(ControlMode.PAUSED)
        robot.until(lambda: robot.rows[-1].source == Command.HOLD, 'hold', each=sides)
        back = [row.positions[0] for row in robot.rows if row.source == ControlSource.ARBITER]
        assert back and back[-1] == pytest.approx(START[0])
