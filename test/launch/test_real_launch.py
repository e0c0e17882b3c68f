"""The launch files under the real launch_ros, where it is installed."""
from contextlib import contextmanager, ExitStack, suppress
import os
from pathlib import Path
import signal
import subprocess
import sys

from faults.hand import AXES, BUTTONS, DEAD_MAN
from il_ros.contract import Contract
from il_ros.msg import TeleopCommand
from nodes.harness import environment, next_domain, wait_for
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState, Joy

pytest.importorskip('launch_ros', reason='launch and launch_ros are not installed')
from launch import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = next_domain()


@pytest.mark.parametrize('path', sorted((ROOT / 'launch').glob('*.launch.py')),
                         ids=lambda path: path.name)
def test_loads_and_declares_its_arguments(path):
    source = PythonLaunchDescriptionSource(str(path))
    description = source.get_launch_description(LaunchContext())
    arguments = {a.name for a in description.get_launch_arguments()}
    assert 'namespace' in arguments
    assert all(a.description for a in description.get_launch_arguments())


@contextmanager
def launched(folder, *arguments):
    """Launch, and yield the process, its log and eyes on the graph, which spin."""
    with (folder / 'log').open('w') as log:
        process = subprocess.Popen(
            [sys.executable, '-c', 'from ros2cli.cli import main; raise SystemExit(main())',
             'launch', *arguments], env=environment(DOMAIN, ROS_LOG_DIR=str(folder)), stdout=log,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
    context = rclpy.Context()
    context.init(domain_id=DOMAIN)
    node = rclpy.create_node('test', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        yield process, folder / 'log', node, lambda: executor.spin_once(timeout_sec=0.1)
    finally:
        executor.shutdown()
        node.destroy_node()
        context.try_shutdown()
        process.kill()
        process.wait()


def test_the_simulated_arm_comes_up_in_its_namespace(tmp_path):
    topic, states = f'left/{Contract.load("sim_arm").state.topic}', []
    with launched(tmp_path, 'il_ros', 'sim.launch.py', 'namespace:=left') as (
            process, log, node, spin):
        node.create_subscription(JointState, topic, states.append, 10)
        wait_for(lambda: states, 'joint states in the namespace', 40.0, spin)
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal: launch and its nodes
        assert process.wait(20.0) == 0
        assert 'process has died' not in log.read_text()


def nodes_of(session):
    """Return the command lines of the nodes in a session of processes."""
    found = []
    for folder in Path('/proc').iterdir():
        with suppress(OSError, ValueError):
            fields = (folder / 'stat').read_text().rpartition(')')[2].split()
            command = (folder / 'cmdline').read_text().replace('\0', ' ')
            if int(fields[3]) == session and fields[0] != 'Z' and '/il_ros/' in command and (
                    'ros-args' in command):
                found.append(command)
    return found


@pytest.mark.parametrize('times', [1, 2])
def test_ctrl_c_ends_teleoperation_cleanly(tmp_path, times):
    file, said = str(ROOT / 'launch/teleop_capture.launch.py'), []
    with launched(tmp_path, file, 'use_sim:=true', 'teleop:=scripted',
                  f'output:={tmp_path}/bags') as (process, log, node, spin):
        node.create_subscription(TeleopCommand, 'teleop/command', said.append, 10)
        wait_for(lambda: said, 'the operator', 60.0, spin)
        for _ in range(times):
            os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20.0) == 0
        assert 'process has died' not in log.read_text()


def test_a_station_speaks_to_the_robots_of_other_launches(tmp_path):
    sides, said = ('left', 'right'), {'left': [], 'right': []}
    with ExitStack() as stack:
        for side in sides:
            (tmp_path / side).mkdir()
            stack.enter_context(launched(
                tmp_path / side, str(ROOT / 'launch/teleop_capture.launch.py'), 'use_sim:=true',
                'teleop:=none', f'namespace:={side}', f'output:={tmp_path}/{side}/bags'))
        process, log, node, spin = stack.enter_context(launched(
            tmp_path, str(ROOT / 'launch/station.launch.py'), 'teleop:=gamepad',
            'robots:=[left, right]'))
        joy = node.create_publisher(Joy, 'joy', 10)

        def hold(dead_man=False):
            joy.publish(Joy(axes=[0.0] * AXES, buttons=[
                int(dead_man and button == DEAD_MAN) for button in range(BUTTONS)]))
            spin()
        for side in sides:
            node.create_subscription(TeleopCommand, f'{side}/teleop/command', said[side].append,
                                     10)
        wait_for(lambda: all(said.values()), 'the operator at both robots', 60.0, hold)
        wait_for(lambda: said['left'][-1].engaged, 'it drives the first', 30.0,
                 lambda: hold(dead_man=True))
        assert not said['right'][-1].engaged
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20.0) == 0
        assert 'process has died' not in log.read_text()


def test_when_launch_is_killed_its_nodes_end(tmp_path):
    file, said = str(ROOT / 'launch/teleop_capture.launch.py'), []
    with launched(tmp_path, file, 'use_sim:=true', 'teleop:=scripted',
                  f'output:={tmp_path}/bags') as (process, _, node, spin):
        node.create_subscription(TeleopCommand, 'teleop/command', said.append, 10)
        wait_for(lambda: said, 'the operator', 60.0, spin)
        assert len(nodes_of(process.pid)) == 7, 'five nodes, the operator and the cameras'
        process.kill()
        wait_for(lambda: not nodes_of(process.pid), 'the end of the nodes', 20.0)


def test_a_keyboard_without_a_terminal_is_refused_before_anything_starts(tmp_path, monkeypatch):
    for name in ('DISPLAY', 'WAYLAND_DISPLAY', 'TMUX'):
        monkeypatch.delenv(name, raising=False)
    with launched(tmp_path, str(ROOT / 'launch/teleop_capture.launch.py'), 'use_sim:=true') as (
            process, log, *_):
        assert process.wait(40.0) == 1
        assert 'teleop:=keyboard needs a terminal of its own (no display for a window' in (
            text := log.read_text())
        assert 'process started' not in text
