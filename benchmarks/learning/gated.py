"""The methods in which a gate calls the person: loops of rounds over one task."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import NamedTuple

from il_ros.intervention.gates import thrifty
from il_ros.intervention.gates.ensemble import EnsembleGate
from il_ros.intervention.gates.gate import Decision, Evidence, Gate
from il_ros.intervention.gates.lazy import LazyGate, with_noise
from il_ros.intervention.gates.learning import fit_classifier, fit_value
from il_ros.intervention.gates.safe import SafeGate, unsafe, unsafe_threshold
import numpy as np

from benchmarks.learning.collecting import (
    Array,
    Episode,
    Judges,
    learn,
    roll_out,
    Task,
    transitions,
)
from benchmarks.learning.methods import Run, Sizes
from benchmarks.learning.novice import Novice


def ensemble_dagger(task: Task, seed: int, sizes: Sizes, tau: float = inf) -> Run:
    """Doubt decides and, with a tau, what a scripted expert would do."""
    run = Run(task, seed, sizes)
    for _ in range(sizes.rounds):
        held = split(run)
        gate = EnsembleGate(tau, float(np.quantile(held.doubt, 1 - sizes.chi_share)))
        run.collect(partial(roll_out, task, gate=gate))
    run.assess()
    return run


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
    run.assess()
    return run


class Thrifty:
    """ThriftyDAgger's person within a round; a callable for `Run.collect`.

    The thresholds at the start are those of what the policy meets alone; the authors' code keeps
    the last round's, which belong to another policy and another Q.

    Args:
        run: With a novice.
        alone: Rollouts without a person, among them this novice's newest.
        newest: How many those are.
        delta_r: Of `ThriftyGate`.
        number: Of the round.
        hysteresis: One rule for both ways without.
    """

    def __init__(self, run: Run, alone: Sequence[Episode], newest: int, delta_r: float,
                 number: int, hysteresis: bool) -> None:
        assert run.novice
        self._run, self._hysteresis = run, hysteresis
        self._value = fit_value(transitions([*run.episodes, *alone], run.novice),
                                run.seed + number, steps=1000)
        seen = [step for e in alone[-newest:] for step in e.steps]
        inputs = np.array([[*step.observation, *step.novice] for step in seen])
        self._gate = thrifty.fit(np.array([step.evidence.doubt for step in seen]),
                                 self._value(inputs), run.sizes.alpha, delta_r)
        self._robot: list[Evidence] = []

    def __call__(self, novice: Novice, seed: int) -> Episode:
        """Return an episode; thresholds are taken anew after it."""
        gate: Gate = self._gate if self._hysteresis else WithoutHysteresis(self._gate)
        episode = roll_out(self._run.task, novice, seed, judges=Judges(value=self._value),
                           gate=gate)
        self._robot += [step.evidence for step in episode.robot_steps]
        self._gate = thrifty.fit(np.array([e.doubt for e in self._robot]),
                                 np.array([e.value for e in self._robot]), self._run.sizes.alpha,
                                 self._gate.delta_r, self._gate)
        return episode


def thrifty_dagger(task: Task, seed: int, sizes: Sizes, hysteresis: bool = True) -> Run:
    """Novelty and risk decide, as often as the budget allows; thresholds anew per episode."""
    run = Run(task, seed, sizes)
    delta_r = agreement(run.first, run.teach())
    alone: list[Episode] = []   # Q has to see failures
    for number in range(sizes.rounds):
        assert run.novice
        alone += [roll_out(task, run.novice, run.next_seed()) for _ in range(sizes.alone)]
        run.collect(Thrifty(run, alone, sizes.alone, delta_r, number, hysteresis))
        run.assess()
    return run


def agreement(episodes: Sequence[Episode], novice: Novice) -> float:
    """Return delta_r: the mean discrepancy over the data that a novice learnt from.

    Of the first demonstrations only and never again, as in the authors' code: over data with
    interventions it grows, and the person lets go too early.
    """
    seen = np.concatenate([e.column('observation', True) for e in episodes])
    label = np.concatenate([e.column('label', True) for e in episodes])
    return float(((novice.each(seen).mean(0) - label) ** 2).sum(1).mean())


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
    run.novice = novice = learn([rows[i] for i in order[count:]], run.seed,
                                run.sizes.train_steps)
    others = [rows[i] for i in order[:count]]
    seen = np.concatenate([e.column('observation', True) for e in others])
    label = np.concatenate([e.column('label', True) for e in others])
    each = novice.each(seen)                                  # (N, n, A)
    mean = each.mean(0)
    return HeldOut(np.hstack([seen, mean]), ((mean - label) ** 2).sum(1), each.var(0).mean(1))
