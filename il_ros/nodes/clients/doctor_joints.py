"""What the doctor makes of joint states, which several drivers may publish in parts."""
from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from il_ros.alignment.decode import message_stamp_ns
from il_ros.alignment.stamps import believed_ns
from il_ros.alignment.state_reader import StateReader
from il_ros.contract import Contract, ODOMETRY
from il_ros.errors import MessageError
from il_ros.safety.leaps import advice, Leaps, PoseLeaps
from il_ros.timing import SECOND, to_s
import numpy as np

Came = list[tuple[int, Any]]    # ROS time of arrival [ns], message


def look_at_joints(contract: Contract, topic: str, came: Came, span_s: float,
                   publishers: Sequence[str] = ()) -> tuple[Came, str]:
    """Return the messages that name joints of the contract, and a remark on how they name them.

    Args:
        contract: The robot.
        topic: One of its state topics.
        came: Its messages.
        span_s: In this time.
        publishers: Who publishes the topic.

    Raises:
        MessageError: One does not fit the contract, or a joint leaps, never came, or came too
            seldom or too old.
    """
    if leap := _leap(contract, topic, came):
        raise MessageError(f'{leap}; {advice(topic, publishers)}')
    states = contract.state_topics[topic]
    expected = [joint for state in states for joint in state.joints]
    reader, ages = StateReader(contract), {name: list[float]() for name in expected}
    told = []
    for now_ns, message in came:
        if reader.read(topic, message) is not None:
            told.append((now_ns, message))
            for name in ages.keys() & set(getattr(message, 'name', expected)):
                ages[name].append(to_s(now_ns - message_stamp_ns(message)))
    if problem := reader.problem(topic):
        raise MessageError(problem)
    longest_s = min(state.max_age_s for state in states)
    for name, found in ages.items() if told else ():
        if span_s / len(found) > longest_s:
            raise MessageError(f'joint {name!r} comes with {len(found) / span_s:.1f} Hz, too '
                               f'seldom for max_age_s {longest_s:g}: check its driver')
        if len(came) > len(found) and abs(median(found)) > longest_s:
            raise MessageError(f'joint {name!r} is {median(found):.2f} s old, expected at most '
                               f"{longest_s:g} s: check its driver's stamps")
    if states[0].fields is not None:
        return told, ''
    groups = {tuple(n for n in expected if n in m.name) for _, m in told}
    if len(groups) > 1:
        return told, f'; in parts: {" and ".join(", ".join(group) for group in sorted(groups))}'
    if told and list(told[0][1].name) != expected:
        return told, "; joints in another order than the contract's, matched by name"
    return told, ''


def _leap(contract: Contract, topic: str, came: Came) -> str:
    states, reader = contract.state_topics[topic], StateReader(contract)
    leaps, last = Leaps(contract), np.full(len(contract.joints), np.nan)
    poses = PoseLeaps(contract, states[0]) if states[0].type == ODOMETRY else None
    last_ns = np.zeros(len(last), dtype=np.int64)
    for now_ns, message in came:
        stamp_ns = believed_ns(states[0], message, now_ns)
        if (found := reader.read(topic, message)) is None:
            continue
        if leap := leaps.find(last, found, (stamp_ns - last_ns) / SECOND) or (
                poses.look(message, stamp_ns) if poses else ''):
            return leap
        told = ~np.isnan(found)
        last[told], last_ns[told] = found[told], stamp_ns
    return ''
