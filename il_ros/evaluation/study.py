"""One or two policies through the layers, on the same seeds."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from il_ros.evaluation.checkpoint import evaluate_all, film, Trial
from il_ros.evaluation.layers import Variant
from il_ros.evaluation.reliability import reliability, runs_of
from il_ros.evaluation.rollout import Rollout
from il_ros.evaluation.statistics import compare_paired, probability_better
from il_ros.evaluation.summary import figures, summarise
from il_ros.policies.source import Place
from il_ros.spread.spread import Spread

Key = tuple[str, int]   # of a variant, and 0 for the policy or 1 for the one beside it
Results = Mapping[Key, Sequence[Rollout]]


@dataclass(frozen=True)
class Study:
    """What is rolled out.

    Attributes:
        trial: The policy under the conditions that all variants start from.
        variants: Those that say nothing about the policy are listed and left out.
        seeds: One rollout each, per variant and policy.
        against: Another policy, which goes through the same.
    """

    trial: Trial
    variants: tuple[Variant, ...]
    seeds: Sequence[int]
    against: Place | None = None

    @property
    def checkpoints(self) -> tuple[Place, ...]:
        """The policy, and the other where there is one."""
        return (self.trial.checkpoint, *([self.against] if self.against else []))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the policies: their addresses or the ends of their paths that differ."""
        parts = [(place,) if isinstance(place, str) else place.resolve().parts
                 for place in self.checkpoints]
        length = next((n for n in range(2, max(map(len, parts)) + 1)
                       if len({p[-n:] for p in parts}) == len(parts)), 2)
        return tuple('/'.join(p[-length:]) for p in parts)

    @property
    def trials(self) -> dict[Key, Trial]:
        """The trial of each variant and policy."""
        return {(v.key, i): replace(self.trial, checkpoint=path, conditions=v.conditions,
                                    repeats=v.repeats)
                for v in self.variants if not v.unseen for i, path in enumerate(self.checkpoints)}


def run(study: Study, workers: int | None = None,
        progress: Callable[[int], None] = lambda _: None, spread: Spread | None = None) -> Results:
    """Return the rollouts of every variant and policy; see `evaluate_all`."""
    return evaluate_all(study.trials, study.seeds, workers=workers, progress=progress,
                        spread=spread)


def describe(study: Study, task: str, results: Results) -> dict[str, Any]:
    """Return the results as plain data: `layers`, each variant with its counts and episodes.

    Those of the nominal layer stand at the top as well, as `summarise` returns them.
    Two policies are compared by paired seeds. In a long run without resets a seed does not bring
    the arm to the same place for both, so there the counts alone are compared.
    """
    trial, nominal = study.trial, results.get(('nominal', 0), ())
    return {
        **summarise(trial.checkpoint, task, trial.conditions, nominal),
        **({'against': str(study.against)} if study.against else {}),
        'first_seed': study.seeds[0], 'scheduler': trial.scheduler,
        'execute_steps': trial.execute_steps, 'refill_s': trial.refill_s, 'join': trial.join,
        'latency_ticks': trial.conditions.faults.latency_ticks,
        **({'instruction': trial.instruction} if trial.instruction else {}),
        'names': list(study.names),
        'layers': [_describe(variant, [results.get((variant.key, i), ())
                                       for i in range(len(study.checkpoints))])
                   for variant in study.variants]}


def _describe(variant: Variant, rollouts: Sequence[Sequence[Rollout]]) -> dict[str, Any]:
    faults, variation = variant.conditions.faults, variant.conditions.variation
    entry: dict[str, Any] = {
        'layer': variant.layer, 'variant': variant.name, 'meaning': variant.meaning,
        'disturb': variant.conditions.disturb, 'action_noise': variant.conditions.action_noise,
        **{name: value for name, value in {**asdict(variation), **asdict(faults)}.items()
           if value}}
    if variant.unseen:
        return entry | {'unseen': variant.unseen}
    policies = [figures(each) for each in rollouts]
    if variant.repeats > 1:
        for policy, each in zip(policies, rollouts, strict=True):
            policy['reliability'] = {'repeats': variant.repeats,
                                     **asdict(reliability(runs_of(each, variant.repeats)))}
    entry |= policies[0]
    if len(rollouts) > 1:
        entry['against'] = policies[1]
        entry['comparison'] = compare(rollouts[0], rollouts[1], variant.repeats == 1)
    return entry


def compare(a: Sequence[Rollout], b: Sequence[Rollout], paired: bool) -> dict[str, Any]:
    """Return what two policies' rollouts say about which one is better."""
    if not paired:
        counts = [(sum(r.success for r in each), len(each)) for each in (a, b)]
        return {'paired': False, 'probability_a_better': probability_better(*counts),
                'difference': counts[0][0] / counts[0][1] - counts[1][0] / counts[1][1]}
    found = compare_paired([r.success for r in a], [r.success for r in b])
    return {'paired': True, 'difference': found.difference, **asdict(found)}


def failures(study: Study, results: Results, count: int) -> Iterator[tuple[Key, int]]:
    """Return the first failures, one of each variant in turn: whose, and the seed's index."""
    failed = [[(key, i) for i, rollout in enumerate(rollouts) if not rollout.success]
              for key, rollouts in results.items()]
    turns = [found for turn in zip_longest(*failed) for found in turn if found]
    return iter(turns[:count])


def film_failures(study: Study, results: Results, count: int, folder: Path,
                  progress: Callable[[int], None] = lambda _: None) -> list[dict[str, str]]:
    """Film the first failures.

    Returns:
        The file and a title of each.
    """
    films = []
    for number, (key, index) in enumerate(failures(study, results, count), 1):
        variant, policy = key
        trial, seed = study.trials[key], study.seeds[index]
        run = study.seeds[index - index % trial.repeats:index]
        path = folder / f'failure_{number}_{variant.replace(": ", "_").replace(" ", "_")}.mp4'
        film(trial, seed, path, before=run)
        films.append({'path': str(path), 'title': f'{variant}, seed {seed}'
                      + (f', {study.names[policy]}' if study.against else '')})
        progress(number)
    return films
