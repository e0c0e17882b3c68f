"""DAgger rounds: roll out, collect, aggregate, train, compare, promote, swap; resumable anywhere.

Ross et al. 2011 for the rounds; who labels, and when, is the collector's (HG-DAgger, Kelly 2019:
`collectors`; DAgger itself: `vanilla`).
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
import json
import os
from pathlib import Path
from typing import Any

from il_ros.datasets.effort import dataset_effort, Effort
from il_ros.datasets.reader import Dataset
from il_ros.disk.atomic import write_atomically
from il_ros.evaluation.rollout import Rollout
from il_ros.workflow.collectors import Collector
from il_ros.workflow.journal import Journal, Result
from il_ros.workflow.loop import Loop, Progress, Round, SEEDS_PER_RUN
from il_ros.workflow.promotion import judge, promote, promoted, Verdict
from il_ros.workflow.rounds_config import RoundsConfig

START = 'start'
FIRST_SEED = SEEDS_PER_RUN // 2   # of the rollouts; the demonstrations of a run count from 0
SUMMARY = 'summary.json'


class Rounds:
    """Runs the rounds that a journal does not have yet.

    Every step can be done twice without harm: rollouts are noted one by one, closed bags are
    found again, appending skips what is in the dataset, training goes on from its last state and
    the pointer `promoted` changes as a whole.
    """

    def __init__(self, config: RoundsConfig, out: Path, loop: Loop, collector: Collector,
                 journal: Journal, progress: Progress) -> None:
        self._config, self._out, self._loop = config, out, loop
        self._collector, self._journal, self._progress = collector, journal, progress

    def run(self, count: int) -> list[Round]:
        """Return the first policy and that of each of `count` rounds."""
        self._start()
        try:
            for number in range(1, count + 1):
                self._round(number)
        finally:
            self._collector.close()
        self._write_summary()
        return self.results()

    def results(self) -> list[Round]:
        """Return what the journal knows of all finished rounds; the first policy stands first."""
        steps, found = self._journal.steps, []
        before = Effort(**steps[START]['effort'])
        number = 0
        while (name := name_of(number)) and f'{name}: promote' in steps:
            effort = Effort(**steps[f'{name}: aggregate']['effort']) if number else before
            fit = steps.get(f'{name}: train', {})
            found.append(Round(
                name, self._checkpoint(number), effort.person_seconds,
                tuple(self._evaluation(name)), fit.get('curve', {}), effort - before))
            before, number = effort, number + 1
        return found

    def verdicts(self) -> dict[str, Verdict]:
        """Return the comparison of each round's policy with the one promoted before."""
        return {step.removesuffix(': promote'): Verdict(**result['verdict'])
                for step, result in self._journal.steps.items() if result.get('verdict')}

    def _start(self) -> None:
        config = self._config
        self._journal.do(START, lambda: {
            'effort': asdict(dataset_effort(Dataset(config.dataset)))})
        self._evaluate(0)
        self._journal.do(f'{name_of(0)}: promote', lambda: self._promote_first(config.checkpoint))
        self._report(0)

    def _round(self, number: int) -> None:
        name, journal = name_of(number), self._journal
        if f'{name}: promote' in journal.steps:
            return
        self._collect(number)
        journal.do(f'{name}: aggregate', self._aggregate)
        journal.do(f'{name}: train', lambda: self._train(name))
        self._evaluate(number)
        journal.do(f'{name}: promote', lambda: self._promote(number))
        self._report(number)
        self._collector.load(self._promoted)

    @property
    def _promoted(self) -> Path:
        checkpoint = promoted(self._out)
        assert checkpoint is not None
        return checkpoint

    def _collect(self, number: int) -> None:
        name, config, begun = name_of(number), self._config.loop, False
        score: list[bool] = []
        self._progress.step(f'{name}: roll the policy out beside the expert', config.rollouts)
        for index in range(config.rollouts):
            step = f'{name}: rollout {index + 1}'
            if step not in self._journal.steps:
                seed = (config.seed * SEEDS_PER_RUN + FIRST_SEED
                        + (number - 1) * config.rollouts + index)
                found = self._collector.recorded(seed, self._known())
                if found is None:
                    if not begun:
                        self._collector.begin(number, self._promoted)
                        begun = True
                    found = self._collector.roll_out(seed)
                self._journal.record(step, _plain(found[0], found[1]))
            score.append(self._journal.steps[step]['success'])
            self._progress.advance(index + 1, f'{sum(score)}/{len(score)} succeeded')
        if begun:
            self._collector.rest()

    def _known(self) -> set[str]:
        return {result['where'] for result in self._journal.steps.values() if 'where' in result}

    def _aggregate(self) -> Result:
        self._collector.aggregate(self._config.dataset)
        return {'effort': asdict(dataset_effort(Dataset(self._config.dataset)))}

    def _train(self, name: str) -> Result:
        checkpoint, curve = self._loop.fit(
            name, self._config.dataset, self._promoted if self._config.fine_tune else None)
        return {'checkpoint': os.path.relpath(checkpoint, self._out), 'curve': curve,
                'gate': self._renew_gate(checkpoint)}

    def _renew_gate(self, checkpoint: Path) -> str:
        from il_ros.intervention.gates.fitting import renew_gate

        note = renew_gate(self._config.checkpoint, checkpoint, Dataset(self._config.dataset))
        if note:
            self._progress.step(f'the gate: {note}', 1)
        return note

    def _checkpoint(self, number: int) -> Path:
        if number == 0:
            return self._config.checkpoint
        return self._out / str(self._journal.steps[f'{name_of(number)}: train']['checkpoint'])

    def _evaluate(self, number: int) -> None:
        name, count = name_of(number), self._config.loop.episodes
        if self._collector.paired:
            self._journal.do(f'{name}: evaluate', lambda: {'rollouts': [
                asdict_of(r) for r in self._loop.evaluate(self._checkpoint(number))]})
            return
        for index in range(count):
            self._journal.do(f'{name}: evaluate {index + 1}',
                             partial(self._evaluate_one, number, index))

    def _evaluate_one(self, number: int, index: int) -> Result:
        found = self._collector.recorded(index, self._known())
        if found is None:
            self._progress.step(f'{name_of(number)}: evaluate; help counts as a failure', 1)
            self._collector.load(self._checkpoint(number))
            found = self._collector.roll_out(index)
            self._collector.rest()
        rollout, where = found
        alone = replace(rollout, success=rollout.success and not rollout.interventions)
        return {'rollouts': [asdict_of(alone)], 'where': where}

    def _evaluation(self, name: str) -> list[Rollout]:
        return [Rollout(**values) for step, result in self._journal.steps.items()
                if step.startswith(f'{name}: evaluate') for values in result['rollouts']]

    def _promote_first(self, checkpoint: Path) -> Mapping[str, Any]:
        promote(self._out, checkpoint)
        return {'promoted': name_of(0)}

    def _promote(self, number: int) -> Mapping[str, Any]:
        steps = self._journal.steps
        best = next(name_of(n) for n in reversed(range(number))
                    if steps[f'{name_of(n)}: promote']['promoted'] == name_of(n))
        verdict = judge(self._evaluation(name_of(number)), self._evaluation(best),
                        self._config.promote_at, self._collector.paired)
        if verdict.promoted:
            promote(self._out, self._checkpoint(number))
        return {'promoted': name_of(number) if verdict.promoted else best, 'against': best,
                'verdict': asdict(verdict)}

    def _report(self, number: int) -> None:
        self._progress.round(self.results()[number])
        self._write_summary()

    def _write_summary(self) -> None:
        write_atomically(self._out / SUMMARY, json.dumps(
            summary(self._config, self.results(), self.verdicts()), indent=2) + '\n')


def name_of(number: int) -> str:
    """Return the name of a round; 0 is the policy that the rounds begin with."""
    return f'dagger_{number}' if number else START


def summary(config: RoundsConfig, results: Sequence[Round],
            verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    """Return what `summary.json` holds."""
    return {'robot': config.loop.robot, 'task': config.loop.task, 'seed': config.loop.seed,
            'method': config.method, 'fine_tune': config.fine_tune,
            'rounds': [{**result.summary(),
                        **({'promoted': v.promoted, 'difference': round(v.difference, 4),
                            'probability_better': v.probability, 'p_value': v.p_value}
                           if (v := verdicts.get(result.name)) else {'promoted': True})}
                       for result in results]}


def asdict_of(rollout: Rollout) -> dict[str, Any]:
    """Return the figures of a rollout as plain data; not where it was recorded."""
    return {'seed': rollout.seed, 'success': rollout.success,
            'duration_s': round(rollout.duration_s, 3), 'interventions': rollout.interventions,
            'human_seconds': round(rollout.human_seconds, 3)}


def _plain(rollout: Rollout, where: str) -> dict[str, Any]:
    return {**asdict_of(rollout), 'where': where}
