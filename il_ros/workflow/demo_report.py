"""What the demo shows in the end: summary, timeline of corrections, curves, a video, the page."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from il_ros.datasets.reader import Dataset
from il_ros.evaluation.checkpoint import film, Trial
from il_ros.evaluation.report import write_report
from il_ros.types import ControlSource, LABELLED
from il_ros.workflow.demo import DemoConfig
from il_ros.workflow.loop import EVALUATION_SEEDS, Round
import numpy as np

VIDEO = 'rollout.mp4'


def write_demo_report(config: DemoConfig, summary: Mapping[str, Any], rounds: Sequence[Round],
                      out: Path) -> Path:
    """Write `report.html` and the video of a rollout of the last policy; return the page."""
    last = rounds[-2]
    seeds = [rollout.seed for rollout in last.rollouts if rollout.success]
    film(Trial(last.checkpoint, config.loop.task, config.loop.conditions,
               config.loop.scheduler, config.loop.execute_steps),
         seeds[0] if seeds else EVALUATION_SEEDS, out / VIDEO)
    page = {
        'rounds': [titled(entry) for entry in summary['rounds']],
        'title': 'il_ros: an arm learns from demonstrations and corrections',
        'lead': 'Every policy was evaluated on the same held-out scenes, in which the object is '
                'pushed away at a random moment.',
        'baselines': [titled(summary['equal_human_seconds'])],
        'settings': {
            'robot': config.loop.robot, 'task': config.loop.task, 'seed': config.loop.seed,
            'demonstrations': config.demonstrations,
            'rollouts per round': config.loop.rollouts, 'policy': config.loop.training.policy.kind,
            'inputs': ', '.join(config.loop.training.policy.inputs),
            'training steps': config.loop.training.steps,
            'duration': f"{summary['seconds'] / 60:.1f} min"},
        'timeline': timeline(Dataset(out / 'dataset')),
        'curves': {_title(result.name): result.curve for result in rounds},
        'video': VIDEO,
        'files': {'episodes': out / 'bags', 'dataset': out / 'dataset',
                  'checkpoints': out / 'checkpoints', 'logs of the nodes': out / 'logs'},
    }
    return write_report(page, out / 'report.html')


def _title(name: str) -> str:
    return name.replace('_', ' ')


def titled(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a round with its name as people read it."""
    return {**entry, 'name': _title(entry['name'])}


def timeline(dataset: Dataset, first: int = 0) -> list[dict[str, Any]]:
    """Return each rollout of the policy, from an episode on, with the spans of a human."""
    success = dataset.columns['success'].reshape(-1).astype(bool)
    source = dataset.columns['control_source'].reshape(-1)
    labelled = source == LABELLED
    human = dataset.columns['intervention'].reshape(-1).astype(bool) & ~labelled
    rollout = human | labelled | (source == ControlSource.POLICY)
    episodes = []
    for number, length in enumerate(dataset.lengths):
        rows = dataset.rows(number)
        if number < first or not rollout[rows].any():
            continue  # a demonstration
        edges = np.flatnonzero(np.diff(human[rows], prepend=False, append=False))
        episodes.append({
            'name': f'episode {number}', 'duration_s': length / dataset.fps,
            'success': bool(success[rows].any()),
            'corrections': [{'start_s': a / dataset.fps, 'end_s': b / dataset.fps}
                            for a, b in zip(edges[::2], edges[1::2], strict=True)]})
    return episodes
