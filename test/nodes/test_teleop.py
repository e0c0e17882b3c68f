"""The teleop node as a process: key bytes through a pseudo-terminal, the scripted operator."""
from __future__ import annotations

import fcntl
import itertools
import os
import pty
import signal
import socket
import struct
import termios

from geometry_msgs.msg import (
    Point,
    Pose,
    PoseArray,
    Quaternion,
    Twist,
    Vector3,
    WrenchStamped,
)
from il_ros.kinematics import Arm, find_urdf
from il_ros.msg import Command, ControlMode, HelpRequest, TeleopCommand
from il_ros.nodes import shell
from il_ros.srv import ResetSim, StopCapture
from il_ros.teleop.event_keys import EVENT
from il_ros.teleop.xr.frames import SQUEEZE
from nodes.harness import next_domain, running
from nodes.robot import CONTRACT, patient, Robot, START
import numpy as np
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState, Joy, JoyFeedback
from std_srvs.srv import Trigger
from teleop.xr.page_messages import Page, page_socket

DOMAIN = next_domain()
ARM = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)


class Scene(Robot):
    """A robot with the poses that the contract names, and eyes on teleop/command."""

    def __init__(self) -> None:
        super().__init__(DOMAIN)
        self.samples: list[TeleopCommand] = []
        self._subscribe(TeleopCommand, 'teleop/command', self.samples.append)
        self._poses = self.node.create_publisher(PoseArray, CONTRACT.poses.topic, shell.STREAM)
        self._mode = self.node.create_publisher(ControlMode, 'control/mode', shell.LATCHED)
        self.node.create_timer(0.01, self._publish_poses)

    def _publish_poses(self) -> None:
        message = PoseArray(poses=[Pose(position=Point(x=x, y=y, z=z),
                                        orientation=Quaternion(w=1.0))
                                   for x, y, z in ((0.4, 0.0, 0.02), (0.3, 0.25, 0.0),
                                                   (0.35, 0.0, 0.25))])
        message.header.stamp = self.node.get_clock().now().to_msg()
        self._poses.publish(message)

    def tell(self, mode: int) -> None:
        self._mode.publish(ControlMode(mode=mode))

    def answer(self, kind, name, request):
        client = self.node.create_client(kind, name)
        self.until(client.service_is_ready, name)
        future = client.call_async(request)
        self.until(future.done, f'answer of {name}')
        return future.result()

    def sample(self, condition, what):
        """Return the first new sample for which the condition holds."""
        self.samples.clear()
        return self.until(lambda: next((s for s in self.samples if condition(s)), None), what)


@pytest.fixture
def scene():
    with Scene() as scene:
        yield scene


@pytest.fixture
def keyboard(tmp_path):
    master, slave = pty.openpty()
    with running('teleop', DOMAIN, tmp_path / 'teleop.txt', stdin=slave,
                 parameters={'robot': patient(tmp_path), 'device': 'keyboard'}) as process:
        process.press = lambda keys: os.write(master, keys.encode())
        process.attributes = lambda: termios.tcgetattr(slave)
        yield process
    os.close(master)
    os.close(slave)


def tool(positions):
    return ARM.forward(np.array(positions[:6]))[0]


def test_keys_become_joint_targets(keyboard, scene):
    scene.tell(ControlMode.TELEOP)
    sample = scene.sample(lambda s: True, 'samples')
    assert (sample.source_id, sample.engaged) == ('keyboard', False)
    assert list(sample.joint_names) == CONTRACT.joint_names
    scene.until(lambda: 'teleop      released' in keyboard.output,
                'mode on the status line')   # the node's name is in the log, too

    def hold_key():
        keyboard.press('w')
    scene.samples.clear()
    scene.until(lambda: any(s.engaged and tool(s.positions)[0] > tool(START)[0] + 0.02
                            for s in scene.samples), 'the tool ahead', each=hold_key)
    moved = tool(scene.samples[-1].positions) - tool(START)
    assert abs(moved[1]) < 0.01 and abs(moved[2]) < 0.01
    numbers = [s.seq for s in scene.samples]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    keyboard.press(' ')
    gripper = scene.samples[-1].positions[6]
    scene.sample(lambda s: s.positions[6] != gripper, 'the gripper changes')
    keyboard.press('p')
    sample = scene.sample(lambda s: s.request == TeleopCommand.PAUSE, 'pause')
    assert not sample.engaged


