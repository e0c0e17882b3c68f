"""Where a running robot is, for commands."""
from __future__ import annotations

import time

from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.joints import NewestJoints
from il_ros.nodes import shell
from il_ros.nodes.clients.namespace import namespace_of
from il_ros.nodes.shared.state_topics import StateTopics
from il_ros.types import Floats
import rclpy
from rclpy.executors import SingleThreadedExecutor


def measured(contract: Contract, namespace: str, timeout_s: float) -> Floats:
    """Return the measured positions of a robot's joints [rad] or [m]. Shape (J,).

    Raises:
        IlRosError: One was not heard of within the time.
    """
    shell.prepare_transport(images=False)
    context = rclpy.Context()
    context.init()
    node = rclpy.create_node('il_ros_pose', namespace=namespace_of(namespace), context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    joints = NewestJoints(contract.joint_names, [state.topic for state in contract.joint_states])
    end = time.monotonic() + timeout_s
    try:
        StateTopics(node, contract, lambda found, *_: joints.take(found, time.monotonic_ns()))
        while joints.whole is None:
            if time.monotonic() >= end:
                raise IlRosError(f'{joints.absence()} within {timeout_s:g} s: start the robot, or '
                                 'name the pose in which it stands with --pose')
            executor.spin_once(timeout_sec=0.02)
        return joints.whole
    finally:
        executor.shutdown()
        node.destroy_node()
        context.try_shutdown()
