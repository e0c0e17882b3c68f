"""When, where and how far in the task people took over; `il_ros inspect` draws it."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError
from il_ros.types import ControlSource, Floats, GUIDED
import numpy as np
from numpy.typing import NDArray

SHARES = 10    # parts of an episode's course in the histogram
# Of the values of `control_source`, as every report and viewer draws them.
COLOURS = {0: '#16a34a', 1: '#d97706', 2: '#9ca3af', 3: '#7c3aed', 10: '#0ea5e9', 11: '#b45309'}


@dataclass(frozen=True)
class Segment:
    """Rows of one episode with one source of control.

    Attributes:
        source: A `ControlSource` or another value of the column.
        start_s: Since the episode began [s].
        duration_s: Length [s].
    """

    source: int
    start_s: float
    duration_s: float


@dataclass(frozen=True)
class Interventions:
    """Where people corrected a policy.

    Attributes:
        timelines: Per episode with an intervention its index and its segments in order.
        tools: By arm, where its tool was when each one began, x y z [m], in the frame of the
            URDF's root; none where the contract names no URDF, or Pinocchio is absent. Each of
            shape (K, 3).
        course: How many began in each tenth of their episode. Shape (10,).
    """

    timelines: dict[int, list[Segment]]
    tools: dict[str, Floats]
    course: NDArray[np.int64]

    @property
    def places(self) -> Floats | None:
        """Where the first arm's tool was; None where that is not known. Shape (K, 3)."""
        return next(iter(self.tools.values()), None)


def interventions(dataset: Dataset) -> Interventions:
    """Return the interventions of a dataset."""
    timelines: dict[int, list[Segment]] = {}
    starts: list[int] = []
    course: list[float] = []
    for episode in range(len(dataset.lengths)):
        rows = dataset.rows(episode)
        corrected = dataset.columns['intervention'][rows].reshape(-1) > 0
        began = np.flatnonzero(np.diff(corrected.astype(int), prepend=0) == 1)
        if len(began):
            control = dataset.columns['control_source'][rows].reshape(-1)
            timelines[episode] = segments(control, dataset.fps)
            starts += (rows.start + began).tolist()
            course += (began / len(corrected)).tolist()
    return Interventions(timelines, _places(dataset, starts),
                         np.histogram(course, SHARES, (0.0, 1.0))[0])


def segments(control: NDArray[np.integer], rate_hz: float) -> list[Segment]:
    """Return runs of equal `control_source`, which has shape (N,)."""
    edges = [0, *(1 + np.flatnonzero(np.diff(control))).tolist(), len(control)]
    return [Segment(int(control[a]), a / rate_hz, (b - a) / rate_hz)
            for a, b in zip(edges, edges[1:], strict=False) if b > a]


def name_of(source: int) -> str:
    """Return what people call a value of `control_source`."""
    known = {GUIDED: 'guided', **{int(found): found.name.lower() for found in ControlSource}}
    return known.get(source, 'policy, labelled')


def _places(dataset: Dataset, rows: list[int]) -> dict[str, Floats]:
    contract: Contract = dataset.contract
    if not contract.urdf:
        return {}
    states = dataset.columns[schema.STATE][rows].astype(np.float64)
    try:
        from il_ros.kinematics import chain  # needs Pinocchio; all else here does not
        return {arm.name: np.array([
            kinematics.forward(q)[0] for q in states[:, contract.indices(arm.joints)]]
        ).reshape(-1, 3) for arm in contract.arms if (kinematics := chain(contract, arm))}
    except (ImportError, ConfigError):
        return {}
