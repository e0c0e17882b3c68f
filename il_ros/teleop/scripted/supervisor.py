"""When the scripted operator takes over from a policy, and when it hands back."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.scripted.pair_rules import HandOverRules, LiftTrayRules
from il_ros.teleop.scripted.rules import (
    FetchRules,
    PickPlaceRules,
    PushRules,
    ReachRules,
    Rules,
)
from il_ros.timing import to_ns, to_s
from il_ros.types import Floats
import numpy as np

RULES: Mapping[str, Callable[[Contract], Rules[Any]]] = {
    'PickPlace': PickPlaceRules, 'Reach': ReachRules, 'Push': PushRules,
    'HandOver': HandOverRules, 'LiftTray': LiftTrayRules, 'FetchCube': FetchRules}
REACTION_NS = to_ns(0.3)     # from seeing an error to acting on it
RECOVERED_NS = to_ns(0.3)    # how long the recovery has to last
PROGRESS = 0.01              # decrease of the distance that counts [m]
KNOCK = 0.25                 # speed of a cube that something other than the arm moves [m/s]


class Supervisor:
    """An attentive person beside a policy: takes over when the arm errs, hands back after.

    Errors: no progress towards the next step of the task, a tool at the table or far off, and
    what the task's rules call a mistake. It hands back when the step that failed is done.

    Args:
        contract: The robot; needs grippers and the poses of the simulation.
        task: One of the simulation.

    Raises:
        ConfigError: The contract lacks something, or there is no such task.
    """

    def __init__(self, contract: Contract, task: str = 'PickPlace') -> None:
        if task not in RULES:
            raise ConfigError(f'the scripted supervisor knows no task {task!r}; '
                              f'{nearest(task, list(RULES))}')
        self._rules = RULES[task](contract)
        self._seen_ns: int | None = None     # when the present error was seen
        self._since_ns: int | None = None    # since when its step is done
        self._item: Floats | None = None     # where the object was at the last look
        self._last_ns = self._progress_ns = 0
        self._failed = self._furthest = self._rules.done
        self.reset()

    def reset(self) -> None:
        """Begin an episode."""
        self.cause = ''
        self._engaged = False
        self._forget()

    def update(self, state: Floats, environment: Floats, now_ns: int,
               human_in_control: bool) -> bool:
        """Return whether the person wants to drive now.

        Args:
            state: Measured joint positions [rad] or [m]. Shape (J,).
            environment: Poses as the contract says. Shape (7 * P,).
            now_ns: The present time [ns].
            human_in_control: Whether the arm obeys the person now.

        Returns:
            True while the person wants to drive; `cause` then says why.
        """
        view = self._rules.view(state, environment)
        stage = self._rules.stage(view)
        if not self._engaged:
            self._watch(view, stage, now_ns)
        elif human_in_control and self._recovered(stage, now_ns):
            self._engaged = False
            self._forget()
        return self._engaged

    def _watch(self, view: Any, stage: IntEnum, now_ns: int) -> None:
        if self._seen_ns is None:
            if not (cause := self._error(view, stage, now_ns)):
                return
            self.cause, self._seen_ns, self._failed = cause, now_ns, stage
        if stage is self._rules.done:
            self._forget()
        elif now_ns - self._seen_ns >= REACTION_NS:
            self._engaged = True
            self._since_ns = None

    def _error(self, view: Any, stage: IntEnum, now_ns: int) -> str:
        self._track(view, stage, now_ns)
        if mistake := self._rules.mistake(view, stage):
            return mistake
        if astray := self._rules.astray(view):
            return astray
        if now_ns - self._progress_ns > self._rules.patience_ns:
            return f'no progress: {self._rules.names.get(stage, stage.name.lower())}'
        return ''

    def _track(self, view: Any, stage: IntEnum, now_ns: int) -> None:
        """Note when the task last came nearer; an object that is knocked away excuses it."""
        item = self._rules.item(view)
        excused = self._item is None or (not self._rules.moves(view) and float(np.linalg.norm(
            item - self._item)) > KNOCK * max(to_s(now_ns - self._last_ns), 1e-3))
        self._item, self._last_ns = item, now_ns
        distance = self._rules.distance(view)
        if excused or stage > self._furthest or stage is self._rules.done:
            self._furthest, self._least, self._progress_ns = stage, distance, now_ns
        elif stage is self._furthest and distance < self._least - PROGRESS:
            self._least, self._progress_ns = distance, now_ns

    def _recovered(self, stage: IntEnum, now_ns: int) -> bool:
        if not self._rules.recovered(self._failed, stage):
            self._since_ns = None
            return False
        if self._since_ns is None:
            self._since_ns = now_ns
        return now_ns - self._since_ns >= RECOVERED_NS

    def _forget(self) -> None:
        self._seen_ns = self._since_ns = None
        self._last_ns = self._progress_ns = 0
        self._failed = self._furthest = self._rules.done
        self._item = None   # the next view begins a new attempt
        self._least = 0.0
        self._rules.reset()
