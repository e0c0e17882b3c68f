"""Episodes of a novice with somebody beside it, and what the methods keep of them."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from il_ros.intervention.gates.gate import discrepancy, doubt, Evidence, Gate, variance
from il_ros.intervention.gates.learning import Transitions
from il_ros.intervention.gates.models import Perceptron, Twin
import numpy as np
from numpy.typing import NDArray

from benchmarks.learning.novice import Array, Novice, train

HELD_OUT = 1_000_000   # seeds from here on are for evaluation alone
Actor = Callable[[Array], Array]


class Task(Protocol):
    """A task of `benchmarks.tasks` with somebody who knows how to do it.

    Attributes:
        name: In the tables.
        seconds_per_step: Of a person's time.
    """

    name: str
    seconds_per_step: float

    def reset(self, seed: int, disturbed: bool = True) -> Array: ...  # noqa: D102

    def step(self, action: Array) -> tuple[Array, bool, bool]:
        """Return the observation, whether the episode is over, and whether it succeeded."""
        ...

    def expert(self) -> Array: ...  # noqa: D102

    def errs(self) -> bool:
        """Return whether a person who watches would take over."""
        ...

    def recovered(self) -> bool:
        """Return whether a person who drives would hand back."""
        ...


class Step(NamedTuple):
    """One step: what was seen, who acted how, and what the expert would have done."""

    observation: Array
    novice: Array        # mean of the members
    executed: Array
    label: Array         # of the expert, as it was before any noise
    human: bool
    labelled: bool       # the label is part of the data
    doubt: float         # `gate.doubt`
    evidence: Evidence


@dataclass(frozen=True)
class Episode:
    """What happened, step by step."""

    steps: Sequence[Step]
    success: bool

    def column(self, name: str, labelled: bool = False) -> Array:
        """Return one field of all steps, or of the labelled ones."""
        return np.array([getattr(step, name) for step in self.steps
                         if step.labelled or not labelled])

    @property
    def labels(self) -> int:
        """Steps of a person's time."""
        return sum(step.labelled for step in self.steps)

    @property
    def robot_steps(self) -> list[Step]:
        """Steps before which the novice acted: those at which control can pass to a person."""
        before = [False, *(step.human for step in self.steps)]
        return [step for step, human in zip(self.steps, before, strict=False) if not human]

    @property
    def interventions(self) -> list[int]:
        """Length of each stretch in which a person acted, in steps."""
        human = np.concatenate([[0], self.column('human').astype(int), [0]])
        change = np.flatnonzero(np.diff(human))
        return [int(b - a) for a, b in zip(change[::2], change[1::2], strict=True)]


class Judges(NamedTuple):
    """What the gates know beside the novice's own doubt."""

    safe: Perceptron | None = None
    value: Twin | None = None

    def evidence(self, observation: Array, actions: Array, label: Array) -> Evidence:
        """Return what is known of a step; the simulated expert's action always is."""
        mean = actions.mean(0)
        seen = np.concatenate([observation, mean])[None]
        return Evidence(variance(actions),
                        float(self.safe(seen)[0]) if self.safe else float('nan'),
                        float(self.value(seen)[0]) if self.value else float('nan'),
                        discrepancy(mean, label))


class Watching:
    """The person of HG-DAgger: takes over when the task errs, hands back when it is mended."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def decide(self, human: bool) -> bool:
        """Return whether the person acts."""
        return not self._task.recovered() if human else self._task.errs()


def demonstrate(task: Task, seed: int, disturbed: bool) -> Episode:
    """Return an episode of the expert alone."""
    observation, done, success, steps = task.reset(seed, disturbed), False, False, []
    while not done:
        label = task.expert()
        steps.append(Step(observation, label, label, label, True, True, 0.0, Evidence()))
        observation, done, success = task.step(label)
    return Episode(steps, success)


def roll_out(task: Task, novice: Novice, seed: int, *, judges: Judges = Judges(),  # noqa: B008
             gate: Gate | None = None, person: Watching | None = None,
             label_all: Callable[[], bool] | None = None,
             disturb_executed: Callable[[Array], Array] = lambda action: action) -> Episode:
    """Return an episode of a novice with somebody beside it.

    Args:
        task: With its disturbances.
        novice: Acts unless somebody else does.
        seed: Of the episode.
        judges: What the gate needs.
        gate: Says at every step who acts.
        person: Decides that alone.
        label_all: Vanilla DAgger: returns who acts, and every step is labelled.
        disturb_executed: What becomes of the person's action before it is executed.
    """
    observation, done, success, human = task.reset(seed), False, False, False
    steps: list[Step] = []
    while not done:
        actions, label = novice(observation), task.expert()
        evidence = judges.evidence(observation, actions, label)
        if gate:
            human = gate.decide(evidence, human).human
        elif person:
            human = person.decide(human)
        elif label_all:
            human = label_all()
        mean = actions.mean(0)
        executed = disturb_executed(label) if human else mean
        steps.append(Step(observation, mean, executed, label, human,
                          human or label_all is not None, doubt(actions), evidence))
        observation, done, success = task.step(executed)
    return Episode(steps, success)


def learn(episodes: Sequence[Episode], seed: int, steps: int) -> Novice:
    """Return the novice that the labelled steps of episodes teach in some optimiser steps."""
    rows = [episode for episode in episodes if episode.labels]
    return train(np.concatenate([e.column('observation', True) for e in rows]),
                 np.concatenate([e.column('label', True) for e in rows]),
                 np.repeat(np.arange(len(rows)), [e.labels for e in rows]), seed, steps=steps)


def transitions(episodes: Sequence[Episode], novice: Novice) -> Transitions:
    """Return the steps of episodes as Q learns from them."""
    inputs, following, goal, done = [], [], [], []
    for episode in episodes:
        seen = episode.column('observation')
        wanted = novice.each(seen).mean(0)
        inputs.append(np.hstack([seen, episode.column('executed')]))
        following.append(np.roll(np.hstack([seen, wanted]), -1, axis=0))  # the last is masked
        last = np.arange(len(seen)) == len(seen) - 1
        done.append(last)
        goal.append(last & episode.success)
    return Transitions(*(np.concatenate(parts) for parts in (inputs, following, goal, done)))


def evaluate(task: Task, novice: Novice, episodes: int) -> NDArray[np.bool_]:
    """Return the success of the novice alone on the held-out seeds, disturbed."""
    return np.array([roll_out(task, novice, HELD_OUT + k).success for k in range(episodes)])
