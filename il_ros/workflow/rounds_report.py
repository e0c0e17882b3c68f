"""What DAgger rounds show in the end: success, effort, comparisons, corrections, curves."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from il_ros.datasets.reader import Dataset
from il_ros.evaluation.report import write_report
from il_ros.workflow.demo_report import timeline, titled
from il_ros.workflow.loop import Round
from il_ros.workflow.promotion import Verdict
from il_ros.workflow.rounds_config import RoundsConfig

METHODS = {'hg': 'a person takes over where the policy errs (HG-DAgger)',
           'vanilla': 'the simulated expert labels every state (DAgger)'}


def write_rounds_report(config: RoundsConfig, results: Sequence[Round],
                        verdicts: Mapping[str, Verdict], out: Path) -> Path:
    """Write `report.html` and return it."""
    loop = config.loop
    collected = sum((r.collected for r in results[2:]), results[1].collected) \
        if len(results) > 1 else results[0].collected
    earlier = len(Dataset(config.dataset).lengths) - collected.episodes
    return write_report({
        'title': 'il_ros: DAgger rounds',
        'lead': f'Rollouts of the policy while {METHODS[config.method]}, '
                f'{"trained on" if config.fine_tune else "trained from scratch"} after each '
                'round. '
                + ('Every policy was evaluated on the same held-out scenes.' if config.simulated
                   else 'The operator said which episodes succeeded.'),
        'rounds': [titled(result.summary()) for result in results],
        'comparisons': [f'{name.replace("_", " ")}: {verdict.text}'
                        for name, verdict in verdicts.items()],
        'effort': f'In all rounds {collected.text}. The policy drove '
                  f'{collected.policy_seconds:.0f} s that nobody had to.',
        'settings': {
            'robot': loop.robot, 'task': loop.task, 'seed': loop.seed, 'method': config.method,
            **({'beta': config.beta} if config.method == 'vanilla' else {}),
            'rollouts per round': loop.rollouts, 'policy': loop.training.policy.kind,
            'inputs': ', '.join(loop.training.policy.inputs),
            'training steps': loop.training.steps,
            'promoted at a probability of': config.promote_at},
        'timeline': timeline(Dataset(config.dataset), earlier),
        'curves': {result.name.replace('_', ' '): result.curve for result in results
                   if result.curve},
        'files': {'dataset': config.dataset, 'promoted policy': out / 'promoted',
                  'checkpoints': out / 'checkpoints', 'journal': out / 'journal.json'},
    }, out / 'report.html')
