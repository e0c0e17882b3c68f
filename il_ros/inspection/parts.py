"""What each part of a robot does in a dataset: its arms with their grippers, its base."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.contract.parts import BASE, Part, parts_of
from il_ros.datasets import schema
from il_ros.datasets.from_bags.idle import STILL
from il_ros.datasets.reader import Dataset
from il_ros.types import ControlSource, Floats
import numpy as np
from numpy.typing import NDArray

NEAR_LIMIT = 0.02           # of a joint's range
@dataclass(frozen=True)
class PartReport:
    """One part in all episodes.

    Attributes:
        name: Of the part.
        joints: Their names.
        moving: Share of the steps in which it moves.
        near_limit: Share of the rows with a joint next to a position limit; None for a base, and
            where the limits are those of the data.
        grasps: How often its gripper was told to close; None where it has none.
        corrected: Share of the rows in which a person corrected it; None where the dataset says
            of rows alone whose they are.
    """

    name: str
    joints: tuple[str, ...]
    moving: float
    near_limit: float | None
    grasps: int | None
    corrected: float | None = None

    @property
    def text(self) -> str:
        """Return one line for people."""
        limit = '' if self.near_limit is None else f', {self.near_limit:.0%} near a position limit'
        grasps = '' if self.grasps is None else f', gripper closed {self.grasps} times'
        corrected = f', corrected in {self.corrected:.0%} of the rows' if self.corrected else ''
        return f'{self.name}: moves in {self.moving:.0%} of the steps{limit}{grasps}{corrected}'


def near_limits(contract: Contract, state: Floats) -> dict[str, float]:
    """Return per part the share of the rows with a joint next to a position limit.

    Grippers and bases, which are used at their limits, have none; nor has any part where the
    limits are those of the data.

    Args:
        contract: The robot.
        state: [rad] or [m]. Shape (N, J).
    """
    if contract.generated:
        return {}
    margin = np.minimum(state - contract.lower, contract.upper - state) / contract.span
    return {part.name: float((margin[:, part.columns] < NEAR_LIMIT).any(axis=1).mean())
            for part in parts_of(contract) if part.name != BASE}


def grasps(part: Part, action: Floats) -> list[int]:
    """Return the rows at which a part's gripper began to be told to close.

    Args:
        part: The part.
        action: What was commanded. Shape (N, J).
    """
    closed = _closed(part, action)
    return [int(row) + 1 for row in np.flatnonzero(closed[1:] & ~closed[:-1])]


def switches(part: Part, action: Floats) -> list[int]:
    """Return the rows at which a part's gripper began to be told to close or to open."""
    closed = _closed(part, action)
    return [int(row) + 1 for row in np.flatnonzero(closed[1:] != closed[:-1])]


def _closed(part: Part, action: Floats) -> NDArray[np.bool_]:
    if part.gripper is None:
        return np.zeros(len(action), bool)
    column, gripper = part.gripper
    return np.asarray((action[:, column] - gripper.open) / (gripper.closed - gripper.open) > 0.5)


def part_reports(dataset: Dataset) -> list[PartReport]:
    """Return what each part does in a dataset."""
    contract = dataset.contract
    episodes = [dataset.rows(k) for k in range(len(dataset.lengths))]
    states = [dataset.columns[schema.STATE][rows].astype(np.float64) for rows in episodes]
    steps = [_moves(contract, state) for state in states]
    near = near_limits(contract, np.concatenate(states)) if states else {}
    moved = np.concatenate(steps) if steps else np.zeros((0, len(contract.joints)), bool)
    return [PartReport(
        part.name, tuple(contract.joint_names[k] for k in part.columns),
        float(moved[:, part.columns].any(axis=1).mean()) if len(moved) else 0.0,
        near.get(part.name),
        sum(len(grasps(part, dataset.columns[schema.ACTION][rows])) for rows in episodes)
        if part.gripper else None, _corrected(dataset, part)) for part in parts_of(contract)]


def _corrected(dataset: Dataset, part: Part) -> float | None:
    sources = dataset.columns.get(schema.SOURCES)
    if sources is None:
        return None
    human = (sources[:, part.columns] == ControlSource.HUMAN).any(axis=1)
    return float((human & (dataset.columns['intervention'] > 0)).mean())


def _moves(contract: Contract, state: Floats) -> np.ndarray:
    """Return which columns move in which steps; a base does where it drives. Shape (N - 1, J)."""
    speed = np.abs(Angles.of(contract).difference(state[1:], state[:-1])) * contract.rate_hz
    speed = np.where(contract.is_velocity, np.abs(state[1:]), speed)
    most = np.where(contract.is_velocity, contract.upper, contract.velocity)
    return np.asarray(speed > STILL * most)
