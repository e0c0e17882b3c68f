"""Arms and grippers in a URDF: chains of joints that move, and what opens at their ends."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
import os
import re

from il_ros.urdf import MOVING, Urdf, UrdfJoint

LEAST_JOINTS = 3       # of an arm; shorter chains are heads, lifts, wheels
OPENS_M = 0.2          # a slide of an arm goes further than a finger
FINGERS = ('grip', 'finger', 'jaw', 'knuckle')
TOOLS = ('tcp', 'tool', 'ee_', 'end_effector', 'hand')   # in links that people mean as the tip


@dataclass(frozen=True)
class Limb:
    """One arm of a URDF.

    Attributes:
        name: What its joints have in common; 'arm' of the only one.
        joints: From the root to the tip.
        grippers: Joints that open at its end.
        tips: Links that may be its tip, the likeliest first.
    """

    name: str
    joints: tuple[str, ...]
    grippers: tuple[str, ...]
    tips: tuple[str, ...]


class Chains:
    """The joints of a URDF that can move, as a tree; those that mimic others are none here."""

    def __init__(self, urdf: Urdf) -> None:
        self.urdf = urdf
        self.free = [joint.name for joint in urdf.joints.values() if joint.kind in MOVING
                     and joint.mimic is None and joint.limits[0] < joint.limits[1]]
        self._above = {joint.child: joint for joint in urdf.joints.values()}
        self._led = {joint.mimic.joint for joint in urdf.joints.values() if joint.mimic}

    def limbs(self) -> list[Limb]:
        """Return the arms: the chains of three joints or more, else the longest."""
        chains = self._segments()
        arms = [chain for chain in chains if len(chain) >= LEAST_JOINTS] or sorted(
            chains, key=len)[-1:]
        names = self._names(arms)
        return [Limb(name, tuple(chain), tuple(g for g in self.grippers
                                               if self._leader(g) in chain),
                     self._tips(chain[-1])) for name, chain in zip(names, arms, strict=True)]

    @cached_property
    def grippers(self) -> list[str]:
        """The joints that open: leaves that lead others, slide a little, or are called so."""
        leaders = {self._leader(name) for name in self.free}
        return [name for name in self.free if name not in leaders and self._opens(
            self.urdf.joints[name])]

    def _opens(self, joint: UrdfJoint) -> bool:
        lower, upper = joint.limits
        return joint.kind != 'continuous' and (
            joint.name in self._led
            or (joint.kind == 'prismatic' and upper - lower <= OPENS_M)
            or any(word in joint.name.lower() for word in FINGERS))

    def _leader(self, name: str) -> str | None:
        """Return the joint that moves another one's base, if any."""
        link = self.urdf.joints[name].parent
        while (joint := self._above.get(link)) is not None:
            if joint.name in self.free:
                return joint.name
            link = joint.parent
        return None

    def _segments(self) -> list[list[str]]:
        joints = [name for name in self.free if name not in self.grippers]
        leader = {name: self._leader(name) for name in joints}
        followers = {name: [j for j in joints if leader[j] == name] for name in joints}
        found = []
        for name in joints:
            above = leader[name]
            if above is not None and len(followers[above]) == 1:
                continue
            chain = [name]
            while len(followers[chain[-1]]) == 1:
                chain += followers[chain[-1]]
            found.append(chain)
        return found

    def _tips(self, last: str) -> tuple[str, ...]:
        """Return the links that the last joint carries rigidly, the likeliest tip first."""
        found = [self.urdf.joints[last].child]
        for link in found:
            found += [joint.child for joint in self.urdf.joints.values()
                      if joint.parent == link and joint.kind not in MOVING]
        deepest = list(reversed(found))
        return tuple(sorted(deepest, key=lambda link: not any(
            word in link.lower() for word in TOOLS)))

    @staticmethod
    def _names(chains: Sequence[Sequence[str]]) -> list[str]:
        if len(chains) < 2:
            return ['arm'] * len(chains)
        common = [os.path.commonprefix(list(chain)) for chain in chains]
        stems = [re.sub('[^A-Za-z0-9_-]', '_', text.rpartition('_')[0] or text)[:64]
                 for text in common]
        if all(stems) and len(set(stems)) == len(stems):
            return stems
        return [f'arm_{number + 1}' for number in range(len(chains))]
