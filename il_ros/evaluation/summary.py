"""Rollouts as plain data for JSON files and tables."""
from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from il_ros.evaluation.asked import mean_shares
from il_ros.evaluation.rollout import Conditions, Rollout
from il_ros.evaluation.statistics import wilson
from il_ros.policies.source import Place, weights_hash


def summarise(checkpoint: Place, task: str, conditions: Conditions, rollouts: Sequence[Rollout],
              ros: bool = False) -> dict[str, Any]:
    """Return what was evaluated, with `figures`."""
    digest = weights_hash(checkpoint)
    return {'checkpoint': str(checkpoint), **({'weights_sha256': digest} if digest else {}),
            'task': task, 'live_ros_graph': ros,
            'disturb': conditions.disturb, 'action_noise': conditions.action_noise,
            **figures(rollouts)}


def figures(rollouts: Sequence[Rollout]) -> dict[str, Any]:
    """Return counts, the Wilson interval and each episode; where counted, `beyond_limits`."""
    lengths = [rollout.duration_s for rollout in rollouts if rollout.success]
    beyond = mean_shares([(r.beyond, r.duration_s) for r in rollouts if r.beyond])
    return {
        'episodes': len(rollouts), 'successes': len(lengths),
        'interval': list(wilson(len(lengths), len(rollouts))),
        'mean_success_s': fmean(lengths) if lengths else None,
        'interventions': sum(rollout.interventions for rollout in rollouts),
        'human_seconds': sum(rollout.human_seconds for rollout in rollouts),
        **({'beyond_limits': beyond} if beyond else {}),
        'rollouts': [{'seed': r.seed, 'success': r.success, 'duration_s': round(r.duration_s, 3),
                      'interventions': r.interventions,
                      'human_seconds': round(r.human_seconds, 3)} for r in rollouts],
    }
