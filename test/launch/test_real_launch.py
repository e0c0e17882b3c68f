"""The launch files under the real launch_ros, where it is installed."""
import os
from pathlib import Path
import signal
import subprocess
import sys

from il_ros.contract import Contract
from nodes.harness import environment, wait_for
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState

pytest.importorskip('launch_ros', reason='launch and launch_ros are not installed')
from launch import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = 54


@pytest.mark.parametrize('path', sorted((ROOT / 'launch').glob('*.launch.py')),
                         ids=lambda path: path.name)
def test_loads_and_declares_its_arguments(path):
    source = PythonLaunchDescriptionSource(str(path))
    description = source.get_launch_description(LaunchContext())
    arguments = {a.name for a in description.get_launch_arguments()}
    assert 'namespace' in arguments
    assert all(a.description for a in description.get_launch_arguments())


def test_the_simulated_arm_comes_up_in_its_namespace(tmp_path):
    with (tmp_path / 'log').open('w') as log:
        process = subprocess.Popen(
            [sys.executable, '-c', 'from ros2cli.cli import main; raise SystemExit(main())',
             'launch', 'il_ros', 'sim.launch.py', 'namespace:=left'],
            env=environment(DOMAIN, ROS_LOG_DIR=str(tmp_path)), stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True)
    context = rclpy.Context()
    context.init(domain_id=DOMAIN)
    node = rclpy.create_node('test', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    states = []
    topic = f'left/{Contract.load("sim_arm").state.topic}'
    node.create_subscription(JointState, topic, states.append, 10)
    try:
        wait_for(lambda: states, 'joint states in the namespace', 40.0,
                 lambda: executor.spin_once(timeout_sec=0.1))
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal: launch and its nodes
        assert process.wait(20.0) == 0
        assert 'process has died' not in (tmp_path / 'log').read_text()
    finally:
        executor.shutdown()
        node.destroy_node()
        context.try_shutdown()
        process.kill()
        process.wait()
