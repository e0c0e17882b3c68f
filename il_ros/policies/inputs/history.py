"""What a policy saw at the last ticks; the same windows live and in training.

A window holds the newest observation last. At the start of an episode, or after `reset`, the
oldest one stands for those before it, as in Diffusion Policy's code (Chi et al. 2023). Free of
torch.
"""
from __future__ import annotations

from collections import deque

from il_ros.policies.inputs.data import Array, Data
from il_ros.policies.transforms import to_data
from il_ros.types import Observation
import numpy as np


class History:
    """The newest observations of a policy as a sample with one row per tick."""

    def __init__(self, steps: int, inputs: tuple[str, ...]) -> None:
        """Begin without any.

        Args:
            steps: Rows of a window.
            inputs: Of the policy.
        """
        self._steps = steps
        self._inputs = inputs
        self._rows: deque[Data] = deque(maxlen=steps)
        self._newest: Observation | None = None

    def new(self, observation: Observation, task: str) -> list[Data]:
        """Take note of what was not seen yet and return it, one sample of one row per tick.

        Args:
            observation: The newest; a second call with the same one changes nothing. What it
                names as `past` must not have been given before.
            task: The instruction, where an observation has none.
        """
        return self._note(observation, task, 1 + len(observation.past))

    def window(self, observation: Observation, task: str) -> Data:
        """Take note of what was not seen yet and return the newest rows, oldest first.

        Returns:
            Every value with leading dimension `steps`.
        """
        self._note(observation, task, self._steps)
        missing = self._steps - len(self._rows)
        rows = [self._rows[0]] * missing + list(self._rows)
        return {key: np.concatenate([row[key] for row in rows]) for key in rows[-1]}

    def reset(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._newest = None

    def _note(self, observation: Observation, task: str, most: int) -> list[Data]:
        if observation is self._newest:
            return []
        self._newest = observation
        seen = [to_data(o, self._inputs, task)
                for o in (*observation.past, observation)[-most:]]
        if self._steps > 1:  # the caller may write the next observation into the same arrays
            seen = [{key: np.array(value) for key, value in data.items()} for data in seen]
        self._rows.extend(seen)
        return seen


def by_steps(data: Data, steps: int) -> Data:
    """Return rows (B * T, ...) as windows (B, T, ...); as they are where a window is one row."""
    if steps == 1:
        return data
    return {key: _by_steps(value, steps) for key, value in data.items()}


def _by_steps(value: Array, steps: int) -> Array:
    return value.reshape(-1, steps, *value.shape[1:])
