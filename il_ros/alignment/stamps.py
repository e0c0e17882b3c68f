"""When a sample was taken: by its header or by its arrival; the same rule live and offline."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from il_ros.alignment.decode import message_stamp_ns
from il_ros.config import nearest
from il_ros.contract import (
    ARRIVAL,
    Camera,
    CommandInterface,
    Contract,
    Poses,
    STAMPS,
    State,
    Stream,
)
from il_ros.errors import ConfigError, MessageError
from il_ros.names import resolve
from il_ros.timing import to_ns, to_s

S = TypeVar('S', Stream, State, Poses, Camera, CommandInterface)
EVERY = 'all'   # in place of a topic


def believed_ns(stream: Stream, message: Any, arrived_ns: int) -> int:
    """Return when a sample was taken, by the clock that the contract believes [ns].

    Args:
        stream: Of the contract.
        message: With a header.
        arrived_ns: ROS time of its arrival live, the log time of a bag.
    """
    return arrived_ns if stream.stamp == ARRIVAL else message_stamp_ns(message)


def sample_ns(stream: Stream, message: Any, arrived_ns: int) -> int:
    """Return when a sample was taken [ns], see `believed_ns`.

    Raises:
        MessageError: Its stamp is zero, or lies further ahead of its arrival than the contract
            lets a sample be old: it would be taken for a later one.
    """
    stamp_ns = believed_ns(stream, message, arrived_ns)
    if stamp_ns <= 0:
        raise MessageError(f'{stream.topic}: stamp is {stamp_ns}; its driver must fill in '
                           'header.stamp, or the contract say stamp: arrival')
    if stamp_ns - arrived_ns > to_ns(stream.max_age_s):
        raise MessageError(
            f'{stream.topic}: stamp lies {to_s(stamp_ns - arrived_ns):.3f} s ahead of its '
            f'arrival, at most {stream.max_age_s:g} s is accepted; synchronise the clocks '
            '(chrony), check use_sim_time, or let the contract say stamp: arrival')
    return stamp_ns


def stamped_by(contract: Contract, choices: Mapping[str, str]) -> Contract:
    """Return the contract with another `stamp` for some streams and commands.

    Args:
        contract: The robot.
        choices: 'header' or 'arrival' per topic, or for `EVERY` one that has none of its own.

    Raises:
        ConfigError: There is no such stream; the text names the nearest.
    """
    topics = [*contract.topics, *(c.topic for c in contract.commands if c.topic)]
    known = {resolve(topic): topic for topic in topics}
    wanted = {topic if topic == EVERY else resolve(topic): choice
              for topic, choice in choices.items()}
    for topic in choices:
        if topic != EVERY and resolve(topic) not in known:
            raise ConfigError(f'--stamp: no stream {topic!r} in the contract of {contract.robot}; '
                              f'{nearest(topic, [*known.values(), EVERY])}')

    def chosen(part: S) -> S:
        if part.topic is None:
            return part     # an action
        own = wanted.get(resolve(part.topic), wanted.get(EVERY, part.stamp))
        return replace(part, stamp=own)

    gripper = contract.gripper
    if gripper and gripper.command:
        gripper = replace(gripper, command=chosen(gripper.command))
    return replace(
        contract, gripper=gripper,
        state=contract.state and chosen(contract.state),
        command=contract.command and chosen(contract.command),
        long_states=contract.long_states and tuple(map(chosen, contract.long_states)),
        long_commands=contract.long_commands and tuple(map(chosen, contract.long_commands)),
        poses=contract.poses and chosen(contract.poses),
        cameras=tuple(map(chosen, contract.cameras)))


def parse_choices(texts: list[str]) -> dict[str, str]:
    """Return what options like `joint_states=arrival` say.

    Raises:
        ConfigError: One says something else.
    """
    found = {}
    for text in texts:
        topic, _, choice = text.rpartition('=')
        if not topic or choice not in STAMPS:
            raise ConfigError(f'--stamp: expected TOPIC=arrival, TOPIC=header or '
                              f'{EVERY}=arrival, got {text!r}')
        found[topic] = choice
    return found
