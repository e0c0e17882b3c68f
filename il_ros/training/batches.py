"""What each step of a run learns from; built ahead of time by threads."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

from il_ros.errors import ConfigError
from il_ros.policies.inputs.data import Data
from il_ros.policies.inputs.history import by_steps
from il_ros.policies.networks.network import Batch
from il_ros.policies.transforms import Chain
from il_ros.training.config import TrainConfig
from il_ros.training.pose_augmentation import Drawn, PoseAugmentation
from il_ros.training.samples import Samples
from il_ros.training.sampling import Mixture, Rows
from il_ros.training.windows import histories, sequences
import numpy as np
import torch

T = TypeVar('T')


class Part(NamedTuple):
    """What goes through the network at once.

    Attributes:
        weight: Of its loss: its share of the step's labelled rows, times the number of processes,
            whose gradients are averaged. The weighted mean of losses that are means over labelled
            rows is the loss of the whole batch.
    """

    batch: Batch
    weight: float


@dataclass(frozen=True)
class Batches:
    """The batches of one process; each follows from the settings and its step alone.

    Attributes:
        rank: Number of this process.
        world: How many processes share each batch.
        augmentation: Of poses.
    """

    samples: Samples
    transforms: Chain
    config: TrainConfig
    rank: int = 0
    world: int = 1
    augmentation: PoseAugmentation | None = None

    def __post_init__(self) -> None:
        least = self.world * self.config.accumulate
        if self.config.batch_size < least:
            raise ConfigError(f'batch_size: expected at least {least}, one sample for each of '
                              f'{self.world} processes x {self.config.accumulate} parts, '
                              f'got {self.config.batch_size}')

    @cached_property
    def mixtures(self) -> list[Mixture]:
        """One for each member of an ensemble."""
        members = self.samples.bootstraps(self.config.policy.members, self.config.seed)
        return [member.mixture(self.config) for member in members]

    def seed(self, step: int) -> int:
        """Return the seed of this process's dropout, noise and augmentation at a step."""
        return int(self._random(step, self.rank).integers(2**62))

    def parts(self, step: int) -> list[Part]:
        """Return this process's share of the batch of a step, in `accumulate` parts."""
        random = self._random(step, 0)
        random.integers(2**62)  # the seed's
        drawn = [mixture.draw(self.config.batch_size, random) for mixture in self.mixtures]
        total = self.samples.labels(np.concatenate(drawn))
        every = np.arange(sum(map(len, drawn))).reshape(len(drawn), -1)
        poses = self.augmentation.draw(every.size, random) if self.augmentation else None
        count = self.world * self.config.accumulate
        parts = []
        for index in range(self.rank, count, self.world):
            rows = np.concatenate([rows[index::count] for rows in drawn])
            weight = self.world * self.samples.labels(rows) / total
            ours = poses.at(every[:, index::count].ravel()) if poses else None
            parts.append(Part(to_batch(self.samples, self.transforms, rows, ours), weight))
        return parts

    def _random(self, step: int, rank: int) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, step, rank])


def to_batch(samples: Samples, transforms: Chain, rows: Rows,
             poses: Drawn | None = None) -> Batch:
    """Return what the network learns from: normalised features, actions and their mask.

    Of several ticks where the policy has a history, see `Network`; a recurrent policy learns from
    sequences, whose every tick has its actions.

    Args:
        samples: Of the dataset.
        transforms: From the robot's units to the network's.
        rows: Which samples. Shape (B,).
        poses: What happens to theirs.
    """
    def forward(data: Data, ticks: int) -> Data:
        return transforms.forward(poses.apply(data, ticks) if poses else data)

    if samples.recurrent:
        ticks, inside = sequences(rows, samples.stretch, samples.window)
        data, valid = samples.batch(ticks.reshape(-1))
        data = by_steps(forward(data, samples.window) | {'valid': valid}, samples.window)
        data['valid'] = data['valid'] & inside[..., None]
    else:
        data, valid = samples.batch(rows, with_images=samples.window == 1)
        data = forward(data, 1) | {'valid': valid}
        if samples.window > 1:
            ticks = histories(rows, samples.stretch, samples.window)
            seen = forward(samples.observations(ticks.reshape(-1)), samples.window)
            data |= by_steps(seen, samples.window)
    return {key: torch.from_numpy(np.ascontiguousarray(value)) for key, value in data.items()}


@contextmanager
def prefetched(make: Callable[[int], T], steps: range, workers: int) -> Iterator[Iterator[T]]:
    """Iterate over `make(step)` in order, with threads at work on the next ones.

    Args:
        make: Must not depend on the order of its calls.
        steps: What to make.
        workers: Threads; 0 makes each one when it is asked for. At most two per thread are kept,
            done or being made, beside the one in use.
    """
    if not workers:
        yield map(make, steps)
        return
    with ThreadPoolExecutor(workers, 'batches') as pool:
        pending: deque[Future[T]] = deque()

        def take() -> Iterator[T]:
            following = iter(steps)
            for step in following:
                pending.append(pool.submit(make, step))
                if len(pending) <= 2 * workers:
                    continue
                yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()

        try:
            yield take()
        finally:
            for future in pending:
                future.cancel()
