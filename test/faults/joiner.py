"""Foreign processes that join the graph and leave it: a command line, a display, a recorder."""
from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

from il_ros.scheduling import end_with_parent
from il_ros.transport import prepare, PROFILES, RANGE
from nodes.harness import environment, ROOT

KINDS = ('bare', 'reliable', 'best effort', 'images', 'command line', 'killed')
HABITS = ('ours', 'foreign, this machine', 'foreign, subnet')   # of the transport
PATIENCE_S, STAYS_S, APART_S = 8.0, 1.0, 0.3


def start(number: int, domain: int, kinds: tuple[str, ...] = KINDS) -> subprocess.Popen[str]:
    """Start a process that lets so many others join and leave, one after the other.

    It prints for each whether it heard or saw the robot. A process that drives the robot itself
    would stand still while it starts others.
    """
    return subprocess.Popen(
        [sys.executable, '-m', 'faults.joiner', str(number), *kinds], cwd=ROOT / 'test',
        env=_environment(domain), stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)


def _environment(domain: int) -> dict[str, str]:
    variables = {name: value for name, value in environment(domain).items()
                 if name not in PROFILES}
    return {**variables, 'PYTHONPATH': f'{ROOT}:{ROOT / "test"}'}


def run(number: int, kinds: tuple[str, ...]) -> None:
    """Let each kind join with another habit each time."""
    for i in range(number):
        kind, habit = kinds[i % len(kinds)], HABITS[(i + i // len(kinds)) % len(HABITS)]
        variables = dict(os.environ)
        if habit == HABITS[2]:
            del variables[RANGE]   # what ROS does by itself
        subprocess.run([sys.executable, '-m', 'faults.joiner', kind, habit], env=variables,
                       check=False, preexec_fn=end_with_parent)
        time.sleep(APART_S)


def join(kind: str, habit: str) -> None:
    """Join, see the robot's topics, hear what the kind listens to, and leave."""
    if habit == HABITS[0]:
        prepare()
    import rclpy
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import Image, JointState
    rclpy.init()
    node = rclpy.create_node('joiner')
    heard: list[object] = []
    if kind in ('reliable', 'killed'):
        node.create_subscription(JointState, 'joint_states', heard.append, 10)
    if kind == 'best effort':
        node.create_subscription(JointState, 'joint_states', heard.append,
                                 qos_profile_sensor_data)
    if kind == 'images':
        node.create_subscription(Image, 'wrist_camera/image_raw', heard.append,
                                 qos_profile_sensor_data)
    silent = kind in ('bare', 'command line')
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and not (
            heard or silent and node.count_publishers('joint_states')):
        rclpy.spin_once(node, timeout_sec=0.02)
    if kind == 'command line':   # what ros2 topic list, node list and topic info ask
        for name, _ in node.get_topic_names_and_types():
            node.get_publishers_info_by_topic(name)
        node.get_node_names_and_namespaces()
        node.get_service_names_and_types()
    met = heard or silent and node.count_publishers('joint_states')
    end = time.monotonic() + STAYS_S * random.random()
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.02)
    sys.stdout.write(f'{kind}, {habit}: {"met" if met else "met nobody"}\n')
    sys.stdout.flush()
    if kind == 'killed':
        os.kill(os.getpid(), signal.SIGKILL)
    node.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    first, *others = sys.argv[1:]
    if first in KINDS:
        join(first, *others)
    else:
        run(int(first), tuple(others))
