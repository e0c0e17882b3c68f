"""The interactive methods, each a loop of rounds over one task."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import NamedTuple

from il_ros.intervention.beta import Beta, expert_acts
from il_ros.intervention.gates import thrifty
from il_ros.intervention.gates.ensemble import EnsembleGate
from il_ros.intervention.gates.gate import Decision, Evidence, Gate
from il_ros.intervention.gates.lazy import LazyGate, with_noise
from il_ros.intervention.gates.learning import fit_classifier, fit_value
from il_ros.intervention.gates.safe import SafeGate, unsafe, unsafe_threshold
import numpy as np
from numpy.typing import NDArray

from benchmarks.learning.collecting import (
    Array,
    demonstrate,
    Episode,
    evaluate,
    Judges,
    learn,
    roll_out,
    Task,
    transitions,
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
        episodes: Of the evaluation.
        alone: Rollouts per round without anybody, from which Q learns failure.
        alpha: ThriftyDAgger's budget.
        sigma: LazyDAgger's noise.
        chi_share: Share of held-out demonstrated steps that EnsembleDAgger may call doubtful.
    """

    demonstrations: int = 4
    rounds: int = 3
    rollouts: int = 8
    episodes: int = 60
    alone: int = 8
    alpha: float = 0.05
    sigma: float = 0.2
    chi_share: float = 0.05


@dataclass
class Run:
    """One method on one task with one seed.

    Attributes:
        first: Demonstrations at the start.
        rollouts: Episodes with somebody beside the novice, per round.
        novice: After the last round.
        success: On the held-out seeds. Shape (n,).
    """

    task: Task
    seed: int
    sizes: Sizes
    first: list[Episode] = field(default_factory=list)
    rollouts: list[list[Episode]] = field(default_factory=list)
    novice: Novice | None = None
    success: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))

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

    def next_seed(self) -> int:
        """Return the seed of the next episode; every method meets the same ones."""
        self._next += 1
        return self._next

    def demonstrations(self, count: int, disturbed: bool) -> list[Episode]:
        """Return episodes of the expert."""
        return [demonstrate(self.task, self.next_seed(), disturbed) for _ in range(count)]

    def teach(self) -> Novice:
        """Train on everything there is."""
        self.novice = learn(self.episodes, self.seed)
        return self.novice

    def collect(self, act: Callable[[Novice, int], Episode]) -> list[Episode]:
        """Add a round of rollouts."""
        assert self.novice
        part = [act(self.novice, self.next_seed()) for _ in range(self.sizes.rollouts)]
        self.rollouts.append(part)
        return part

    def finish(self) -> Run:
        """Train for the last time and evaluate."""
        self.success = evaluate(self.task, self.teach(), self.sizes.episodes)
        return self


def demonstrations_only(task: Task, seed: int, sizes: Sizes, human_steps: int,
                        disturbed: bool) -> Run:
    """Return what demonstrations alone teach in as much of a person's time."""
    run = Run(task, seed, sizes)
    while run.human_steps < human_steps:
        run.rollouts.append(run.demonstrations(1, disturbed))
    return run.finish()


def dagger(task: Task, seed: int, sizes: Sizes, beta: Beta = POWER) -> Run:
    """Vanilla DAgger: the expert labels every visited state, whoever acted."""
    run = Run(task, seed, sizes)
    for number in range(sizes.rounds):
        run.teach()
        run.collect(partial(roll_out, task, label_all=partial(
            expert_acts, beta.at(number + 1), run.random)))
    return run.finish()


def hg_dagger(task: Task, seed: int, sizes: Sizes) -> Run:
    """The person decides when to act; only that is learnt from."""
    run = Run(task, seed, sizes)
    for _ in range(sizes.rounds):
        run.teach()
        run.collect(partial(roll_out, task, person=Watching(task)))
    return run.finish()


def ensemble_dagger(task: Task, seed: int, sizes: Sizes, tau: float = inf) -> Run:
    """Doubt decides and, with a tau, what a scripted expert would do."""
    run = Run(task, seed, sizes)
    for _ in range(sizes.rounds):
        held = split(run)
        gate = EnsembleGate(tau, float(np.quantile(held.doubt, 1 - sizes.chi_share)))
        run.collect(partial(roll_out, task, gate=gate))
    return run.finish()