def test_t_takes_over_from_a_policy_and_hands_back(keyboard, scene):
    scene.tell(ControlMode.AUTONOMOUS)
    scene.until(lambda: b'autonomous' in keyboard.log.read_bytes(), 'mode on the status line')
    keyboard.press('t')
    assert scene.sample(lambda s: s.request == TeleopCommand.TAKE_OVER, 'take over').engaged
    keyboard.press('t')
    assert not scene.sample(lambda s: s.request == TeleopCommand.HAND_BACK, 'hand back').engaged


def test_capture_keys_call_the_recorder(keyboard, scene):
    keyboard.press('c')
    scene.until(lambda: 'capture/start: no recorder; start teleop_capture' in keyboard.output,
                'warning')
    asked = []

    def start(request, response):
        asked.append('start')
        response.success, response.message = True, 'recording'
        return response

    def stop(request, response):
        asked.append((request.outcome, request.keep))
        response.success, response.message = False, 'nothing to stop'
        return response
    scene.node.create_service(Trigger, 'capture/start', start)
    scene.node.create_service(StopCapture, 'capture/stop', stop)
    scene.until(lambda: asked, 'start', each=lambda: keyboard.press('c'))
    scene.until(lambda: ('success', True) in asked, 'stop', each=lambda: keyboard.press('y'))
    scene.until(lambda: ('failure', True) in asked, 'stop', each=lambda: keyboard.press('n'))
    scene.until(lambda: 'recorder: nothing to stop' in keyboard.output, 'answer')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_the_terminal_is_given_back(keyboard, scene, number):
    scene.sample(lambda s: True, 'samples')
    assert not keyboard.attributes()[3] & termios.ECHO
    keyboard.send(number)
    assert keyboard.process.wait(10) == 0
    assert keyboard.attributes()[3] & (termios.ECHO | termios.ICANON) == (
        termios.ECHO | termios.ICANON)


def test_without_a_terminal_it_is_one_line_and_code_2(tmp_path):
    with running('teleop', DOMAIN, tmp_path / 'log.txt') as process:
        assert process.process.wait(20) == 2
        assert process.output.splitlines()[-1].startswith(
            'keyboard: expected a terminal as standard input; ')


def test_the_scripted_operator_engages_as_the_parameter_says(tmp_path, scene):
    def set_engage(value):
        request = SetParameters.Request(
            parameters=[Parameter('engage', value=value).to_parameter_msg()])
        return scene.answer(SetParameters, 'teleop/set_parameters', request).results[0]

    with running('teleop', DOMAIN, tmp_path / 'teleop.txt',
                 parameters={'robot': patient(tmp_path), 'device': 'scripted',
                             'engage': 'never'}) as process:
        assert not scene.sample(lambda s: True, 'samples').engaged
        assert set_engage('always').successful
        sample = scene.sample(lambda s: s.engaged, 'engaged')
        step = np.abs(np.array(sample.positions) - START)[:6]
        assert (step < CONTRACT.velocity[:6] * 0.2).all()
        result = set_engage('sometimes')
        assert (result.successful, result.reason) == (
            False, "engage: expected one of always, supervised, never, got 'sometimes'")
        answer = scene.answer(ResetSim, 'teleop/reset', ResetSim.Request(seed=5))
        assert (answer.success, answer.message) == (True, 'scripted: seed 5')
        assert not scene.until(lambda: [s for s in scene.samples if not s.engaged],
                               'let go once')[-1].engaged
        assert set_engage('supervised').successful
        scene.tell(ControlMode.AUTONOMOUS)
        scene.sample(lambda s: not s.engaged, 'watching')
        scene.sample(lambda s: s.engaged, 'takes over from an arm that does nothing')
        scene.sends_states = False
        scene.until(lambda: 'waiting for joint_states: the newest sample is' in process.output,
                    'warning')
        warned_ns = shell.now_ns(scene.node)
        for _ in range(20):   # what was on its way may still come
            scene.spin()
        assert shell.stamp_ns(scene.samples[-1].header.stamp) < warned_ns


