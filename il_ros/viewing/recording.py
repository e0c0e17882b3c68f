"""An episode as a Rerun recording, top to bottom."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
from il_ros.datasets.from_bags.rows import Row
from il_ros.errors import ConfigError
from il_ros.images.jpeg import to_jpeg
from il_ros.types import View
from il_ros.viewing.episode import Episode
from il_ros.viewing.layout import layout
from il_ros.viewing.predicted import Predictions
from il_ros.viewing.series import bands, doubt, forces, joints
from il_ros.viewing.sink import place, Sink
from il_ros.viewing.space import space
import numpy as np
import rerun as rr

TOGETHER = 64       # pictures of a camera that are written at once
QUALITY = 90        # of JPEG
MILLIMETRES = 1000.0    # per metre, of depth pictures


def write(episode: Episode, path: Path, predictions: Predictions | None = None,
          advance: Callable[[int], None] = lambda _: None) -> None:
    """Write an episode to an .rrd file, with the layout in which it is shown.

    Args:
        episode: Its rows are gone through.
        path: The file, which appears as a whole.
        predictions: Shown each row; their chunks take the place of the episode's.
        advance: Told how many rows are done.

    Raises:
        IlRosError: The episode cannot be read, or the file not be written.
    """
    part = path.with_name(f'.{path.name}.partial')
    try:
        part.touch()
        with rr.RecordingStream('il_ros') as stream:
            stream.save(part)
            _write(Sink(stream, episode.contract.period_ns), episode, predictions, advance)
        stream.disconnect()
        part.replace(path)
    except OSError as error:
        raise ConfigError(f'{path}: cannot be written: {error.strerror}') from None
    finally:
        part.unlink(missing_ok=True)


def _write(sink: Sink, episode: Episode, predictions: Predictions | None,
           advance: Callable[[int], None]) -> None:
    rows = []
    for row in _seen(sink, episode):
        if predictions:
            predictions.see(row.tick, row.observation)
        rows.append(replace(row, observation=replace(row.observation, images={})))
        advance(len(rows))
    if not rows:
        raise ConfigError(f'{episode.name}: no tick at which all streams of the contract spoke')
    contract = episode.contract
    predicted = predictions.chunks if predictions else []
    sink.always('about', rr.TextDocument(
        f'# {episode.name}\n\n{episode.task}\n\n- robot: {contract.robot}\n'
        f'- outcome: {episode.outcome}\n- rows: {len(rows)} at {contract.rate_hz:g} Hz\n',
        media_type='text/markdown'))
    bands(sink, rows, episode.outcome)
    joints(sink, contract.joint_names, rows, predicted)
    reached = space(sink, contract, rows, predicted or episode.chunks)
    forces(sink, episode.wrenches)
    for told in episode.told:
        sink.columns('modes', np.array([told.at_ns]), rr.TextLog.columns(text=[told.text]))
    sink.stream.send_blueprint(layout(episode, reached, doubted=doubt(sink, rows)))


def _seen(sink: Sink, episode: Episode) -> Iterator[Row]:
    """Yield the rows and write their pictures."""
    waiting: dict[str, list[tuple[int, bytes]]] = {name: [] for name in episode.cameras}
    for row in episode.rows:
        for name, pictures in waiting.items():
            pictures.append((row.tick, _coded(row.observation.images[name])))
            if len(pictures) == TOGETHER:
                _flush(sink, name, pictures)
        yield row
    for name, pictures in waiting.items():
        if pictures:
            _flush(sink, name, pictures)


def _coded(picture: View) -> bytes:
    """Return rgb as JPEG, distances [m] as PNG in millimetres."""
    if picture.shape[2] > 1:
        return to_jpeg(picture, QUALITY)
    _, data = cv2.imencode('.png', np.rint(MILLIMETRES * picture).astype(np.uint16))
    return bytes(data)


def _flush(sink: Sink, name: str, pictures: list[tuple[int, bytes]]) -> None:
    where, count = place('cameras', name), len(pictures)
    ticks, coded = zip(*pictures, strict=True)
    if coded[0].startswith(b'\x89PNG'):
        columns = rr.EncodedDepthImage.columns(
            blob=coded, media_type=['image/png'] * count, meter=[MILLIMETRES] * count)
    else:
        columns = rr.EncodedImage.columns(blob=coded, media_type=['image/jpeg'] * count)
    sink.columns(where, sink.at(np.array(ticks)), columns)
    pictures.clear()
