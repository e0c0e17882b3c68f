"""The card of a policy."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from il_ros.cards.data_card import installed
from il_ros.cards.render import forbidden, licence_of, render
from il_ros.errors import CheckpointError
from il_ros.evaluation.statistics import Interval, wilson
from il_ros.inspection.kpis import read_evaluation
from il_ros.policies.checkpoint import read, read_json
from il_ros.policies.source import weights_hash

# Of a variant in a result of `il_ros evaluate`: what says how it was counted, not under which
# conditions.
COUNTED = {'layer', 'variant', 'meaning', 'episodes', 'successes', 'interval', 'mean_success_s',
           'interventions', 'human_seconds', 'rollouts', 'beyond_limits', 'reliability', 'against',
           'comparison', 'checkpoint', 'task', 'names', 'layers', 'weights_sha256'}


class Figure(NamedTuple):
    """How often the policy succeeded under some conditions."""

    task: str
    variant: str
    conditions: str
    successes: int
    episodes: int
    interval: Interval
    mean_success_s: float | None
    interventions: int


def model_card(checkpoint: Path, evaluations: Sequence[Path]) -> str:
    """Return the card of a policy as Markdown.

    Args:
        checkpoint: Its folder.
        evaluations: Files of `il_ros evaluate --out`, of these weights.

    Raises:
        CheckpointError: It is none, or a result is of other weights.
        ConfigError: A file is no result of an evaluation.
    """
    found = read(checkpoint)
    file = checkpoint / 'training.json'
    training = read_json(file) if file.is_file() else {}
    data: dict[str, Any] = training.get('trained_on', {})
    digest = weights_hash(checkpoint)
    figures, notes = list[Figure](), list[str]()
    for path in evaluations:
        result = read_evaluation(path)
        notes += _require_same(path, result, checkpoint, digest)
        figures += _figures(result)
    stated = [one for part in (data, training.get('started_from', {}).get('trained_on', {}))
              for each in part.values() for one in each['rights']]
    values: dict[str, Any] = {
        'name': f'{checkpoint.resolve().parent.name}/{checkpoint.resolve().name}',
        'policy': found.config, 'contract': found.contract, 'training': training,
        'data': data, 'started_from': training.get('started_from'), 'stated': stated,
        'forbidden': forbidden(stated), 'figures': figures, 'notes': notes,
        'weights_hash': digest, 'il_ros': installed(), 'versions': training.get('versions', {})}
    front = {**licence_of(stated), 'pipeline_tag': 'robotics', 'library_name': 'il_ros',
             'tags': ['il_ros', found.config.kind, found.contract.robot]}
    return render('model_card.md.j2', front, values)


def _require_same(path: Path, result: Mapping[str, Any], checkpoint: Path, digest: str
                  ) -> list[str]:
    """Check that a result is of these weights; return what nothing can say."""
    said = result.get('weights_sha256')
    if said and said != digest:
        raise CheckpointError(f'{path}: is of other weights ({str(said)[:12]}) than {checkpoint} '
                              f'({digest[:12]}); evaluate these: il_ros evaluate {checkpoint} '
                              '--out RESULT.json')
    if said:
        return []
    return [f'{path.name} does not say of which weights it is; it names '
            f'{result.get("checkpoint", "no checkpoint")}']


def _figures(result: Mapping[str, Any]) -> Iterator[Figure]:
    entries = [entry for entry in result.get('layers', ()) if 'unseen' not in entry] or [result]
    common = {name: value for name, value in result.items() if name not in COUNTED}
    for entry in entries:
        told = {**common, **{name: value for name, value in entry.items() if name not in COUNTED}}
        yield Figure(
            str(result.get('task', '')), str(entry.get('variant', 'nominal')),
            ', '.join(['disturbed' if told.pop('disturb', False) else 'undisturbed', *(
                f'{name} {value}' for name, value in told.items() if value)]),
            entry['successes'], entry['episodes'], wilson(entry['successes'], entry['episodes']),
            entry.get('mean_success_s'), int(entry.get('interventions', 0)))