def test_killed_teleop_while_correcting_holds(tmp_path, scene):
    with running('dagger_intervention', DOMAIN, tmp_path / 'arbiter.txt',
                 parameters={'mode': 'paused', 'silent_s': 0.5}), \
            running('teleop', DOMAIN, tmp_path / 'teleop.txt', parameters={
                'robot': patient(tmp_path), 'device': 'scripted'}) as process:
        def newest():
            return scene.modes[-1].mode if scene.modes else None
        scene.until(lambda: newest() == ControlMode.CORRECTING, 'correcting')
        scene.until(lambda: scene.rows and scene.rows[-1].source == Command.HUMAN, 'human rows')
        process.send(signal.SIGKILL)
        scene.until(lambda: newest() == ControlMode.HOLD, 'hold')
        assert scene.modes[-1].reason.startswith('scripted silent for ')
        number = len(scene.rows)
        scene.until(lambda: len(scene.rows) > number + 10, 'rows')
        assert {row.source for row in scene.rows[number:]} == {Command.HOLD}


def test_a_gamepad_drives_while_its_dead_man_is_held_and_a_silent_one_says_nothing(tmp_path,
                                                                                    scene):
    with running('teleop', DOMAIN, tmp_path / 'teleop.txt',
                 parameters={'robot': patient(tmp_path), 'device': 'gamepad'}) as process:
        pads = scene.publisher(Joy, 'joy')

        def hold(held: bool, ahead: float = 0.0, axes: int = 6):
            return scene.sender(pads, lambda: Joy(
                axes=[0.0, ahead, *[0.0] * (axes - 2)],
                buttons=[int(held and k == 10) for k in range(21)]))
        scene.until(lambda: 'gamepad: 4 axes and 21 buttons are of no known pad; ' in
                    process.output, 'refused', each=hold(True, axes=4))
        assert not scene.samples
        scene.until(lambda: scene.samples and not scene.samples[-1].engaged, 'released',
                    each=hold(False))
        scene.until(lambda: scene.samples[-1].engaged, 'engaged', each=hold(True))
        scene.until(lambda: scene.samples[-1].engaged and tool(scene.samples[-1].positions)[0]
                    > tool(START)[0] + 0.02, 'the tool ahead', each=hold(True, 1.0))
        assert scene.samples[-1].source_id == 'gamepad'

        def silent():
            number = len(scene.samples)
            for _ in range(30):   # 0.3 s of joint states
                scene.spin()
            return len(scene.samples) == number
        scene.until(silent, 'no samples without a pad')


