"""One self-contained HTML page that says how good each policy is and what it took."""
from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import fields
import os
from pathlib import Path
from typing import Any

from il_ros.config import build
from il_ros.disk.atomic import write_atomically
from il_ros.errors import ConfigError
from il_ros.evaluation import charts
from il_ros.evaluation.result import Round
from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup

EMBED_BYTES = 16_000_000  # a longer video stays a file beside the page


def read_rounds(summary: Mapping[str, Any]) -> list[Round]:
    """Return the results of a summary: `rounds`, then `baselines`.

    Raises:
        ConfigError: There are none, or one lacks a value.
    """
    known = {field.name for field in fields(Round)}
    rounds = [build(Round, {**{k: v for k, v in entry.items() if k in known},
                            'human_seconds': float(entry.get('human_seconds', 'nan')),
                            'baseline': key == 'baselines'}, f'summary: {key}[{i}]')
              for key in ('rounds', 'baselines')
              for i, entry in enumerate(summary.get(key, ()))]
    if not rounds:
        raise ConfigError('summary: rounds: expected at least one round, got none')
    return rounds


def render(summary: Mapping[str, Any], folder: Path) -> str:
    """Return the page.

    Args:
        summary: `rounds` (list of `Round` as mappings, demonstrations only first) is required.
            Optional: `baselines` (like `rounds`: demonstrations alone), `title`, `lead` (a
            sentence), `settings` (name: value), `comparisons` (list of sentences), `effort` (a
            sentence), `timeline` (see `charts.timeline`), `curves` (per policy: {steps, losses:
            {name: values}}),
            `video` (an mp4, absolute or relative to `folder`), `files` (name: path).
        folder: Where the page will lie; paths are shown relative to it.

    Raises:
        ConfigError: The summary has no rounds, or the video cannot be read.
    """
    rounds = read_rounds(summary)
    figures = {
        'success': charts.success_bars(rounds),
        'time': charts.success_against_time(rounds),
        'share': charts.human_shares(rounds),
        'timeline': charts.timeline(summary.get('timeline', ())),
    }
    curves = {name: charts.loss_curves(curve['losses'], curve['steps'])
              for name, curve in summary.get('curves', {}).items()}
    return template('report.html.j2').render(
        title=summary.get('title', 'il_ros report'), lead=summary.get('lead', ''),
        rounds=rounds, best=_best(rounds), settings=summary.get('settings', {}),
        comparisons=summary.get('comparisons', ()), effort=summary.get('effort', ''),
        figures={name: Markup(svg) for name, svg in figures.items()},
        curves={name: Markup(svg) for name, svg in curves.items()},
        video=embedded_video(summary.get('video', ''), folder), files=summary.get('files', {}))


def write_report(summary: Mapping[str, Any], path: Path) -> Path:
    """Write the page that `render` makes and return its path.

    Raises:
        ConfigError: As `render`, or the file cannot be written.
    """
    return write_page(render(summary, path.parent), path)


def template(name: str) -> Template:
    """Return a template of this package; text is escaped, `percent` is a filter."""
    page = Environment(loader=PackageLoader('il_ros', 'evaluation/templates'),
                       autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page.filters['percent'] = charts.percent
    return page.get_template(name)


def write_page(text: str, path: Path) -> Path:
    """Write a page in one step and return its path.

    Raises:
        ConfigError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    except OSError as error:
        raise ConfigError(f'{path}: cannot be written: {error.strerror}') from None
    return path


def _best(rounds: Sequence[Round]) -> Round:
    own = [r for r in rounds if not r.baseline] or list(rounds)
    return max(own, key=lambda r: (r.rate, -r.human_seconds))


def embedded_video(name: str, folder: Path) -> str:
    """Return what a page in `folder` shows as a video: a data URL, or a path where it is long.

    Raises:
        ConfigError: It cannot be read.
    """
    if not name:
        return ''
    path = Path(folder, name)
    try:
        if path.stat().st_size > EMBED_BYTES:
            return os.path.relpath(path, folder)
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f'{path}: cannot be read: {error.strerror}') from None
    return 'data:video/mp4;base64,' + base64.b64encode(data).decode()
