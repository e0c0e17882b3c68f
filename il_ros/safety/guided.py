"""What the gate lets through while a person leads the arm by hand: a gripper, and nothing else."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.errors import MessageError
from il_ros.safety.arming import ArmingError, foreign_text
from il_ros.safety.gate import Gate
from il_ros.safety.limiter import advance, Setpoint
from il_ros.safety.rules import check_stamp, Command, Decision, Order, Refusal
from il_ros.timing import Now, SECOND
from il_ros.types import Floats, GUIDED_RULE, Verdict
import numpy as np

MAX_AGE_NS = SECOND // 5


class Guided:
    """Pure, as the gate is. While it is on, the gate cannot be armed.

    A gripper goes, within its limits, to where the newest command sent it; nothing is sent before
    one. A command that names any joint of an arm is rejected.

    Attributes:
        on: Whether a person leads the arm.
        told: Whether a gripper was told anything since it began.
    """

    def __init__(self, contract: Contract, gate: Gate) -> None:
        """Begin with nobody leading.

        Args:
            contract: Names the grippers.
            gate: Knows limits and measured positions.
        """
        self._names, self._is_gripper = contract.joint_names, contract.is_gripper
        self._gate, self._order = gate, Order()
        self._period_ns = contract.period_ns
        self._setpoint = Setpoint.at_rest(np.array(contract.start))
        self._target = np.array(contract.start)
        self._looked_ns = 0
        self.on = self.told = False

    def begin(self, publishers: list[str], now: Now) -> None:
        """Let a person lead the arm.

        Args:
            publishers: Others on the robot's command topics.
            now: Both clocks.

        Raises:
            ArmingError: The gate is armed, the robot's position is unknown, or somebody else
                commands it.
        """
        if self._gate.armed:
            raise ArmingError('guiding refused: the gate is armed; call gate/disarm first')
        if publishers:
            raise ArmingError(f'guiding refused: {foreign_text(publishers)}')
        if problem := self._gate.measured.problem(now):
            raise ArmingError(f'guiding refused: {problem}')
        self._setpoint = Setpoint.at_rest(self._here())
        self._target = self._setpoint.positions
        self.on, self.told, self._looked_ns = True, False, now.steady_ns

    def end(self) -> None:
        """Let nobody lead any more."""
        self.on = False

    def problem(self) -> str:
        """Return why the gate cannot be armed, '' where nothing is in the way."""
        return ('a person leads the arm: end il_ros guide, or call gate/guide with false'
                if self.on else '')

    def take(self, command: Command, now: Now) -> None:
        """Have a gripper go where a command sends it.

        Raises:
            Refusal: It names another joint, or is none that counts now.
        """
        grippers = [name for name, grips in zip(self._names, self._is_gripper, strict=True)
                    if grips]
        if not command.joint_names or set(command.joint_names) - set(grippers):
            raise Refusal(GUIDED_RULE, 'joint_names: a person leads the arm, expected a gripper '
                                f'({", ".join(grippers) or "this robot has none"})')
        values = np.asarray(command.positions, dtype=np.float64)
        if len(values) != len(command.joint_names) or not np.isfinite(values).all():
            raise Refusal('joints', 'positions: expected a finite one per joint name')
        check_stamp(command.stamp_ns, now.ros_ns, MAX_AGE_NS)
        self._order.admit(command)
        columns = [self._names.index(name) for name in command.joint_names]
        limits = self._gate.limits
        self._target = self._target.copy()
        self._target[columns] = np.clip(values, limits.lower[columns], limits.upper[columns])
        self.told = True

    def look(self, now: Now) -> Decision | None:
        """Return the next row, one per period: joints as measured, but a gripper as it is told."""
        passed_ns = now.steady_ns - self._looked_ns
        if not self.on or passed_ns < self._period_ns:
            return None
        self._looked_ns, here = now.steady_ns, self._here()
        grips, setpoint = self._is_gripper, self._setpoint
        still = np.zeros_like(here)
        before = Setpoint(*(np.where(grips, mine, other) for mine, other in (
            (setpoint.positions, here), (setpoint.velocities, still),
            (setpoint.accelerations, still), (setpoint.target, here))))
        target = np.where(grips, self._target, here)
        self._setpoint, _ = advance(before, target, self._period_ns / SECOND, self._gate.limits)
        return Decision(Verdict.REJECTED, GUIDED_RULE, 'a person leads the arm',
                        np.where(grips & self.told, self._setpoint.positions, self._measured()))

    def _measured(self) -> Floats:
        measured = self._gate.measured.whole
        if measured is None:
            raise MessageError('no joint states')
        return measured

    def _here(self) -> Floats:
        return self._gate.limits.inside(self._measured())
