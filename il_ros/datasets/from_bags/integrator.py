"""Speeds that a person gave an arm, as the joint targets that they add up to.

A motion begins where the arm is measured, and each speed counts until the next one comes, or for
`timeout_s`. Two things keep the sum at the arm, however long it goes on: it never leads the arm by
more than `LEAD_S` of its newest speeds and a little (an arm that is slowed down, or stopped at an
obstacle, takes its target along), and once nothing moved for `RESTS_NS` it is where the arm is.
"""
from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from il_ros.contract import CommandInterface, Contract
from il_ros.contract.forms import integrated_arm
from il_ros.datasets.from_bags.speeds import read_speed, Speed
from il_ros.datasets.from_bags.told import Told
from il_ros.errors import ConfigError, MessageError
from il_ros.kinematics import Arm, chain
from il_ros.timing import MILLISECOND, to_ns, to_s
from il_ros.types import Floats
import numpy as np
import pinocchio as pin

STEP_NS = 20 * MILLISECOND      # within which a twist counts as straight
RESTS_NS = 500 * MILLISECOND
LEAD_S = 0.5                    # by which a controller may lag behind what it is told
LEAD_M, LEAD_RAD = 0.01, 0.05   # more than that, for what a tip never reaches
LEAD_JOINT = 0.05               # the same of a joint [rad] or [m]


class _Target(NamedTuple):
    """Where the joints are told to be at a time; the tip apart, so that no rounding adds up."""

    at_ns: int
    q: Floats
    tip: tuple[Floats, Floats] | None


