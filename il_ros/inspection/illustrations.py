"""Pictures of episodes and the ways of their tools over the table, for the page."""
from __future__ import annotations

import base64

import cv2
from il_ros.contract import POSE_SIZE
from il_ros.datasets import schema
from il_ros.datasets.reader import Dataset
from il_ros.images.depth import shown
from il_ros.images.jpeg import to_jpeg
from il_ros.inspection.report import Report
from il_ros.inspection.zones import TIP
from il_ros.types import Floats, Pixels
import numpy as np

SHOWN = 60            # episodes with pictures, the worst
PICTURES = 5          # of an episode, evenly over its time
HEIGHT = 72           # of one [px]
QUALITY = 60          # of JPEG
SIDE, EDGE = 480, 30  # of the drawing [px]
STEP = 3              # rows between two points of a path
GOOD, BAD = (107, 114, 128), (220, 38, 38)


def thumbnails(dataset: Dataset, report: Report) -> list[list[str]]:
    """Return pictures of the first camera, as data URLs, for every episode that is shown.

    Raises:
        DatasetError: A video cannot be read.
    """
    found: list[list[str]] = [[] for _ in report.episodes]
    worst = sorted(report.episodes, key=lambda e: e.score)[:SHOWN] if dataset.cameras else []
    for episode in worst:
        rows = dataset.rows(episode.index)
        chosen = np.linspace(rows.start, rows.stop - 1, PICTURES).astype(int)
        camera = dataset.contract.camera(dataset.cameras[0])
        found[episode.index] = [_url(picture) for picture in
                                shown(dataset.frames(camera.name, chosen), camera.depth)]
    return found


def drawn_paths(dataset: Dataset, report: Report) -> str:
    """Return the ways of the tool from above as SVG, bad ones in red; '' where none is known."""
    poses = dataset.contract.poses
    names = {TIP, *(arm.tip for arm in dataset.contract.arms)}
    tools = [k for k, name in enumerate(poses.names) if name in names] if poses else []
    if not tools:
        return ''
    paths = [(episode.score, dataset.columns[schema.ENVIRONMENT][dataset.rows(episode.index)][
        ::STEP, POSE_SIZE * tool:POSE_SIZE * tool + 2])
        for tool in tools for episode in report.episodes]
    every = np.concatenate([path for _, path in paths])
    middle = (every.min(axis=0) + every.max(axis=0)) / 2
    span = max(float(np.ptp(every, axis=0).max()), 1e-3)
    lines = [_line(path - middle, span, score)
             for score, path in sorted(paths, key=lambda found: -found[0])]
    return (f'<h2>Ways of the tool from above, {100 * span:.0f} cm across</h2>'
            f'<svg class="fits" viewBox="0 0 {SIDE} {SIDE}" width="{SIDE}" role="img" '
            f'aria-label="Ways of the tool from above">{"".join(lines)}</svg>')


def _line(path: Floats, span: float, score: float) -> str:
    at = SIDE / 2 + path / span * (SIDE - 2 * EDGE)
    at[:, 1] = SIDE - at[:, 1]      # y up
    colour = ','.join(str(round(good + (bad - good) * (1 - score)))
                      for good, bad in zip(GOOD, BAD, strict=True))
    points = ' '.join(f'{x:.0f},{y:.0f}' for x, y in at)
    return (f'<polyline fill="none" stroke="rgb({colour})" stroke-width="{2 - score:.1f}" '
            f'stroke-opacity="{1 - 0.6 * score:.2f}" points="{points}"/>')


def _url(picture: Pixels) -> str:
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (round(width * HEIGHT / height), HEIGHT),
                       interpolation=cv2.INTER_AREA)
    return 'data:image/jpeg;base64,' + base64.b64encode(to_jpeg(small, QUALITY)).decode()
