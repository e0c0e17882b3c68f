"""The log of corrections: what the human did and what the policy wanted at the same instants."""
from __future__ import annotations

from dataclasses import dataclass, field
import json
from pathlib import Path

from il_ros.intervention.state import ControlState, Step
from il_ros.types import Floats, Mode
import numpy as np


@dataclass
class Correction:
    """One correction. Arrays have one row per tick at which the human drove.

    Attributes:
        epoch: Control epoch.
        start_ns: ROS time of the take-over [ns].
        end_ns: ROS time at which it ended [ns].
        cause: Why the human took over.
        end_reason: Why it ended.
        stamps_ns: ROS time per row [ns].
        states: Measured positions [rad] or [m]. Each (J,).
        human: What the human commanded; NaN of joints that the policy kept. Each (J,).
        policy: What the policy wanted; NaN where it was silent. Each (J,).
    """

    epoch: int
    start_ns: int
    cause: str
    end_ns: int = 0
    end_reason: str = ''
    stamps_ns: list[int] = field(default_factory=list)
    states: list[Floats] = field(default_factory=list)
    human: list[Floats] = field(default_factory=list)
    policy: list[Floats] = field(default_factory=list)


class CorrectionLog:
    """Collects the correction that goes on."""

    def __init__(self) -> None:
        self._open: Correction | None = None

    def change(self, state: ControlState, now_ns: int) -> Correction | None:
        """Take in a change of control at a ROS time; return the correction that it ends."""
        if self._open and (state.mode, state.epoch) == (Mode.CORRECTING, self._open.epoch):
            return None     # news of the one that goes on
        closed = self.close(state.reason, now_ns)
        if state.mode is Mode.CORRECTING:
            self._open = Correction(state.epoch, now_ns, state.reason)
        return closed

    def add(self, step: Step, now_ns: int) -> None:
        """Take in what was sent at a tick."""
        if self._open and step.human is not None:
            self._open.stamps_ns.append(now_ns)
            self._open.states.append(step.state)
            self._open.human.append(step.human)
            self._open.policy.append(np.full(len(step.state), np.nan) if step.policy is None
                                     else step.policy)

    def close(self, reason: str, now_ns: int) -> Correction | None:
        """End and return the correction that goes on, if any."""
        closed, self._open = self._open, None
        if closed:
            closed.end_ns, closed.end_reason = now_ns, reason
        return closed


def write(correction: Correction, joint_names: list[str], folder: Path) -> Path:
    """Write a correction as one JSON file, whole or not at all; NaN becomes null.

    Returns:
        The file: `<start>_<epoch>.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'{correction.start_ns}_{correction.epoch}.json'
    data = {
        'epoch': correction.epoch, 'start_ns': correction.start_ns, 'end_ns': correction.end_ns,
        'cause': correction.cause, 'end_reason': correction.end_reason,
        'joint_names': joint_names, 'stamps_ns': correction.stamps_ns,
        **{name: [[value if np.isfinite(value) else None for value in row.tolist()]
                  for row in getattr(correction, name)]
           for name in ('states', 'human', 'policy')}}
    partial = path.with_suffix('.partial')
    with partial.open('w', encoding='utf-8') as file:
        json.dump(data, file, allow_nan=False)
    partial.replace(path)
    return path
