"""The scripted operator as a device."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.sim.tasks import default_task
from il_ros.teleop.device import DeviceContext, ENGAGE, Intent
from il_ros.teleop.inputs import Input
from il_ros.teleop.scripted.operators import make_operator
from il_ros.teleop.scripted.supervisor import Supervisor
from il_ros.types import Floats, Mode
import numpy as np


class ScriptedDevice:
    """Drives always, never, or when the scripted supervisor takes over.

    It lets go for one reading after `reset`, as a person does between two episodes.
    """

    name = 'scripted'
    wants: tuple[Input, ...] = ()
    absolute = False
    notice = ''

    def __init__(self, contract: Contract, seed: int = 0, engage: str = 'always',
                 task: str = '') -> None:
        """Make an operator of a task with the habits of a seed.

        Raises:
            ConfigError: `engage` or `task` is unknown, or the contract lacks what the operator
                needs.
        """
        self._operator = make_operator(contract, seed, task)
        self._supervisor = Supervisor(contract, task or default_task(contract))
        self._let_go, self._base = False, contract.is_velocity
        self.engage = engage

    @property
    def engage(self) -> str:
        """When the operator drives: 'always', 'supervised' or 'never'."""
        return self._engage

    @engage.setter
    def engage(self, value: str) -> None:
        ENGAGE.check('engage', value)
        self._engage = value
        self._supervisor.reset()

    def read(self, context: DeviceContext) -> Intent | None:
        """Return what the operator wants; None without the poses that it looks at."""
        if not context.environment.size:
            return None
        # As a person would where the arm was stopped: let go, and engage anew once it goes on.
        self._let_go |= context.mode is Mode.HOLD
        wanted = self.act(context.state, context.environment, context.now_ns,
                          context.mode is Mode.CORRECTING)
        return Intent(wanted is not None, np.where(self._base, 0.0, context.state)
                      if wanted is None else wanted)

    def act(self, state: Floats, environment: Floats, now_ns: int,
            driving: bool) -> Floats | None:
        """Return joint targets while the operator wants to drive, None otherwise.

        Args:
            state: Measured joint positions [rad] or [m]. Shape (J,).
            environment: Poses as the contract says. Shape (7 * P,).
            now_ns: The present time [ns].
            driving: Whether the arm obeys the operator now.

        Returns:
            Absolute joint targets [rad] or [m]. Shape (J,).
        """
        following = driving or (self._engage == 'always' and not self._let_go)
        target = self._operator.act(state, environment, now_ns, following)
        engaged = self._engage == 'always'
        if self._engage == 'supervised':
            engaged = self._supervisor.update(state, environment, now_ns, driving)
        let_go, self._let_go = self._let_go, False
        return target if engaged and not let_go else None

    def reset(self, seed: int) -> None:
        """Begin an episode with the habits of another seed."""
        self._operator.reset(seed)
        self._supervisor.reset()
        self._let_go = True

    def close(self) -> None:
        """Nothing to give back."""
