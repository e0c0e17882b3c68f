"""Two arms and a mobile robot: the whole graph as processes, driven by their scripted operator."""
from __future__ import annotations

import os

from il_ros.nodes import shell
from nodes.harness import next_domain, running, wait_for
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

DOMAINS = {'sim_two_arms': next_domain(), 'sim_mobile': next_domain()}


@pytest.mark.parametrize('robot', DOMAINS)
@pytest.mark.timeout(180)
def test_the_operator_does_the_task_over_the_live_graph(tmp_path, robot):
    if robot == 'sim_two_arms':
        pytest.importorskip('control_msgs')   # its right gripper is an action
    domain = DOMAINS[robot]
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    shell.prepare_transport()
    context = rclpy.Context()
    context.init(domain_id=domain)
    node = rclpy.create_node('eyes', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    done: list[bool] = []
    node.create_subscription(Bool, 'sim/success', lambda m: done.append(m.data), shell.LATCHED)
    arm = node.create_client(Trigger, 'gate/arm')
    asked = []

    def turn() -> None:
        executor.spin_once(timeout_sec=0.05)
        if arm.service_is_ready() and all(future.done() for future in asked) and not any(
                future.result().success for future in asked):
            asked.append(arm.call_async(Trigger.Request()))

    given = {'robot': robot}
    with running('sim_robot', domain, tmp_path / 'sim.txt',
                 parameters={**given, 'cameras': False}), \
            running('command_gate', domain, tmp_path / 'gate.txt', parameters=given), \
            running('dagger_intervention', domain, tmp_path / 'arbiter.txt',
                    parameters={**given, 'mode': 'teleop'}), \
            running('teleop', domain, tmp_path / 'teleop.txt',
                    parameters={**given, 'device': 'scripted'}):
        try:
            wait_for(lambda: done and done[-1], 'the task is done', 120.0, turn)
        finally:
            executor.shutdown()
            node.destroy_node()
            context.try_shutdown()
