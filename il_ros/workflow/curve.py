"""The curve of a training in a file, so that a killed training keeps what it had."""
from __future__ import annotations

import json
import math
from pathlib import Path
from types import TracebackType
from typing import Any

from il_ros.training.train import Report

EVERY = 5   # reports between two points that are shown
FIRST = 9   # reports that are left out: the first losses dwarf the rest


class CurveFile:
    """One JSON object per line and report; steps that are done again replace the old ones."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open('a', encoding='utf-8', buffering=1)

    def __enter__(self) -> CurveFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._file.close()

    def add(self, report: Report) -> None:
        """Note a report."""
        validation = None if math.isnan(report.validation) else report.validation
        self._file.write(json.dumps({'step': report.step, 'training': report.loss,
                                     'validation': validation}) + '\n')

    def read(self) -> dict[str, Any]:
        """Return {steps, losses: {training, validation}} as `charts.loss_curves` asks for it."""
        found: dict[int, dict[str, Any]] = {}
        for line in self._path.read_text(encoding='utf-8').splitlines():
            try:
                point = json.loads(line)
            except ValueError:
                continue  # a killed process got no further
            found[int(point['step'])] = point
        shown = [found[step] for step in sorted(found)][FIRST::EVERY]
        return {'steps': [p['step'] for p in shown], 'losses': {
            'training': [p['training'] for p in shown],
            'validation': [p['validation'] or 0.0 for p in shown]}}
