"""Listens to a running robot for a while; commands nothing."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial
import time
from typing import Any

from il_ros.contract.command import GRIPPER_ACTIONS, TOPICS
from il_ros.contract.streams import IMAGE_TYPES
from il_ros.drafting.heard import Controller, Heard, Sink
from il_ros.nodes import shell
from il_ros.nodes.clients.came import Came, JOINTS
from il_ros.nodes.clients.doctor_system import LIST, NODES
from il_ros.nodes.clients.namespace import namespace_of
from il_ros.nodes.shared.interfaces import message_type
from il_ros.nodes.shared.offers import owner
from il_ros.nodes.shared.robot import LATCHED
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

ODOMETRY, WRENCH = 'nav_msgs/Odometry', 'geometry_msgs/WrenchStamped'
FOLLOWED = (JOINTS, ODOMETRY, WRENCH, *IMAGE_TYPES)
URDF = 'robot_description'
OURS = (*NODES, 'help_gate', 'homing', 'monitor', 'il_ros_survey')
LOOK_EACH_S, DISCOVERY_S = 0.5, 10.0


class Survey:
    """A visitor in the graph of one robot.

    Args:
        namespace: The robot's; what lies elsewhere is not heard.
        domain: ROS domain to join; the environment's when None.
    """

    def __init__(self, namespace: str, domain: int | None = None) -> None:
        self._space = namespace_of(namespace)
        shell.prepare_transport()
        self._context = rclpy.Context()
        self._context.init(domain_id=domain)
        self._node = rclpy.create_node('il_ros_survey', namespace=self._space,
                                       context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._came = Came()
        self._urdfs: dict[str, str] = {}
        self._lists: dict[str, Any] = {}
        self._silence = 'no controller manager is there'

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def listen(self, seconds: float) -> Heard:
        """Return what was heard for some seconds, counted from the first topic of the robot."""
        found, end, look = False, time.monotonic() + max(seconds, DISCOVERY_S), 0.0
        while (now := time.monotonic()) < end:
            if now >= look:
                self._look()
                look = now + LOOK_EACH_S
            if self._came.types and not found:
                found, end = True, now + seconds
            self._executor.spin_once(timeout_sec=0.05)
        who = {topic: ', '.join(self._publishers(topic)) for topic in self._came.types}
        return Heard(self._space, seconds, tuple(self._came.joints(who)),
                     tuple(self._came.images(who)), tuple(self._came.sources(ODOMETRY, who)),
                     tuple(self._came.sources(WRENCH, who)), tuple(self._sinks()),
                     self._controllers(), self._silence,
                     {topic: text for topic, text in self._urdfs.items() if text})

    def _inside(self, name: str) -> bool:
        return self._space == '/' or name.startswith(f'{self._space}/')

    def _topics(self) -> Iterator[tuple[str, str]]:
        """Yield the robot's topics, each with its type."""
        for topic, kinds in sorted(self._node.get_topic_names_and_types()):
            if self._inside(topic):
                yield topic, kinds[0].replace('/msg/', '/')

    def _look(self) -> None:
        """Follow what is new: topics by their type, controller managers by their service."""
        if self._node.count_publishers('/clock'):
            self._node.set_parameters([Parameter('use_sim_time', value=True)])
        for topic, kind in self._topics():
            urdf = kind == 'std_msgs/String' and topic.rpartition('/')[2] == URDF
            if topic in {**self._came.types, **self._urdfs} or not self._publishers(topic):
                continue
            if urdf:
                self._urdfs[topic] = ''
                self._subscribe(topic, kind, lambda topic, message: self._urdfs.update(
                    {topic: message.data}), LATCHED, False)
            elif kind in FOLLOWED:
                self._came.follow(topic, kind)
                self._subscribe(topic, kind, lambda topic, data: self._came.take(
                    topic, shell.now_ns(self._node), data), shell.SENSOR, True)
        for service, _ in self._node.get_service_names_and_types():
            if service.endswith(f'/{LIST}') and self._inside(service):
                self._ask(service)

    def _subscribe(self, topic: str, kind: str, take: Any, qos: Any, raw: bool) -> None:
        self._node.create_subscription(message_type(kind), topic,
                                       partial(take, topic), qos, raw=raw)

    def _ask(self, service: str) -> None:
        if service in self._lists:
            return
        self._silence = f'{service} did not answer'
        try:
            from controller_manager_msgs.srv import ListControllers
        except ImportError:
            self._silence = (f'{service} is there, but not its messages: sudo apt install '
                             'ros-jazzy-controller-manager-msgs')
            return
        client = self._node.create_client(ListControllers, service)
        self._lists[service] = client.call_async(ListControllers.Request())

    def _publishers(self, topic: str) -> list[str]:
        return [owner(info) for info in self._node.get_publishers_info_by_topic(topic)
                if info.node_name not in OURS]

    def _sinks(self) -> Iterator[Sink]:
        for topic, kind in self._topics():
            if kind in TOPICS and topic not in self._came.types:
                for info in self._node.get_subscriptions_info_by_topic(topic):
                    if info.node_name not in OURS:
                        yield Sink(topic, kind, owner(info))
                        break
        for service, kinds in sorted(self._node.get_service_names_and_types()):
            action = service.removesuffix('/_action/send_goal')
            kind = kinds[0].removesuffix('_SendGoal').replace('/action/', '/')
            if action != service and kind in GRIPPER_ACTIONS and self._inside(service):
                yield Sink(action, kind, action=True)

    def _controllers(self) -> dict[str, Controller] | None:
        answers = {service.removesuffix(f'/{LIST}'): future.result()
                   for service, future in self._lists.items() if future.done()}
        found = {f'{space}/{one.name}': Controller(one.name, one.type, one.state, tuple(
            one.claimed_interfaces or one.required_command_interfaces))
            for space, answer in answers.items() for one in answer.controller}
        if answers and not found:
            self._silence = f'{", ".join(answers)}: no controller is loaded'
        return found or None
