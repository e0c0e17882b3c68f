"""ROS time jumps while an episode is recorded: it ends there, the next one begins."""
from __future__ import annotations

from faults.cell import contract_of
from il_ros.bags.reader import Bag
from il_ros.nodes import shell
from nodes.harness import next_domain, running
from nodes.robot import Robot
import pytest
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from std_srvs.srv import Trigger
import yaml

DOMAIN = next_domain()
STEP_NS = 5 * 10**6


@pytest.mark.parametrize('jump_s, text', [
    (-100, 'ROS time went back by'),
    pytest.param(100, 'ROS time jumped ahead by', marks=pytest.mark.slow)])
def test_a_jump_of_the_clock_splits_the_episode(tmp_path, jump_s, text):
    data = yaml.safe_load(contract_of('sim_arm', cameras=False, impatient=False).to_text())
    del data['poses']
    contract = tmp_path / 'robot.yaml'
    contract.write_text(yaml.safe_dump(data))
    with Robot(DOMAIN) as robot, running('teleop_capture', DOMAIN, tmp_path / 'log', parameters={
            'robot': contract, 'output': tmp_path / 'bags', 'use_sim_time': True}) as recorder:
        clock = robot.node.create_publisher(Clock, '/clock', shell.STREAM)
        robot.node.set_parameters([Parameter('use_sim_time', value=True)])
        ros_ns = [10**12]

        def tell():
            ros_ns[0] += STEP_NS
            clock.publish(Clock(clock=shell.to_stamp(ros_ns[0])))
            robot.publish_state()

        start = robot.node.create_client(Trigger, 'capture/start')
        robot.until(start.service_is_ready, 'the recorder', 60, each=tell)
        asked = []

        def accepted():
            if not asked or asked[-1].done() and not asked[-1].result().success:
                asked.append(start.call_async(Trigger.Request()))
            return asked[-1].done() and asked[-1].result().success
        robot.until(accepted, 'an episode', 60, each=tell)

        def filled(episode):
            file = tmp_path / f'bags/{episode}.partial/{episode}_0.mcap'
            robot.until(lambda: file.stat().st_size > 50_000, f'states in {episode}', each=tell)
        filled('episode_0001')
        ros_ns[0] += jump_s * 10**9
        robot.until(lambda: 'recording episode_0002' in recorder.output, 'the next episode', 60,
                    each=tell)
        filled('episode_0002')
    with Bag(tmp_path / 'bags/episode_0001') as first, Bag(
            tmp_path / 'bags/episode_0002') as second:
        assert first.info.stop_reason.startswith(text)
        assert first.end_ns - first.start_ns < 90 * 10**9, 'one time in each'
        assert second.info.stop_reason == 'the recorder was stopped'
        assert abs(second.start_ns - first.end_ns) > 50 * 10**9
