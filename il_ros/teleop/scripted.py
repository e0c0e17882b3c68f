"""The scripted operator: plays the person at the controls of the simulated arm."""
from __future__ import annotations

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.kinematics import Arm, find_urdf
from il_ros.teleop.scripted_goals import draw_habits, Goal, GOALS
from il_ros.teleop.scripted_stages import Reader
from il_ros.teleop.scripted_supervisor import Supervisor
from il_ros.timing import to_s
from il_ros.types import Floats
import numpy as np
import pinocchio as pin

__all__ = ['ScriptedOperator', 'Supervisor']

DOWN = np.diag([-1.0, 1.0, -1.0])     # rotation of the tool pointing down at yaw 0
SHARE = 0.85                          # of the contract's limits that the operator uses
GAIN = 5.0                            # slows down towards a goal [1/s]
ACCELERATION = 1.8                    # of the tool [m/s^2]
TURN, TURN_ACCELERATION = 1.6, 8.0    # of the tool [rad/s], [rad/s^2]
LAG = 0.2                             # how far behind a command the arm may be [s]
SLACK = 0.05                          # and at rest [rad]
SQUEEZE = 0.022                       # and the gripper, closed on something [m]
CONTORTED, SETTLED = 1.25, 0.5        # away from the start pose, any joint but the last [rad]
UNTWIST = 1.2                         # speed of the way back from there [rad/s]
WANDER, WANDER_TIME = 0.004, 0.4      # of the hand: standard deviation [m], time constant [s]
PAUSES = 0.12                         # how often the hand rests [1/s]

class ScriptedOperator:
    """A person who does a task of the simulation, from any state, watching what happens.

    The goal follows from the present state alone; the hand on the way there wanders a little,
    varies its speed and pauses at times. Targets stay inside the contract's limits of velocity
    and acceleration.

    Args:
        contract: The robot; needs a URDF, a gripper and the poses of the simulation.
        seed: Decides how the hand moves.
        task: PickPlace, Reach or Push.

    Raises:
        ConfigError: The contract lacks something, or there is no such task.
    """

    def __init__(self, contract: Contract, seed: int, task: str = 'PickPlace') -> None:
        if task not in GOALS:
            raise ConfigError(f'the scripted operator knows no task {task!r}; '
                              f'{nearest(task, list(GOALS))}')
        self._wanted = GOALS[task]
        self._reader = Reader(contract)
        gripper = contract.gripper_index
        self._gripper = gripper if gripper is not None else -1
        self._arm_joints = [i for i in range(len(contract.joints)) if i != gripper]
        names = [contract.joint_names[i] for i in self._arm_joints]
        self._arm = Arm(find_urdf(contract), names, contract.tip)
        self._velocity = SHARE * contract.velocity[self._arm_joints]
        self._acceleration = SHARE * contract.acceleration[self._arm_joints]
        self._start = np.array(contract.start)[self._arm_joints]
        self._proper = np.array([CONTORTED] * (len(names) - 1) + [2 * CONTORTED])
        self._closed, self._open = ((contract.gripper.closed, contract.gripper.open)
                                    if contract.gripper else (0.0, 0.0))
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Begin an episode with the habits of another seed."""
        self._rng = rng = np.random.default_rng(seed)
        self._pace = rng.uniform(0.88, 1.12)
        self._habits = draw_habits(rng)
        self._wander = np.zeros(3)
        self._tempo = 0.0
        self._rest_until = 0
        self._last_ns: int | None = None

    def act(self, state: Floats, environment: Floats, now_ns: int,
            following: bool = True) -> Floats:
        """Return the joint targets for now.

        Call it all the time, also while another drives.

        Args:
            state: Measured joint positions [rad] or [m]. Shape (J,).
            environment: Poses as the contract says. Shape (7 * P,).
            now_ns: The present time [ns].
            following: Whether the arm obeys these targets. While it does not, each target is one
                small step from the measured state, so that a take-over begins without a jump.

        Returns:
            Absolute joint targets [rad] or [m]. Shape (J,).
        """
        measured, opening = state[self._arm_joints], float(state[self._gripper])
        goal = self._wanted(self._reader.view(state, environment), self._habits)
        if self._last_ns is None or not following:
            self._take_up(measured)
        dt = float(np.clip(to_s(now_ns - (self._last_ns or 0)), 1e-3, 0.1))
        self._last_ns = now_ns
        self._keep_up(measured)
        self._move_hand(dt, now_ns, goal.busy)
        self._move_arm(goal, dt, resting=now_ns < self._rest_until)
        target = np.empty(len(state))
        target[self._arm_joints] = self._q
        # The gripper is a button: open or closed. Until the arm follows it keeps what it holds.
        wanted = self._open if goal.open else self._closed
        target[self._gripper] = wanted if following else opening - SQUEEZE * (not goal.open)
        return target

    def _take_up(self, measured: Floats) -> None:
        self._q, self._dq = measured.copy(), np.zeros(len(measured))
        self._v, self._w = np.zeros(3), np.zeros(3)
        self._contorted = False

    def _keep_up(self, measured: Floats) -> None:
        slack = SLACK + LAG * np.abs(self._dq)
        self._q = np.clip(self._q, measured - slack, measured + slack)

    def _move_hand(self, dt: float, now_ns: int, busy: bool) -> None:
        keep = np.exp(-dt / WANDER_TIME)
        fresh = self._rng.normal(size=4) * np.sqrt(1 - keep ** 2)
        self._wander = keep * self._wander + WANDER * fresh[:3]
        self._tempo = keep * self._tempo + 0.12 * fresh[3]
        if self._rng.random() < PAUSES * dt and now_ns >= self._rest_until and not busy:
            self._rest_until = now_ns + int(self._rng.uniform(0.2, 0.5) * 1e9)

    def _move_arm(self, goal: Goal, dt: float, resting: bool) -> None:
        pace = 0.0 if resting else self._pace * (1 + self._tempo)
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

    def _steered(self, goal: Goal, dt: float, pace: float) -> Floats:
        position, turned = self._arm.forward(self._q)
        wanted = turn_about_z(goal.yaw) @ DOWN
        left = goal.position + goal.wander * self._wander - position
        v = _capped(GAIN * left, goal.speed) * pace
        w = _capped(GAIN * pin.log3(wanted @ turned.T), TURN) * pace
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
