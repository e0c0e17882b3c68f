"""What is known of every episode, as one row each: for people, and for conditions."""
from __future__ import annotations

from math import isnan
from typing import Any

from il_ros.datasets.reader import Dataset
from il_ros.inspection.report import EpisodeReport, inspect, Report
from il_ros.rights import Rights
from il_ros.workbench.takes import takes_of

Row = dict[str, Any]


def episode_table(dataset: Dataset, pictures: bool = False) -> list[Row]:
    """Return a row per episode; what is not known is None.

    Args:
        dataset: As it is on the disk.
        pictures: Look at those, too, for `score` and `findings`.

    Raises:
        DatasetError: A video cannot be read.
    """
    return rows_of(dataset, inspect(dataset, pictures))


def rows_of(dataset: Dataset, report: Report) -> list[Row]:
    """Return a row per episode of what was reported of a dataset."""
    return [_row(episode, take.key, take.recorded_task, Rights.of(row))
            for episode, take, row in zip(report.episodes, takes_of(dataset), dataset.episodes,
                                          strict=True)]


def _row(e: EpisodeReport, key: str, task: str, rights: Rights) -> Row:
    found = {
        'episode': e.index, 'source': e.source, 'outcome': e.outcome,
        'success': e.outcome == 'success', 'task': task, 'operator': e.operator,
        'frames': e.frames, 'duration_s': e.duration_s, 'rate_hz': e.rate_hz, 'gaps': e.gaps,
        'missing_ticks': e.missing_ticks, 'longest_gap_s': e.longest_gap_s,
        'lost_ticks': e.lost_ticks, 'lost_messages': e.lost_messages,
        'sync_error_s': e.sync_error_s, 'idle_head_s': e.idle_head_s,
        'idle_tail_s': e.idle_tail_s, 'human_share': e.human,
        'intervention_share': e.intervention, 'take_overs': e.effort.take_overs,
        'near_limit_share': e.near_limit,
        'limited_share': None if e.limited is None else sum(e.limited.values()),
        'distance': e.distance, 'problems': len(e.problems), 'score': e.score,
        'findings': ' '.join(finding.kind for finding in e.findings), **rights.row,
        'trainable': not rights.forbids_training, 'key': key}
    return {name: None if isinstance(value, float) and isnan(value) else value
            for name, value in found.items()}
