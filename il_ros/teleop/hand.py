"""What devices that steer by velocities share: one part moves, the others hold; and rest."""
from __future__ import annotations

from collections.abc import Collection

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.jog import JointJog
from il_ros.teleop.parts import ArmPart, keep_still, make_parts, Part
from il_ros.timing import MILLISECOND, to_s
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

MAX_STEP_NS = 100 * MILLISECOND


class Pace:
    """The time between two readings."""

    def __init__(self) -> None:
        """Begin."""
        self._last_ns = 0

    def step_s(self, now_ns: int) -> float:
        """Return the time since the last call [s], as far as it counts for motion."""
        step_s = to_s(min(max(now_ns - self._last_ns, 0), MAX_STEP_NS))
        self._last_ns = now_ns
        return step_s


class Hand:
    """Moves the part of the robot that is chosen: an arm, or the base.

    The other arms stay where they were told to be, a base that is not chosen stands.

    Attributes:
        part: What moves.
        parts: All that can be chosen.
    """

    def __init__(self, contract: Contract, names: Collection[str] = ()) -> None:
        """Take the parts of these names, all when empty; the first one is chosen.

        Raises:
            ConfigError: The contract has none of them, or its URDF does not fit.
        """
        self._contract = contract
        self.parts = [part for part in make_parts(contract) if not names or part.name in names]
        if not self.parts:
            raise ConfigError(f'the contract of {contract.robot!r} has no arm and no base that '
                              'a device could move; name its arms')
        self.part: Part = self.parts[0]
        # A base has no gripper: while it moves, that of the arm before is opened and closed.
        self._gripping = next((p for p in self.parts if isinstance(p, ArmPart)), None)
        self._told: Floats | None = None
        self._pace = Pace()
        self._away: NDArray[np.bool_] | None = None

    @property
    def several(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.parts) > 1

    @property
    def drives(self) -> frozenset[str]:
        """What `Intent.parts` says: the chosen part."""
        return frozenset((self.part.name,))

    @property
    def by_joints(self) -> bool:
        """Whether the chosen part moves joint by joint."""
        return isinstance(self.part, ArmPart) and isinstance(self.part.jog, JointJog)

    @property
    def status(self) -> str:
        """The chosen part where there are several, and the gripper where there is one."""
        arm = self._gripping
        gripper = '' if arm is None or arm.grip is None else (
            f'{f"{arm.name} " if self.several else ""}gripper '
            f'{"closed" if arm.closed else "open"}')
        return '   '.join(filter(None, [self.part.name if self.several else '', gripper]))

    def next(self, step: int = 1) -> None:
        """Choose another part: `step` further in their order, round and round."""
        self.part = self.parts[(self.parts.index(self.part) + step) % len(self.parts)]
        if isinstance(self.part, ArmPart):
            self._gripping = self.part
        self._away = None
        if self._told is not None:
            closed = self.part.closed
            self.part.start(self._told[self.part.columns])
            if isinstance(self.part, ArmPart):
                self.part.closed = closed    # as told, however far it is by now

    def choose(self, number: int) -> bool:
        """Choose the joint of a number, counted from 1; False where parts move as a whole."""
        if isinstance(self.part, ArmPart) and isinstance(self.part.jog, JointJog):
            self.part.jog.choose(number)
            return True
        return False

    def step(self, direction: int) -> None:
        """Choose the next joint of an arm that moves joint by joint, beyond them the next part."""
        jog = self.part.jog if isinstance(self.part, ArmPart) else None
        if isinstance(jog, JointJog):
            before = jog.joint
            jog.choose(before + 1 + direction)
            if jog.joint != before:
                return
        if self.several:
            self.next(direction)

    def grip(self) -> None:
        """Open the gripper or close it."""
        if self._gripping is not None:
            self._gripping.closed = not self._gripping.closed

    def take_up(self, state: Floats) -> None:
        """Begin from measured positions [rad] or [m], with nothing seen at rest. Shape (J,)."""
        self._away = None
        self._told = keep_still(self._contract, state)
        for part in self.parts:
            part.start(state[part.columns])

    def see(self, now_ns: int) -> float:
        """Return the time since the last call [s], as far as it counts for motion."""
        return self._pace.step_s(now_ns)

    def at_rest(self, values: Floats) -> Floats:
        """Return what the operator's axes say, 0 for those not yet at rest since `take_up`.

        A stick that is held, stuck, or a trigger under another driver does not move the robot when
        the operator engages or chooses another part; it does once it has been let go. To be called
        at each reading.

        Args:
            values: Deflections beyond the dead zone, or keys; 0 is rest. Shape (N,).
        """
        away = values != 0
        self._away = away if self._away is None else self._away & away
        return np.where(self._away, 0.0, values)

    def move(self, state: Floats, velocity: Floats, dt_s: float, in_tool: bool = False) -> Floats:
        """Return joint targets [rad] or [m]; the rest as in `Jog.move`. Shape (J,)."""
        assert self._told is not None, 'taken up before'
        told, part, arm = self._told, self.part, self._gripping
        told[self._contract.is_velocity] = 0.0
        told[part.columns] = part.move(state[part.columns], velocity, dt_s, in_tool)
        if arm is not None and arm.grip is not None:
            told[arm.grip] = arm.grasp
        return told.copy()

    def released(self, state: Floats) -> Floats:
        """Return what is said while nobody drives: as measured, a base at rest. Shape (J,)."""
        return np.where(self._contract.is_velocity, 0.0, state)


