"""The card of a dataset."""
from __future__ import annotations

from collections import Counter
from typing import Any

from il_ros import __version__
from il_ros.cards.render import DATASET, files_hash, licence_of, render
from il_ros.datasets import schema
from il_ros.datasets.files.history import read_history, REDACT, standing
from il_ros.datasets.reader import Dataset
from il_ros.inspection.report import inspect
from il_ros.redaction.names import PSEUDONYM
from il_ros.rights import counted, forbidden, PUBLISHING, Rights, TRAINING
from il_ros.training.joined import Part
from il_ros.types import ControlSource, GUIDED
import numpy as np


def data_card(dataset: Dataset) -> str:
    """Return the card of a dataset as Markdown. No person's name stands in it but the owner's."""
    report = inspect(dataset, pictures=False)
    people = {row.operator for row in report.episodes} - {''}
    stated = counted(Rights.of(row) for row in dataset.episodes)
    tasks = Counter(dataset.tasks[int(dataset.columns['task_index'][dataset.rows(k).start])]
                    for k in range(len(dataset.lengths)))
    history = read_history(dataset.root)
    edits = standing(history)
    values: dict[str, Any] = {
        'name': dataset.root.resolve().name, 'contract': dataset.contract, 'fps': dataset.fps,
        'il_ros': __version__, 'version': len(history),
        'codebase': dataset.info['codebase_version'], 'rows': len(dataset),
        'episodes': len(dataset.lengths), 'minutes': report.duration_s / 60,
        'tasks': tasks.most_common(), 'stated': stated, 'forbidden': forbidden(stated, TRAINING),
        'unpublished': forbidden(stated, PUBLISHING),
        'outcomes': Counter(row.outcome or 'unlabelled' for row in report.episodes).most_common(),
        'cameras': [dataset.contract.camera(name) for name in dataset.cameras],
        'people': len(people), 'pseudonyms': all(map(PSEUDONYM.fullmatch, people)),
        'sources': _sources(dataset), 'effort': report.effort.text,
        'table_hash': Part('', dataset).hash,
        'files_hash': files_hash(dataset.root, ('data', 'videos')),
        'edits': Counter(change.do for change in edits),
        'redactions': [change.what for change in edits if change.do == REDACT],
        'odd': [(row.index, problem) for row in report.episodes for problem in row.problems],
        'problems': report.problems, 'notes': dataset.notes, 'elsewhere': dataset.elsewhere,
        'columns': [name for name in dataset.info['features'] if not name.startswith(
            schema.IMAGES)]}
    front = {**licence_of(stated), **DATASET,
             'tags': [*DATASET['tags'], dataset.contract.robot]}
    return render('data_card.md.j2', front, values)


def _sources(dataset: Dataset) -> list[tuple[str, float]]:
    """Return the share of rows per control source, largest first."""
    values, counts = np.unique(dataset.columns['control_source'], return_counts=True)
    known = {GUIDED: 'guided by hand', **{int(one): one.name.lower() for one in ControlSource}}
    named = [(known.get(int(value), f'source {value}'), count / len(dataset))
             for value, count in zip(values, counts, strict=True)]
    return sorted(named, key=lambda one: -one[1])
