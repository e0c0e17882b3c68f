"""How the scripted operator moves one arm: towards a pose of the tool, as a person's hand does."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.contract import Arm, Contract
from il_ros.kinematics import chain
from il_ros.teleop.scripted.goals import Goal
from il_ros.types import Floats
import numpy as np
import pinocchio as pin

DOWN = np.diag([-1.0, 1.0, -1.0])     # rotation of the tool pointing down at yaw 0
SHARE = 0.85                          # of the contract's limits that the operator uses
GAIN = 5.0                            # slows down towards a goal [1/s]
ACCELERATION = 1.8                    # of the tool [m/s^2]
TURN, TURN_ACCELERATION = 1.6, 8.0    # of the tool [rad/s], [rad/s^2]
LAG = 0.2                             # how far behind a command the arm may be [s]
SLACK = 0.05                          # and at rest [rad]
CONTORTED, SETTLED = 1.25, 0.5        # away from the start pose, any joint but the last [rad]
UNTWIST = 1.2                         # speed of the way back from there [rad/s]
WANDER, WANDER_TIME = 0.004, 0.4      # of the hand: standard deviation [m], time constant [s]
PACE = 0.88, 1.12                     # of one hand, against the usual
PAUSES = 0.12                         # how often the hand rests [1/s]


@dataclass(frozen=True)
class ToolGoal:
    """Where a tool is to go.

    Attributes:
        position: [m]. Shape (3,).
        turned: Its rotation. Shape (3, 3).
        speed: At most [m/s].
        wander: How much the hand wanders, as a share of its usual.
        busy: Whether this is no moment to rest.
    """

    position: Floats
    turned: Floats
    speed: float
    wander: float = 1.0
    busy: bool = False

    @staticmethod
    def pointing_down(goal: Goal) -> ToolGoal:
        """Return the goal of a tool that points down, turned by the goal's yaw."""
        return ToolGoal(goal.position, turn_about_z(goal.yaw) @ DOWN, goal.speed, goal.wander,
                        goal.busy)


class ScriptedArm:
    """Moves one arm; the hand wanders a little, varies its speed and pauses at times.

    Targets stay inside the contract's limits of velocity and acceleration.

    Args:
        contract: The robot, with a URDF.
        arm: One of its arms.
        contorts: How far any joint but the last may be from the start pose before the arm goes
            back there [rad].

    Raises:
        ConfigError: The URDF does not fit.
    """

    def __init__(self, contract: Contract, arm: Arm, contorts: float = CONTORTED) -> None:
        self.columns = contract.indices(arm.joints)
        self._arm = chain(contract, arm)
        self._velocity = SHARE * contract.velocity[self.columns]
        self._acceleration = SHARE * contract.acceleration[self.columns]
        self._start = np.array(contract.start)[self.columns]
        self._proper = np.array([contorts] * (len(self.columns) - 1) + [2 * contorts])

    def begin(self, rng: np.random.Generator) -> None:
        """Begin an episode; `rng` decides how the hand moves, and how fast."""
        self._rng, self._pace = rng, rng.uniform(*PACE)
        self._wander = np.zeros(3)
        self._tempo, self._rest_until = 0.0, 0

    def take_up(self, measured: Floats) -> None:
        """Begin from measured joints [rad]. Shape (A,)."""
        self._q, self._dq = measured.copy(), np.zeros(len(measured))
        self._v, self._w = np.zeros(3), np.zeros(3)
        self._contorted = False

    def move(self, measured: Floats, goal: ToolGoal, dt: float, now_ns: int) -> Floats:
        """Return the joints on the way to a goal after `dt` [s]. Shape (A,)."""
        slack = SLACK + LAG * np.abs(self._dq)
        self._q = np.clip(self._q, measured - slack, measured + slack)
        self._move_hand(dt, now_ns, goal.busy)
        pace = 0.0 if now_ns < self._rest_until else self._pace * (1 + self._tempo)
        away = np.abs(self._q - self._start)
        self._contorted = bool((away > (SETTLED if self._contorted else self._proper)).any())
        if self._contorted:
            self._v, self._w = np.zeros(3), np.zeros(3)
            dq = np.clip(GAIN * (self._start - self._q), -UNTWIST, UNTWIST) * pace
        else:
            dq = (self._steered(goal, dt, pace) - self._q) / dt
        dq = np.clip(dq, self._dq - self._acceleration * dt, self._dq + self._acceleration * dt)
        self._dq = np.clip(dq, -self._velocity, self._velocity)
        self._q = np.clip(self._q + self._dq * dt, self._arm.lower, self._arm.upper)
        return self._q

    def _move_hand(self, dt: float, now_ns: int, busy: bool) -> None:
        keep = np.exp(-dt / WANDER_TIME)
        fresh = self._rng.normal(size=4) * np.sqrt(1 - keep ** 2)
        self._wander = keep * self._wander + WANDER * fresh[:3]
        self._tempo = keep * self._tempo + 0.12 * fresh[3]
        if self._rng.random() < PAUSES * dt and now_ns >= self._rest_until and not busy:
            self._rest_until = now_ns + int(self._rng.uniform(0.2, 0.5) * 1e9)

    def _steered(self, goal: ToolGoal, dt: float, pace: float) -> Floats:
        position, turned = self._arm.forward(self._q)
        left = goal.position + goal.wander * self._wander - position
        v = _capped(GAIN * left, goal.speed) * pace
        w = _capped(GAIN * pin.log3(goal.turned @ turned.T), TURN) * pace
        self._v = self._v + _capped(v - self._v, ACCELERATION * dt)
        self._w = self._w + _capped(w - self._w, TURN_ACCELERATION * dt)
        return self._arm.step(self._q, position + self._v * dt,
                              pin.exp3(self._w * dt) @ turned, max_step=0.3)


def turn_about_z(yaw: float) -> Floats:
    """Return the rotation by a yaw [rad]. Shape (3, 3)."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _capped(vector: Floats, limit: float) -> Floats:
    return vector * min(1.0, limit / max(float(np.linalg.norm(vector)), 1e-9))
