"""Which rows of a dataset are labels, and how chunks are cut from them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from il_ros.contract import Contract
from il_ros.datasets.gaps import stretches
from il_ros.errors import DatasetError
from il_ros.policies.inputs.data import Data
from il_ros.policies.inputs.language import embed_all
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.training.columns import finite_column, joint_column, task_column
from il_ros.training.config import SOURCES, TrainConfig
from il_ros.training.sampling import (
    before_interventions,
    Mask,
    Mixture,
    mixture,
    origins,
    Rows,
)
from il_ros.training.shares import Axis, combined, composed
from il_ros.training.split import held_out
from il_ros.training.windows import run_ends, sequences
from il_ros.types import LABELLED, View
import numpy as np
from numpy.typing import NDArray


class Source(Protocol):
    """Recorded episodes one after the other; `il_ros.datasets.reader.Dataset` is one.

    Attributes:
        lengths: Rows per episode; they add up to N.
        tasks: What was to be done, in words; the column 'task_index' (N,) counts them.
        columns: At least 'observation.state' (N, J), 'action' (N, J), 'control_source' (N,),
            'intervention' (N,) and, with poses, 'observation.environment_state' (N, E); 'tick'
            (N,) where rows are missing, see `datasets.gaps`.
    """

    @property
    def contract(self) -> Contract: ...  # noqa: D102

    @property
    def lengths(self) -> Sequence[int]: ...  # noqa: D102

    @property
    def tasks(self) -> Sequence[str]: ...  # noqa: D102

    @property
    def columns(self) -> Mapping[str, NDArray[Any]]: ...  # noqa: D102

    def frames(self, camera: str, indices: Any) -> View:
        """Return the camera's images of the rows; shapes as of `Dataset.frames`."""
        ...


class Frames(Protocol):
    """Images of all rows, in memory or in a file."""

    def __getitem__(self, rows: Any, /) -> View:
        """Return the images of some rows. Shape (n, H, W, 3), or (n, H, W, 1) of distances."""
        ...


@dataclass(frozen=True)
class ArraySource:
    """Episodes that are in memory; every column as in `Source`, 'task_index' with tasks only.

    Attributes:
        images: Of every row per camera.
    """

    contract: Contract
    lengths: Sequence[int]
    columns: Mapping[str, NDArray[Any]]
    images: Mapping[str, Frames] = field(default_factory=dict)
    tasks: Sequence[str] = ()

    def frames(self, camera: str, indices: Any) -> View:
        """Return the camera's images of the rows. Shape (n, H, W, 3)."""
        return self.images[camera][indices]


