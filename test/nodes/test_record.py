"""`il_ros record` in a real terminal (pty) beside the real recorder."""
from contextlib import suppress
import os
import pty
import subprocess
import sys

from il_ros.bags.reader import Bag
from nodes.harness import environment, next_domain, running, wait_for
import pytest

pytest.importorskip('rclpy')

DOMAIN = next_domain()
CONTRACT = """
robot: small
task: wave
rate_hz: 30.0
joints: [{name: a, position: [-1.0, 1.0], velocity: 1.0, acceleration: 5.0}]
start: [0.0]
state: {topic: joint_states, type: sensor_msgs/JointState, rate_hz: 20.0, max_age_s: 0.5}
command: {topic: arm/commands, type: std_msgs/Float64MultiArray}
"""
TALKER = """
import rclpy
from sensor_msgs.msg import JointState
rclpy.init()
node = rclpy.create_node('talker')
publisher = node.create_publisher(JointState, 'joint_states', 10)
def talk():
    message = JointState(name=['a'], position=[0.5])
    message.header.stamp = node.get_clock().now().to_msg()
    publisher.publish(message)
node.create_timer(0.05, talk)
rclpy.spin(node)
"""
RECORD = """
import typer
from il_ros.commands.record import record
typer.run(record)
"""


class Screen:
    """The program in its terminal: what it shows, and keys for it."""

    def __init__(self):
        self.control, terminal = pty.openpty()
        self.process = subprocess.Popen([sys.executable, '-c', RECORD], stdin=terminal,
                                        stdout=terminal, stderr=terminal, env=environment(DOMAIN))
        os.close(terminal)
        os.set_blocking(self.control, False)
        self.text = ''

    def read(self):
        with suppress(OSError):     # nothing to read, or the program has ended
            self.text += os.read(self.control, 4096).decode(errors='replace')
        return self.text

    def shows(self, text):
        wait_for(lambda: text in self.read(), f'{text!r} on the screen', 30.0)

    def press(self, key):
        self.text = ''
        os.write(self.control, key.encode())


@pytest.fixture
def talker():
    process = subprocess.Popen([sys.executable, '-c', TALKER], env=environment(DOMAIN))
    yield
    process.kill()
    process.wait()


def test_keys_record_label_and_discard(tmp_path, talker):
    contract = tmp_path / 'small.yaml'
    contract.write_text(CONTRACT)
    with running('teleop_capture', DOMAIN, tmp_path / 'log', parameters={
            'robot': contract, 'output': tmp_path / 'bags'}):
        screen = Screen()
        try:
            screen.shows('s start   y success   n failure')
            screen.shows('idle, 0 episodes')
            screen.press('y')
            screen.shows('capture/stop refused: no episode is being recorded; start one first')

            def started():
                screen.press('s')
                wait_for(lambda: 'recording episode' in screen.read()
                         or 'refused' in screen.read(), 'an answer')
                return 'recording episode_0001' in screen.text
            wait_for(started, 'an accepted start', 30.0)
            screen.shows('REC episode_0001 1 s')
            screen.press('q')
            screen.shows('an episode is running: y, n, u or d ends it')
            screen.press('n')
            screen.shows(f'failure: {tmp_path}/bags/episode_0001')
            screen.press('s')
            screen.shows('recording episode_0002')
            screen.press('d')
            screen.shows('discarded')
            screen.shows('idle, 1 episodes')
            screen.press('q')
            assert screen.process.wait(10) == 0
        finally:
            screen.process.kill()
            screen.process.wait()
            os.close(screen.control)
    with Bag(tmp_path / 'bags/episode_0001') as bag:
        assert bag.info.outcome == 'failure'
        assert bag.counts['joint_states'] >= 10
    assert (tmp_path / 'bags/discarded/episode_0002/metadata.yaml').is_file()


def test_without_a_terminal_it_says_so():
    result = subprocess.run(
        [sys.executable, '-c', 'from il_ros.commands.record import record; record()'],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment(DOMAIN))
    assert 'il_ros record: expected a terminal as standard input' in result.stderr