def safe_dagger(task: Task, seed: int, sizes: Sizes) -> Run:
    """A classifier decides at every step."""
    return _classified(Run(task, seed, sizes), lambda tau: SafeGate(), sigma=0.0)


def lazy_dagger(task: Task, seed: int, sizes: Sizes) -> Run:
    """A classifier calls, agreement releases; the person's executed actions are noisy."""
    return _classified(Run(task, seed, sizes), LazyGate, sigma=sizes.sigma)


def _classified(run: Run, make: Callable[[float], Gate], sigma: float) -> Run:
    for number in range(run.sizes.rounds):
        held = split(run)
        tau = unsafe_threshold(held.discrepancy)
        judges = Judges(safe=fit_classifier(held.inputs, unsafe(held.discrepancy, tau),
                                            run.seed + number))
        run.collect(partial(
            roll_out, run.task, judges=judges, gate=make(tau),
            disturb_executed=lambda action: with_noise(action, sigma, run.random)))
    return run.finish()


def thrifty_dagger(task: Task, seed: int, sizes: Sizes, hysteresis: bool = True) -> Run:
    """Novelty and risk decide, as often as the budget allows; thresholds anew per episode."""
    run = Run(task, seed, sizes)
    alone: list[Episode] = []   # rollouts without a person: Q has to see failures
    for number in range(sizes.rounds):
        held = split(run)
        assert run.novice
        alone += [roll_out(task, run.novice, run.next_seed()) for _ in range(sizes.alone)]
        judges = Judges(value=fit_value(transitions([*run.episodes, *alone], run.novice),
                                        run.seed + number, steps=1000))
        assert judges.value
        rows = [e for e in run.episodes if e.labels]
        seen = np.concatenate([e.column('observation', True) for e in rows])
        agreed = ((run.novice.each(seen).mean(0)
                   - np.concatenate([e.column('label', True) for e in rows])) ** 2).sum(1).mean()
        gate = thrifty.fit(held.doubt, judges.value(held.inputs), sizes.alpha, float(agreed))
        robot: list[Evidence] = []
        part: list[Episode] = []
        for _ in range(sizes.rollouts):
            used: Gate = gate if hysteresis else WithoutHysteresis(gate)
            part.append(roll_out(task, run.novice, run.next_seed(), judges=judges, gate=used))
            robot += [step.evidence for step in part[-1].robot_steps]
            gate = thrifty.fit(np.array([e.doubt for e in robot]),
                               np.array([e.value for e in robot]), sizes.alpha, gate.delta_r, gate)
        run.rollouts.append(part)
    return run.finish()


@dataclass(frozen=True)
class WithoutHysteresis:
    """ThriftyDAgger's gate with one rule for both ways: what hysteresis is measured against."""

    gate: thrifty.ThriftyGate

    def decide(self, evidence: Evidence, human: bool) -> Decision:
        """Return who shall act; who acts now plays no part."""
        return self.gate.decide(evidence, False)


class HeldOut(NamedTuple):
    """Labelled steps that the novice did not learn from.

    Attributes:
        inputs: Observation and the novice's action. Shape (n, D + A).
        discrepancy: Shape (n,).
        doubt: Shape (n,).
    """

    inputs: Array
    discrepancy: Array
    doubt: Array


def split(run: Run, share: float = 0.3) -> HeldOut:
    """Train the run's novice on some of its episodes; return what it knows of the others."""
    rows = [e for e in run.episodes if e.labels]
    order = np.random.default_rng([run.seed, len(rows)]).permutation(len(rows))
    count = max(1, round(share * len(rows)))
    run.novice = novice = learn([rows[i] for i in order[count:]], run.seed)
    others = [rows[i] for i in order[:count]]
    seen = np.concatenate([e.column('observation', True) for e in others])
    label = np.concatenate([e.column('label', True) for e in others])
    each = novice.each(seen)                                  # (N, n, A)
    mean = each.mean(0)
    return HeldOut(np.hstack([seen, mean]), ((mean - label) ** 2).sum(1), each.var(0).mean(1))
