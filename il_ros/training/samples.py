"""Which rows of a dataset are labels, and how chunks are cut from them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from il_ros.contract import Contract
from il_ros.contract.joint import TURN
from il_ros.datasets.gaps import stretches
from il_ros.errors import DatasetError
from il_ros.policies.inputs.data import Data
from il_ros.policies.inputs.language import embed_all
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.training.config import SOURCES, TrainConfig
from il_ros.training.sampling import (
    before_interventions,
    Mask,
    Mixture,
    mixture,
    origins,
    Rows,
)
from il_ros.training.windows import run_ends, sequences
from il_ros.types import LABELLED, Pixels
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

    def frames(self, camera: str, indices: Any) -> Pixels:
        """Return the camera's images of the rows. Shape (n, H, W, 3)."""
        ...


class Frames(Protocol):
    """Images of all rows, in memory or in a file."""

    def __getitem__(self, rows: Any, /) -> Pixels:
        """Return the images of some rows. Shape (n, H, W, 3)."""
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

    def frames(self, camera: str, indices: Any) -> Pixels:
        """Return the camera's images of the rows. Shape (n, H, W, 3)."""
        return self.images[camera][indices]


def split_episodes(episodes: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Return episode indices for training and for validation, in order.

    Whole episodes, since neighbouring rows are near copies of each other. At least one episode
    is kept for validation, unless the share is 0 or there is only one.
    """
    if share == 0 or len(episodes) < 2:
        return episodes, episodes[:0]
    count = max(1, round(share * len(episodes)))
    order = np.random.default_rng(seed).permutation(episodes)
    return np.sort(order[count:]), np.sort(order[:count])


@dataclass(frozen=True)
class Samples:
    """Chunks to learn from.

    Attributes:
        vectors: 'state' (N, J), as an input 'environment' (N, E), and 'tool' (N, 12 A + G) where
            the policy says where tools go.
        actions: Executed targets (N, J), or the poses that they give these tools (N, 12 A + G).
        images: Per camera (N, H, W, 3) uint8.
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

    @staticmethod
    def of(source: Source, config: TrainConfig, images: Mapping[str, Frames],
           frame: ToolFrame | None = None) -> Samples:
        """Return the samples of a dataset under the label rule of `TrainConfig.labels`.

        Raises:
            DatasetError: No row is a label, or values are not finite.
        """
        columns, lengths = source.columns, source.lengths
        wanted = [int(SOURCES[name]) for name in config.labels]
        control = np.asarray(columns['control_source']).reshape(-1)
        labelled = np.isin(control, wanted)
        if not labelled.any():
            raise DatasetError(
                f'no row to learn from: none of {len(labelled)} rows was controlled by '
                f'{" or ".join(config.sources)}; record demonstrations or name other `sources`')
        vectors = {'state': _joints(source, 'observation.state')}
        if 'environment' in config.policy.inputs:
            vectors['environment'] = _finite(columns, 'observation.environment_state')
        actions = _joints(source, 'action')
        if frame:
            vectors['tool'] = frame.poses(vectors['state']).astype(np.float32)
            actions = frame.poses(actions).astype(np.float32)
        episode = np.repeat(np.arange(len(lengths)), lengths)
        whole = stretches(lengths, columns.get('tick'))
        training, validation = split_episodes(
            np.unique(episode[labelled]), config.validation_share, config.seed)
        correction = np.asarray(columns['intervention']).reshape(-1).astype(bool)
        return Samples(
            vectors, actions, images, run_ends(whole, labelled, control == LABELLED),
            correction, episode, np.repeat(np.arange(len(whole)), whole),
            origins(control, correction, episode),
            np.flatnonzero(labelled & np.isin(episode, training)),
            np.flatnonzero(labelled & np.isin(episode, validation)), config.policy.horizon,
            config.policy.window, config.policy.recurrent,
            *(_instructions(source) if 'task' in config.policy.inputs else ()))

    def mixture(self, config: TrainConfig) -> Mixture:
        """Return how training rows are drawn.

        Raises:
            DatasetError: A source with a share has no rows.
        """
        return mixture(config, self.training, self.origin, self.correction,
                       before_interventions(self.origin, self.episode))

    def labels(self, rows: Rows) -> int:
        """Return how many labels the samples of the rows hold."""
        if self.recurrent:
            ticks, inside = sequences(rows, self.stretch, self.window)
            return int((np.minimum(self.ends[ticks] - ticks, self.horizon) * inside).sum())
        return int(np.minimum(self.ends[rows] - rows, self.horizon).sum())

    def bootstraps(self, count: int, seed: int) -> list[Samples]:
        """Return what each member of an ensemble learns from; for one member, everything.

        As many training episodes as there are, drawn with replacement (Breiman 1996, bagging):
        whole ones, since neighbouring rows are near copies of each other.
        """
        if count == 1:
            return [self]
        random = np.random.default_rng([seed, count])
        owner = self.episode[self.training]
        episodes = np.unique(owner)
        return [replace(self, training=np.concatenate(
            [self.training[owner == e] for e in random.choice(episodes, len(episodes))]))
            for _ in range(count)]

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
    texts = tuple(source.tasks) or (source.contract.task,)
    index = np.asarray(source.columns['task_index'] if source.tasks
                       else np.zeros(sum(source.lengths)), np.int64).reshape(-1)
    if len(index) and not 0 <= index.min() <= index.max() < len(texts):
        raise DatasetError(f"column 'task_index': expected 0 to {len(texts) - 1}, got "
                           f'{index.min()} to {index.max()}; convert the bags again')
    return embed_all(texts), index


def _joints(source: Source, key: str) -> NDArray[np.float32]:
    values = _finite(source.columns, key)  # whole turns would leave 32 bit no room for the angle
    within = source.columns[key] - TURN * np.round(np.asarray(source.columns[key]) / TURN)
    return np.where(source.contract.continuous, within, values).astype(np.float32)


def _finite(columns: Mapping[str, NDArray[Any]], key: str) -> NDArray[np.float32]:
    if key not in columns:
        raise DatasetError(f'the dataset has no column {key!r}; convert the bags again')
    values = np.asarray(columns[key], np.float32)
    if not (rows := np.isfinite(values).all(-1)).all():
        raise DatasetError(f'column {key!r}: row {int(np.argmin(rows))} is not finite; '
                           'convert the bags again')
    return values
