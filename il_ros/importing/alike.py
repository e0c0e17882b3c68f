"""Arms whose drivers call their joints alike: what tells their topics apart goes before."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
import re

SIDES = frozenset({'left', 'right', 'l', 'r'})


def words(topic: str) -> set[str]:
    """Return the words in the name of a topic."""
    return set(re.split('[/_]', topic.lower())) - {''}


def two_sides(topic: str, other: str) -> bool:
    """Tell whether two topics differ in nothing but the side of the body."""
    return len(words(topic) ^ words(other)) == 2 and words(topic) ^ words(other) <= SIDES


class Alike:
    """The joints of several arms, each with a name of its own.

    Args:
        joints: Which joints each state topic names.

    Attributes:
        sides: What goes before the joints of a topic; of topics whose joints are named nowhere
            else, and where nothing tells topics apart, none.
    """

    def __init__(self, joints: Mapping[str, Collection[str]]) -> None:
        shared = [topic for topic, own in joints.items() if any(
            other != topic and set(own) & set(others) for other, others in joints.items())]
        common = set.intersection(*map(words, shared)) if shared else set()
        told = {topic: '_'.join(word for word in re.split('[/_]', topic.lower())
                                if word and word not in common) for topic in shared}
        apart = all(told.values()) and len(set(told.values())) == len(told)
        self.sides = told if apart else {}
        self._joints = {topic: set(joints[topic]) for topic in self.sides}

    def named(self, topic: str, joint: str) -> str:
        """Return what the contract calls a joint of a state topic."""
        return f'{side}_{joint}' if (side := self.sides.get(topic)) else joint

    def meant(self, command: str, joints: Sequence[str]) -> dict[str, str]:
        """Return the joints that a command topic means, by their names in the contract.

        Args:
            command: The topic.
            joints: As its messages call them.

        Returns:
            Empty where it speaks of no such arm.
        """
        for topic, side in self.sides.items():
            own = [joint for joint in joints if joint in self._joints[topic]]
            if own and set(side.split('_')) <= words(command):
                return {self.named(topic, joint): joint for joint in own}
        return {}
