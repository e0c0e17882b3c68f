"""Actions as a policy's network says them of joints, from and to targets of the joints."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from il_ros.angles import Angles
from il_ros.policies.action_space import ActionSpace, ROW
from il_ros.policies.inputs.data import Array, Data
import numpy as np


@dataclass(frozen=True)
class RelativeActions:
    """Targets minus the measured position, for the joints of the mask.

    Joints that turn without end go the short way from row to row, so that a chunk may cover turns.

    Attributes:
        mask: 1 for relative joints, else 0. Shape (J,).
        angles: The short way; None where no joint turns without end.
        by_row: Minus the row before, the first one minus the measured position.
    """

    mask: Array
    angles: Angles | None = None
    by_row: bool = False

    @staticmethod
    def of(space: ActionSpace, columns: Sequence[int] | None = None) -> RelativeActions:
        """Return the transform of the joints of an action space.

        Args:
            space: Of a policy.
            columns: Of the contract, where the actions are these alone.
        """
        kept = list(range(len(space.mask)) if columns is None else columns)
        every = Angles.of(space.contract)
        return RelativeActions(space.mask[kept], every.columns(kept), space.delta_from == ROW)

    def forward(self, data: Data) -> Data:
        """Subtract the position at the observation."""
        if 'actions' not in data:
            return data
        actions = data['actions']
        if self.angles:
            actions = self.angles.along(actions, data['state'])
        if self.by_row:
            before = np.concatenate([data['state'][:, None], actions[:, :-1]], 1)
            return data | {'actions': (actions - before * self.mask).astype(actions.dtype)}
        return data | {'actions': actions - self._reference(data)}

    def backward(self, data: Data) -> Data:
        """Add the position at the observation."""
        actions = data['actions']
        if self.by_row:
            actions = np.where(self.mask, np.cumsum(actions, 1), actions)
        return data | {'actions': actions + self._reference(data)}

    def _reference(self, data: Data) -> Array:
        return (data['state'] * self.mask)[:, None, :].astype(data['actions'].dtype)  # (B, 1, J)
