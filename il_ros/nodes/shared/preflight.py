"""What can be told about topics without a message: who is there, with which type and QoS."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from il_ros.contract import CommandInterface, Contract, Stream
from il_ros.nodes.shared.offers import mismatch, owner, SENSOR, STREAM
from rclpy.node import Node


def offer_problem(node: Node, stream: Stream) -> str:
    """Return why what is published on a stream cannot be heard, '' where it can, or nobody is."""
    for publisher in node.get_publishers_info_by_topic(stream.topic):
        if problem := mismatch(stream.type, publisher, publisher.qos_profile, SENSOR):
            return problem
    return ''


def stream_problem(node: Node, stream: Stream) -> str:
    """Return why nothing can come on a stream and what to do, '' where nothing is in the way."""
    if not node.count_publishers(node.resolve_topic_name(stream.topic)):
        return 'nobody publishes it; start its driver, or correct the topic in the contract'
    return offer_problem(node, stream)


def command_problem(node: Node, command: CommandInterface) -> str:
    """Return why commands do not reach the robot and what to do, '' where they may."""
    if command.action:
        return _action_problem(node, command)
    listeners = node.get_subscriptions_info_by_topic(command.name)
    for listener in listeners:
        if problem := mismatch(command.type, listener, STREAM, listener.qos_profile):
            return problem
    return '' if listeners else ('nobody listens to commands; start the controller, or correct '
                                 'the topic in the contract')


def _action_problem(node: Node, command: CommandInterface) -> str:
    service = node.resolve_service_name(f'{command.name}/_action/send_goal')
    found = dict(node.get_service_names_and_types()).get(service)
    if found is None:
        return ("no action server; start the gripper's driver, or correct the action in the "
                'contract')
    package, name = command.type.split('/')
    expected = f'{package}/action/{name}_SendGoal'
    return '' if expected in found else (
        f'expected {command.type}, the server takes '
        f'{", ".join(kind.removesuffix("_SendGoal") for kind in found)}; correct the type in the '
        'contract')


def problems(node: Node, contract: Contract, streams: Iterable[Stream]) -> Iterator[str]:
    """Return what keeps the robot from moving: streams and command topics, by name."""
    for stream in streams:
        if problem := stream_problem(node, stream):
            yield f'{stream.topic}: {problem}'
    for command in contract.commands:
        if problem := command_problem(node, command):
            yield f'{command.name}: {problem}'


def publishers(node: Node, topic: str) -> list[str]:
    """Return the full names of all who publish a topic."""
    return [owner(info) for info in node.get_publishers_info_by_topic(topic)]


def other_publishers(node: Node, topics: Iterable[str]) -> list[str]:
    """Return the full names of all who publish on a node's own topics beside it."""
    others: dict[str, None] = {}
    for topic in topics:
        if node.count_publishers(topic) > 1:
            names = [owner(info) for info in node.get_publishers_info_by_topic(topic)]
            if (own := node.get_fully_qualified_name()) in names:
                names.remove(own)  # once: a second node of that name is as foreign as any other
            others |= dict.fromkeys(names)
    return list(others)