def test_a_leader_shows_its_pose_and_drives_while_the_pedal_is_held(tmp_path, scene):
    settings = tmp_path / 'my_leader.yaml'
    settings.write_text('joints: [{name: shoulder_pan, from: joint1, scale: -1.0}]')
    with running('teleop', DOMAIN, tmp_path / 'teleop.txt', parameters={
            'robot': patient(tmp_path), 'device': 'leader+pedal', 'settings': settings}):
        leader, pedal = scene.publisher(JointState, 'leader/joint_states'), scene.publisher(
            Joy, 'pedal/joy')
        shown = {'joint1': -START[0], **dict(zip(CONTRACT.joint_names[1:], START[1:],
                                                 strict=True))}

        def hold(held: bool):
            sends = [scene.sender(leader, lambda: JointState(
                name=list(shown), position=list(shown.values()))),
                scene.sender(pedal, lambda: Joy(buttons=[int(held)]))]
            return lambda: [send() for send in sends]
        scene.until(lambda: scene.samples and not scene.samples[-1].engaged, 'its own pose',
                    each=hold(False))
        np.testing.assert_allclose(scene.samples[-1].positions, START, atol=1e-9)
        scene.until(lambda: scene.samples[-1].engaged, 'engaged', each=hold(True))
        shown['joint1'] -= 0.1
        scene.until(lambda: scene.samples[-1].engaged and np.isclose(
            scene.samples[-1].positions[0], START[0] + 0.1), 'where it is now', each=hold(True))
        scene.until(lambda: not scene.samples[-1].engaged, 'released', each=hold(False))
        assert scene.samples[-1].source_id == 'leader'


def test_a_gamepad_shakes_on_a_request_for_help_and_on_contact(tmp_path, scene):
    with running('teleop', DOMAIN, tmp_path / 'teleop.txt', parameters={
            'robot': patient(tmp_path), 'device': 'gamepad', 'wrench': 'wrench'}) as process:
        shakes = []
        scene._subscribe(JoyFeedback, 'joy/set_feedback', shakes.append)
        asks, touches = (scene.publisher(HelpRequest, 'dagger/request'),
                         scene.publisher(WrenchStamped, 'wrench'))

        def shaken(*levels):
            return lambda: [round(s.intensity, 1) for s in shakes] == [*levels]
        scene.until(lambda: 'gamepad' in process.output or scene.node.count_publishers(
            'joy/set_feedback'), 'a gamepad')
        scene.until(shaken(0.8, 0.0, 0.8, 0.0), 'twice for help', each=scene.sender(
            asks, lambda: HelpRequest(source_id='gate', active=True, reason='novelty')))
        assert all((s.type, s.id) == (JoyFeedback.TYPE_RUMBLE, 0) for s in shakes)
        shakes.clear()
        touch = WrenchStamped()
        touch.wrench.force.z = -6.0
        scene.until(shaken(0.5, 0.0), 'once for a contact',
                    each=scene.sender(touches, lambda: touch))
        shakes.clear()
        scene.answer(SetParameters, '/teleop/set_parameters', SetParameters.Request(
            parameters=[Parameter('vibration', value=False).to_parameter_msg()]))
        touch.wrench.force.z = 0.0
        scene.until(lambda: scene.node.count_publishers('wrench'), 'released',
                    each=scene.sender(touches, lambda: touch))
        touch.wrench.force.z = -6.0
        for _ in range(30):   # 0.3 s of joint states
            scene.sender(touches, lambda: touch)()
            scene.spin()
        assert not shakes