class Integrator:
    """The speeds on one topic.

    Args:
        contract: The robot.
        command: With `integrated`.

    Attributes:
        joints: What they move.

    Raises:
        ConfigError: They move a tip, and there is no URDF, or it lacks a joint or the tip.
    """

    def __init__(self, contract: Contract, command: CommandInterface) -> None:
        assert command.integrated is not None
        self._given, self.joints = command.integrated, list(command.joints or ())
        self._contract, self._columns = contract, contract.indices(self.joints)
        self._arm = integrated_arm(command, contract.arms)
        self._chain = chain(contract, self._arm) if self._arm else None
        self._of_arm = [self.joints.index(name) for name in (self._arm.joints if self._arm
                                                              else ())]
        self._frames: dict[str, Arm] = {}
        self._speed = Speed(np.zeros(6), '', np.zeros(len(self.joints)))
        self._recent: list[tuple[int, Speed]] = []  # with when they came
        self._path: list[_Target] = []      # what the newest speed leads to, until it is too old
        self._moved_ns: int | None = None   # when it was last told to move; None before anything

    def rests(self, now_ns: int) -> bool:
        """Tell whether the target is where the arm is: it spoke, and nothing moved for a while."""
        return self._moved_ns is not None and now_ns - self._moved_ns > RESTS_NS

    def told(self, message: Any, measured: Floats, now_ns: int) -> Told | None:
        """Return what a message tells the joints from now on, None where the arm rests.

        Args:
            message: Of the topic.
            measured: Where all joints are, in contract order. Shape (J,).
            now_ns: When it came.

        Raises:
            MessageError: It is not understood, or leads the tip where the joints cannot bring it.
        """
        speed = self.read(message)
        if self._moved_ns is None:
            self._moved_ns = now_ns - RESTS_NS - 1
        if self.rests(now_ns):
            if not speed.moves:
                return None
            target = self._at(measured[self._columns], now_ns)
        else:
            target = self._leashed(self._advanced(now_ns), measured[self._columns])
        self._recent = [(at_ns, each) for at_ns, each in self._recent
                        if now_ns - at_ns < to_ns(LEAD_S + self._given.timeout_s)]
        self._recent.append((now_ns, speed))
        self._speed, self._path, stuck = speed, [target], False
        self._moved_ns = min(self._moved_ns, now_ns)
        if speed.moves:
            self._moved_ns = now_ns + to_ns(self._given.timeout_s)
            stuck = not self._go_on(self._moved_ns)
        if stuck and len(self._path) == 1:
            raise MessageError(f'{self._given.topic}: from where the arm is, its joints cannot '
                               'follow the twist: it is out of reach')
        return Told(self.joints, np.array([target.q for target in self._path]),
                    np.array([target.at_ns - now_ns for target in self._path]), now_ns)

    def _go_on(self, end_ns: int) -> bool:
        """Add what the speed leads to until a time; False where the joints cannot follow."""
        while (last := self._path[-1]).at_ns < end_ns:
            after = self._stepped(last, min(end_ns, last.at_ns + STEP_NS))
            if after is None:
                return False
            self._path.append(after)
        return True

    def read(self, message: Any) -> Speed:
        """Return what a message says.

        Raises:
            MessageError: It is no such message, or along the axes of a link that is not there.
        """
        speed = read_speed(message, self._given, self.joints)
        if speed.twist.any():
            self._frame(speed.frame)
        return speed

    def _frame(self, name: str) -> Arm | None:
        """Return the chain to the link along whose axes a twist goes; None for fixed axes."""
        assert self._chain and self._arm
        if name in ('', self._chain.root):
            return None
        if name not in self._frames:
            try:
                self._frames[name] = chain(self._contract, replace(self._arm, tip=name))
            except ConfigError as error:
                raise MessageError(f'{self._given.topic}: its twists are along the axes of '
                                   f'{name!r}: {error}; write frame: LINK at integrated in the '
                                   'contract') from None
        return self._frames[name]

    def _at(self, q: Floats, at_ns: int) -> _Target:
        return _Target(at_ns, q, self._chain.forward(q[self._of_arm]) if self._chain else None)

    def _advanced(self, now_ns: int) -> _Target:
        """Return where the speed so far has led to."""
        last = [target for target in self._path if target.at_ns <= now_ns][-1]
        if last is self._path[-1]:
            return last._replace(at_ns=now_ns)      # it stopped there
        return self._stepped(last, now_ns) or last._replace(at_ns=now_ns)

    def _stepped(self, target: _Target, at_ns: int) -> _Target | None:
        """Return where the speed leads to; None where the joints cannot follow."""
        for_s, q = to_s(at_ns - target.at_ns), target.q.copy()
        jogged, columns = self._speed.joints != 0, self._columns
        q[jogged] = np.clip(q + self._speed.joints * for_s, self._contract.lower[columns],
                            self._contract.upper[columns])[jogged]
        if not (target.tip and self._speed.twist.any()):
            return _Target(at_ns, q, target.tip)
        position, rotation = target.tip
        linear, angular = self._speed.twist[:3] * for_s, self._speed.twist[3:] * for_s
        axes = self._axes(q, rotation @ pin.exp3(angular / 2))
        return self._brought(at_ns, q, position + axes @ linear,
                             pin.exp3(axes @ angular) @ rotation)

    def _axes(self, q: Floats, rotation: Floats) -> Floats:
        """Return the axes of the speed; those of the tip itself are given. Shape (3, 3)."""
        assert self._arm
        if self._speed.frame == self._arm.tip:
            return rotation
        frame = self._frame(self._speed.frame)
        return frame.forward(q[self._of_arm])[1] if frame else np.eye(3)

    def _brought(self, at_ns: int, q: Floats, position: Floats, rotation: Floats
                 ) -> _Target | None:
        assert self._chain
        if (found := self._chain.inverse(position, rotation, q[self._of_arm])) is None:
            return None
        q[self._of_arm] = found
        return _Target(at_ns, q, (position, rotation))

    def _leashed(self, target: _Target, measured: Floats) -> _Target:
        """Return the target, brought to the arm as far as it leads it by too much."""
        lead = target.q - measured
        turns = self._contract.continuous[self._columns]
        lead[turns] -= 2 * np.pi * np.round(lead[turns] / (2 * np.pi))
        speeds = [each for _, each in self._recent]
        most = LEAD_JOINT + LEAD_S * np.max([np.abs(each.joints) for each in speeds], axis=0)
        q = target.q - lead + np.clip(lead, -most, most)
        q[self._of_arm] = target.q[self._of_arm]
        if not (target.tip and self._chain):
            return _Target(target.at_ns, q, None)
        position, rotation = self._chain.forward(measured[self._of_arm])
        way, turn = target.tip[0] - position, pin.log3(target.tip[1] @ rotation.T)
        fast = [max(float(np.linalg.norm(each.twist[part])) for each in speeds)
                for part in (slice(0, 3), slice(3, 6))]
        far = [min(1.0, (least + LEAD_S * rate) / max(float(np.linalg.norm(ahead)), 1e-9))
               for least, rate, ahead in zip((LEAD_M, LEAD_RAD), fast, (way, turn), strict=True)]
        if far == [1.0, 1.0]:
            return _Target(target.at_ns, q, target.tip)
        return self._brought(target.at_ns, q, position + far[0] * way,
                             pin.exp3(far[1] * turn) @ rotation) or self._at(
                                 measured, target.at_ns)
