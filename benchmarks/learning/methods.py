"""What demonstrations, DAgger and HG-DAgger are over one task, and what all methods share."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from il_ros.intervention.beta import Beta, expert_acts
import numpy as np
from numpy.typing import NDArray

from benchmarks.learning.collecting import (
    demonstrate,
    Episode,
    evaluate,
    learn,
    roll_out,
    Task,
    Watching,
)
from benchmarks.learning.novice import Novice

SEEDS_PER_RUN = 10_000
POWER = Beta('power', p=0.5)


@dataclass(frozen=True)
class Sizes:
    """How much there is of everything.

    Attributes:
        demonstrations: Undisturbed episodes that all methods begin with.
        rounds: Trainings after the first.
        rollouts: Episodes per round.
        episodes: Of an evaluation.
        alone: Rollouts per round without anybody, from which Q learns failure.
        alpha: ThriftyDAgger's budget.
        sigma: LazyDAgger's noise.
        chi_share: Share of held-out demonstrated steps that EnsembleDAgger may call doubtful.
        train_steps: Of the optimiser, per training.
    """

    demonstrations: int = 4
    rounds: int = 3
    rollouts: int = 8
    episodes: int = 60
    alone: int = 8
    alpha: float = 0.05
    sigma: float = 0.2
    chi_share: float = 0.05
    train_steps: int = 600


class Point(NamedTuple):
    """What a person's time was worth up to the end of a round.

    Attributes:
        human_steps: Labels.
        success: On the held-out seeds. Shape (n,).
    """

    human_steps: int
    success: NDArray[np.bool_]


@dataclass
class Run:
    """One method on one task with one seed.

    Attributes:
        first: Demonstrations at the start.
        rollouts: Episodes with somebody beside the novice, per round.
        novice: Of the last training.
        curve: Per evaluation.
    """

    task: Task
    seed: int
    sizes: Sizes
    first: list[Episode] = field(default_factory=list)
    rollouts: list[list[Episode]] = field(default_factory=list)
    novice: Novice | None = None
    curve: list[Point] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._next = self.seed * SEEDS_PER_RUN
        self.random = np.random.default_rng([self.seed, 7])
        if not self.first:
            self.first = self.demonstrations(self.sizes.demonstrations, disturbed=False)

    @property
    def episodes(self) -> list[Episode]:
        """Everything that is learnt from."""
        return [*self.first, *self.collected]

    @property
    def collected(self) -> list[Episode]:
        """Everything after the first demonstrations."""
        return [episode for part in self.rollouts for episode in part]

    @property
    def human_steps(self) -> int:
        """Labels: steps of a person's time."""
        return sum(episode.labels for episode in self.episodes)

    @property
    def success(self) -> NDArray[np.bool_]:
        """After the last round, on the held-out seeds. Shape (n,)."""
        return self.curve[-1].success

    def next_seed(self) -> int:
        """Return the seed of the next episode; every method meets the same ones."""
        self._next += 1
        return self._next

    def demonstrations(self, count: int, disturbed: bool) -> list[Episode]:
        """Return episodes of the expert."""
        return [demonstrate(self.task, self.next_seed(), disturbed) for _ in range(count)]

    def teach(self) -> Novice:
        """Train on everything there is."""
        self.novice = learn(self.episodes, self.seed, self.sizes.train_steps)
        return self.novice

    def assess(self) -> None:
        """Train on everything there is, and evaluate."""
        self.curve.append(Point(self.human_steps,
                                evaluate(self.task, self.teach(), self.sizes.episodes)))

    def collect(self, act: Callable[[Novice, int], Episode]) -> list[Episode]:
        """Add a round of rollouts."""
        assert self.novice
        part = [act(self.novice, self.next_seed()) for _ in range(self.sizes.rollouts)]
        self.rollouts.append(part)
        return part


def demonstrations_only(task: Task, seed: int, sizes: Sizes, human_steps: Sequence[int],
                        disturbed: bool) -> Run:
    """Return what demonstrations alone teach in at least so much of a person's time, each."""
    run = Run(task, seed, sizes)
    for enough in human_steps:
        part: list[Episode] = []
        run.rollouts.append(part)
        while run.human_steps < enough:
            part += run.demonstrations(1, disturbed)
        run.assess()
    return run


def dagger(task: Task, seed: int, sizes: Sizes, beta: Beta = POWER) -> Run:
    """Vanilla DAgger: the expert labels every visited state, whoever acted."""
    run = Run(task, seed, sizes)
    for number in range(sizes.rounds):
        run.teach()
        run.collect(partial(roll_out, task, label_all=partial(
            expert_acts, beta.at(number + 1), run.random)))
    run.assess()
    return run


def hg_dagger(task: Task, seed: int, sizes: Sizes) -> Run:
    """The person decides when to act; only that is learnt from. The curve begins before it."""
    run = Run(task, seed, sizes)
    run.assess()
    for _ in range(sizes.rounds):
        run.collect(partial(roll_out, task, person=Watching(task)))
        run.assess()
    return run