@pytest.mark.parametrize('source', ['hidraw', 'twist'])
def test_a_spacemouse_drives_while_a_pedal_of_the_kernel_is_held(tmp_path, scene, source):
    for name in ('mouse', 'pedal'):
        os.mkfifo(tmp_path / name)
    ends = {name: os.open(tmp_path / name, os.O_RDWR | os.O_NONBLOCK)
            for name in ('mouse', 'pedal')}
    (tmp_path / 'm.yaml').write_text(f'source: {source}\ndevice: {tmp_path}/mouse\nspeed: 1.0\n')
    (tmp_path / 'p.yaml').write_text(f'device: {tmp_path}/pedal\nbuttons: {{dead_man: 48}}\n')
    ahead, twists = [0.0], scene.node.create_publisher(Twist, 'spacenav/twist', shell.STREAM)

    def say():
        if source == 'twist':
            twists.publish(Twist(linear=Vector3(x=0.68 * ahead[0])))
        elif fcntl.ioctl(ends['mouse'], termios.FIONREAD, bytes(4)) == bytes(4):
            # The last report was read: a pipe does not keep two of them apart.
            os.write(ends['mouse'], struct.pack('<B3h', 1, 0, round(-350 * ahead[0]), 0))
    with running('teleop', DOMAIN, tmp_path / 'teleop.txt', parameters={
            'robot': patient(tmp_path), 'device': 'spacemouse+pedal',
            'settings': f'{tmp_path}/m.yaml+{tmp_path}/p.yaml'}):
        scene.until(lambda: scene.samples and not scene.samples[-1].engaged, 'released', each=say)
        os.write(ends['pedal'], EVENT.pack(0, 0, 1, 48, 1) + EVENT.pack(0, 0, 0, 0, 0))
        scene.until(lambda: scene.samples[-1].engaged, 'engaged', each=say)
        ahead[0] = 1.0
        scene.until(lambda: tool(scene.samples[-1].positions)[0] > tool(START)[0] + 0.02,
                    'the tool ahead', each=say)
        assert scene.samples[-1].source_id == 'spacemouse'
        os.write(ends['pedal'], EVENT.pack(0, 0, 1, 48, 0) + EVENT.pack(0, 0, 0, 0, 0))
        scene.until(lambda: not scene.samples[-1].engaged, 'released', each=say)
    for end in ends.values():
        os.close(end)


@pytest.mark.parametrize('task, gripper', [('PickPlace', 'open'), ('Push', 'closed')])
def test_the_scripted_operator_does_the_task_that_is_simulated(tmp_path, scene, task, gripper):
    with running('teleop', DOMAIN, tmp_path / 'log', parameters={
            'robot': patient(tmp_path), 'device': 'scripted', 'task': task}):
        scene.tell(ControlMode.TELEOP)
        scene.sample(lambda s: s.engaged and s.positions[-1] == getattr(CONTRACT.gripper, gripper),
                     f'the gripper as for {task}')


def test_a_headset_drives_while_squeezed_and_feels_a_request_for_help(tmp_path, scene):
    pytest.importorskip('websockets')
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    settings = tmp_path / 'my_xr.yaml'
    settings.write_text(f'port: {port}\nyaw: 1.5708')
    with running('teleop', DOMAIN, tmp_path / 'teleop.txt', env={'IL_ROS_CACHE': str(tmp_path)},
                 parameters={'robot': patient(tmp_path), 'device': 'xr',
                             'settings': settings}) as process:
        scene.until(lambda: 'xr: no page is open; its address is in ' in process.output, 'a line')
        assert not scene.samples and 'token=' not in process.output
        with page_socket(tmp_path / 'xr') as opened:
            page, squeezes = Page(opened), itertools.cycle([0] * 8 + [1] * 8)

            def squeeze():   # anew where it was let go: this machine may be busy
                page.press(SQUEEZE, 1 if scene.samples[-1].engaged else next(squeezes))
                page.picture()

            def ahead():     # as the operator sees it: the robot's y, by the yaw
                page.hands['right']['position'][2] -= 0.001
                squeeze()
            scene.until(lambda: scene.samples and not scene.samples[-1].engaged, 'released',
                        each=page.picture)
            scene.until(lambda: scene.samples[-1].engaged and tool(scene.samples[-1].positions)[1]
                        > tool(START)[1] + 0.02, 'the tool to the left', each=ahead)
            asks = scene.publisher(HelpRequest, 'dagger/request')
            scene.until(lambda: any('pulse' in message for message in page.heard()), 'a pulse',
                        each=scene.sender(asks, lambda: (page.picture(), HelpRequest(
                            source_id='policy', active=True, reason='it hesitates'))[1]))
            assert 'help: policy asks for help: it hesitates' in page.told[-1]['say']
        scene.until(lambda: process.output.count('xr: no page is open') > 1, 'let go')
        assert scene.samples[0].source_id == 'xr'