@dataclass(frozen=True)
class Samples:
    """Chunks to learn from.

    Attributes:
        vectors: 'state' (N, J), as an input 'environment' (N, E), and 'tool' (N, 12 A + G) where
            the policy says where tools go.
        actions: Executed targets (N, J), or the poses that they give these tools (N, 12 A + G).
        images: Per camera (N, H, W, 3) uint8, or distances (N, H, W, 1) float32 [m].
        ends: Of `run_ends`. Shape (N,).
        correction: Where a person was correcting the policy. Shape (N,).
        episode: Index of each row's episode. Shape (N,).
        stretch: Index of the stretch of an episode, without a gap, that each row lies in; no chunk
            and no window spans two. Shape (N,).
        origin: `sampling.Origin` of each row. Shape (N,).
        training: Rows that start a chunk for training.
        validation: The same for validation; of other episodes.
        horizon: Rows of a chunk, H.
        window: Ticks that a sample holds, T.
        recurrent: Every tick of a sample is a label, not the newest alone.
        instructions: Vector of each task, where it is an input. Shape (T, 64).
        task: Which of them each row has. Shape (N,).
        axes: By what else than their source rows are told apart, see `joined.axes_of`.
    """

    vectors: Mapping[str, NDArray[np.float32]]
    actions: NDArray[np.float32]
    images: Mapping[str, Frames]
    ends: Rows
    correction: Mask
    episode: Rows
    stretch: Rows
    origin: NDArray[np.int8]
    training: Rows
    validation: Rows
    horizon: int
    window: int = 1
    recurrent: bool = False
    instructions: NDArray[np.float32] | None = None
    task: Rows | None = None
    axes: Sequence[Axis] = ()

    @staticmethod
    def of(source: Source, config: TrainConfig, images: Mapping[str, Frames],
           frame: ToolFrame | None = None, axes: Sequence[Axis] = ()) -> Samples:
        """Return the samples of a dataset under the label rule of `TrainConfig.labels`.

        Raises:
            DatasetError: No row is a label, or values are not finite.
        """
        columns, lengths, turning = source.columns, source.lengths, source.contract.continuous
        wanted = [int(SOURCES[name]) for name in config.labels]
        control = np.asarray(columns['control_source']).reshape(-1)
        labelled = np.isin(control, wanted)
        if not labelled.any():
            raise DatasetError(
                f'no row to learn from: none of {len(labelled)} rows was controlled by '
                f'{" or ".join(config.sources)}; record demonstrations or name other `sources`')
        vectors = {'state': joint_column(columns, 'observation.state', turning)}
        if 'environment' in config.policy.inputs:
            vectors['environment'] = finite_column(columns, 'observation.environment_state')
        actions = joint_column(columns, 'action', turning)
        if frame:
            vectors['tool'] = frame.poses(vectors['state']).astype(np.float32)
            actions = frame.poses(actions).astype(np.float32)
        episode = np.repeat(np.arange(len(lengths)), lengths)
        whole = stretches(lengths, columns.get('tick'))
        training, validation = held_out(config, labelled, episode, axes)
        drawn = labelled & np.logical_and.reduce([axis.drawn for axis in axes])
        correction = np.asarray(columns['intervention']).reshape(-1).astype(bool)
        words, task = _instructions(source) if 'task' in config.policy.inputs else (None, None)
        return Samples(
            vectors, actions, images, run_ends(whole, labelled, control == LABELLED),
            correction, episode, np.repeat(np.arange(len(whole)), whole),
            origins(control, correction, episode),
            np.flatnonzero(drawn & np.isin(episode, training)),
            np.flatnonzero(drawn & np.isin(episode, validation)), config.policy.horizon,
            config.policy.window, config.policy.recurrent,
            words, task, axes)

    def mixture(self, config: TrainConfig) -> Mixture:
        """Return how training rows are drawn.

        Raises:
            DatasetError: What has a share has no rows.
        """
        return composed(mixture(config, self.training, self.origin, self.correction,
                                before_interventions(self.origin, self.episode)), self.axes)

    def labels(self, rows: Rows) -> int:
        """Return how many labels the samples of the rows hold."""
        if self.recurrent:
            ticks, inside = sequences(rows, self.stretch, self.window)
            return int((np.minimum(self.ends[ticks] - ticks, self.horizon) * inside).sum())
        return int(np.minimum(self.ends[rows] - rows, self.horizon).sum())

    def bootstraps(self, count: int, seed: int) -> list[Samples]:
        """Return what each member of an ensemble learns from; for one member, everything.

        As many training episodes as there are, drawn with replacement (Breiman 1996, bagging):
        whole ones, since neighbouring rows are near copies of each other; as many of each dataset
        and task as it has.
        """
        if count == 1:
            return [self]
        random = np.random.default_rng([seed, count])
        owner = self.episode[self.training]
        episodes, first = np.unique(owner, return_index=True)
        kinds = combined(self.axes, self.training[first])
        alike = [episodes[kinds == kind] for kind in np.unique(kinds)]
        return [replace(self, training=np.concatenate(
            [self.training[owner == e] for group in alike
             for e in random.choice(group, len(group))])) for _ in range(count)]

    def batch(self, rows: Rows, with_images: bool = True) -> tuple[Data, Mask]:
        """Return samples in the robot's units, and which of their rows are labels.

        Returns:
            The sample with 'actions' (B, H, J), and the mask (B, H).
        """
        future = rows[:, None] + np.arange(self.horizon)  # (B, H)
        valid = future < self.ends[rows][:, None]
        actions = self.actions[np.minimum(future, len(self.actions) - 1)]
        return self.observations(rows, with_images) | {'actions': actions}, valid

    def observations(self, rows: Rows, with_images: bool = True) -> Data:
        """Return what is seen at the rows alone, in the robot's units."""
        data: Data = {key: values[rows] for key, values in self.vectors.items()}
        if self.instructions is not None and self.task is not None:
            data['task'] = self.instructions[self.task[rows]]
        if with_images:
            data |= {f'images.{name}': values[rows] for name, values in self.images.items()}
        return data


def _instructions(source: Source) -> tuple[NDArray[np.float32], Rows]:
    texts, index = task_column(source.tasks, source.contract.task, source.columns)
    return embed_all(texts), index
