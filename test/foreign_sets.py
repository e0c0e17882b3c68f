"""Datasets as LeRobot lays them out, v3.0 and v2.1, written from its documentation by hand."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
import json
import os
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pandas
import pyarrow as pa
import pyarrow.parquet as pq

HEIGHT, WIDTH = 64, 80
LEVEL = 5       # of grey by which a picture's number is told
os.environ.setdefault('SVT_LOG', '1')   # the encoder of AV1 is silent but for errors
SO101 = ['shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll', 'gripper']
ALOHA = [f'{side}_{name}' for side in ('left', 'right') for name in (
    'waist', 'shoulder', 'elbow', 'forearm_roll', 'wrist_angle', 'wrist_rotate', 'gripper')]
TASK = 'pick up the cube'


@dataclass(frozen=True)
class Script:
    """What to write.

    Attributes:
        state: Names in info.json of `observation.state`, in whatever form.
        action: Of `action`.
        sizes: Of the two.
        cameras: dtype by key.
        depths: `info` of those that see distances, as LeRobot 0.6 writes it.
        extra: Further features: dtype and size.
        codec: Of the videos; several take turns, file by file.
        scale: Values lie within so much of 0.
        info: More keys of info.json.
    """

    state: Any = None
    action: Any = None
    sizes: tuple[int, int] = (2, 2)
    cameras: Mapping[str, str] = field(default_factory=dict)
    depths: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    lengths: Sequence[int] = (12, 9, 14)
    fps: int = 30
    codec: str | Sequence[str] = 'libx264'
    scale: float = 1.0
    robot: str | None = None
    tasks: Sequence[str] = (TASK,)
    info: Mapping[str, Any] = field(default_factory=dict)


def so101(**changes: Any) -> Script:
    names = [f'{name}.pos' for name in SO101]
    return Script(**{'state': names, 'action': names, 'sizes': (6, 6), 'scale': 90.0,
                     'cameras': {'observation.images.front': 'video'},
                     'robot': 'so101_follower'} | changes)


def aloha(**changes: Any) -> Script:
    names = {'motors': ALOHA}
    return Script(**{'state': names, 'action': names, 'sizes': (14, 14), 'fps': 50,
                     'cameras': {'observation.images.cam_high': 'video',
                                 'observation.images.cam_low': 'video'},
                     'extra': {'observation.effort': ('float32', 14), 'next.done': ('bool', 1)},
                     'robot': 'aloha'} | changes)


def pusht(**changes: Any) -> Script:
    return Script(**{'cameras': {'observation.image': 'image'}, 'fps': 10, 'scale': 256.0,
                     'extra': {'next.reward': ('float32', 1), 'next.done': ('bool', 1),
                               'observation.environment_state': ('float32', 16)}} | changes)


def values(script: Script, key: str, size: int) -> np.ndarray:
    """Return a column. Shape (N, size)."""
    time = np.concatenate([np.arange(length) for length in script.lengths])[:, None] / script.fps
    phase = np.arange(size)[None] + len(key)
    episode = np.repeat(np.arange(len(script.lengths)), script.lengths)[:, None]
    return (script.scale * np.sin(3 * time + phase + 0.1 * episode)).astype(np.float32)


def picture(row: int, camera: int) -> np.ndarray:
    """Return a picture that tells its row by its grey level, and its camera by a red corner."""
    image = np.full((HEIGHT, WIDTH, 3), LEVEL * (row % 50), np.uint8)
    image[:16, :16 * camera] = (200, 0, 0)
    return image


def distances(row: int) -> np.ndarray:
    """Return what a depth camera measured [m], 0 where nothing. Shape (H, W)."""
    metres = np.linspace(0.005, 11, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) + 0.01 * row
    metres[:, 0] = 0
    return metres


def log_codes(metres: np.ndarray, low: float, high: float, shift: float) -> np.ndarray:
    """Return distances as LeRobot documents its codes of 12 bits."""
    with np.errstate(divide='ignore'):      # of 0 where there is no shift
        share = (np.log(metres + shift) - np.log(low + shift)) / (
            np.log(high + shift) - np.log(low + shift))
    return np.rint(share * 4095).clip(0, 4095).astype(np.uint16)


def linear_codes(metres: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the same without `use_log`."""
    return np.rint((metres - low) / (high - low) * 4095).clip(0, 4095).astype(np.uint16)


def depth_info(low: float = 0.01, high: float = 10.0, shift: float = 3.5, log: bool = True
               ) -> dict[str, Any]:
    return {'is_depth_map': True, 'depth_unit': 'mm', 'video.codec': 'hevc',
            'video.pix_fmt': 'gray12le', 'video.depth_min': low, 'video.depth_max': high,
            'video.shift': shift, 'video.use_log': log}


def coded(row: int, about: Mapping[str, Any]) -> np.ndarray:
    """Return what a video of distances holds. Shape (H, W)."""
    low, high = about['video.depth_min'], about['video.depth_max']
    return log_codes(distances(row), low, high, about['video.shift']) if (
        about['video.use_log']) else linear_codes(distances(row), low, high)


def told(images: np.ndarray) -> list[int]:
    """Return the rows that pictures tell."""
    return np.rint(images[:, 32:].mean(axis=(1, 2, 3)) / LEVEL).astype(int).tolist()


def features(script: Script) -> dict[str, Any]:
    found: dict[str, Any] = {
        'observation.state': {'dtype': 'float32', 'shape': [script.sizes[0]],
                              'names': script.state},
        'action': {'dtype': 'float32', 'shape': [script.sizes[1]], 'names': script.action}}
    for key, kind in script.cameras.items():
        about = script.depths.get(key)
        found[key] = {'dtype': kind, 'shape': [HEIGHT, WIDTH, 1 if about else 3],
                      'names': ['height', 'width', 'channels'],
                      **({'info': dict(about)} if about else {})}
    for key, (kind, size) in script.extra.items():
        found[key] = {'dtype': kind, 'shape': [size], 'names': None}
    for key in ('timestamp', 'frame_index', 'episode_index', 'index', 'task_index'):
        found[key] = {'dtype': 'float32' if key == 'timestamp' else 'int64', 'shape': [1],
                      'names': None}
    return found


def table(script: Script) -> pa.Table:
    """Return the rows of all episodes."""
    lengths, rows = script.lengths, sum(script.lengths)
    frame = np.concatenate([np.arange(length) for length in lengths])
    episode = np.repeat(np.arange(len(lengths)), lengths)
    columns: dict[str, Any] = {}
    sizes = dict(zip(('observation.state', 'action'), script.sizes, strict=True))
    for key, size in {**sizes, **{k: n for k, (_, n) in script.extra.items()}}.items():
        column = values(script, key, size)
        if script.extra.get(key, ('',))[0] == 'bool':
            columns[key] = pa.array(column[:, 0] > 0)
        elif size == 1:
            columns[key] = pa.array(column[:, 0])
        else:
            columns[key] = pa.array(column.tolist(), pa.list_(pa.float32()))
    for number, (key, kind) in enumerate(script.cameras.items()):
        if kind == 'image':
            about = script.depths.get(key)
            columns[key] = pa.array([
                {'bytes': _tiff(distances(k), about['depth_unit']), 'path': f'{k}.tiff'} if about
                else {'bytes': _png(picture(k, number)), 'path': f'{k}.png'}
                for k in range(rows)])
    columns |= {'timestamp': pa.array((frame / script.fps).astype(np.float32)),
                'frame_index': pa.array(frame), 'episode_index': pa.array(episode),
                'index': pa.array(np.arange(rows)),
                'task_index': pa.array(episode % len(script.tasks))}
    return pa.table(columns)


def _png(image: np.ndarray) -> bytes:
    return bytes(cv2.imencode('.png', image[..., ::-1])[1])


def _tiff(metres: np.ndarray, unit: str) -> bytes:
    values = metres.astype(np.float32) if unit == 'm' else np.rint(1000 * metres).astype(np.uint16)
    return bytes(cv2.imencode('.tiff', values, [cv2.IMWRITE_TIFF_COMPRESSION, 1])[1])


def _video(path: Path, rows: range, camera: int, key: str, script: Script, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    codecs = [script.codec] if isinstance(script.codec, str) else script.codec
    codec = codecs[(number + camera) % len(codecs)]
    about = script.depths.get(key)
    images = [coded(k, about) if about else picture(k, camera) for k in rows]
    # SVT-AV1 leaves the thread that calls it with the highest real-time priority.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_encode, path, images, script.fps, codec).result()


def _encode(path: Path, images: Sequence[np.ndarray], fps: int, codec: str) -> None:
    codes = images[0].ndim == 2
    codec, options, kept, given = (
        'libx265', {'x265-params': 'lossless=1:log-level=none'}, 'gray12le', 'gray12le'
    ) if codes else (codec, {'crf': '18'}, 'yuv420p', 'rgb24')
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=Fraction(fps),
                                      options={'g': '2'} | options)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, kept
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format=given)))
        container.mux(stream.encode(None))


def _stats(script: Script, rows: slice) -> dict[str, Any]:
    found = {}
    for key, size in zip(('observation.state', 'action'), script.sizes, strict=True):
        part = values(script, key, size)[rows].astype(float)
        found[key] = {'min': part.min(0).tolist(), 'max': part.max(0).tolist(),
                      'mean': part.mean(0).tolist(), 'std': part.std(0).tolist(),
                      'count': [len(part)]}
    for key in script.cameras:
        found[key] = {name: [[[1500.0]]] if key in script.depths else [[[0.5]]] * 3
                      for name in ('min', 'max', 'mean', 'std')} | {
            'count': [len(range(*rows.indices(10 ** 6)))]}
    return found


def _info(root: Path, script: Script, version: str, data: str, video: str) -> None:
    (root / 'meta').mkdir(parents=True)
    content = {'codebase_version': version, 'robot_type': script.robot, 'fps': script.fps,
               'total_episodes': len(script.lengths), 'total_frames': sum(script.lengths),
               'total_tasks': len(script.tasks), 'chunks_size': 1000, 'data_path': data,
               'video_path': video, 'features': features(script), **script.info}
    if version == 'v2.1':
        content |= {'total_chunks': 1,
                    'total_videos': len(script.lengths) * len(script.cameras)}
    (root / 'meta/info.json').write_text(json.dumps(content))


def write_v3(root: Path, script: Script) -> Path:
    """Write v3.0: the first two episodes share a data file and a video per camera."""
    _info(root, script, 'v3.0', 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet',
          'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4')
    starts, whole = np.cumsum([0, *script.lengths]).tolist(), table(script)
    files = [slice(0, starts[min(2, len(starts) - 1)]), slice(starts[2], starts[-1])] if len(
        script.lengths) > 2 else [slice(0, starts[-1])]
    episodes = []
    for number, rows in enumerate(files):
        path = root / f'data/chunk-000/file-{number:03d}.parquet'
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(whole[rows], path, row_group_size=7)
        for camera, (key, kind) in enumerate(script.cameras.items()):
            if kind == 'video':
                _video(root / f'videos/{key}/chunk-000/file-{number:03d}.mp4',
                       range(rows.start, rows.stop), camera, key, script, number)
    for k, length in enumerate(script.lengths):
        number = next(n for n, rows in enumerate(files) if rows.start <= starts[k] < rows.stop)
        row: dict[str, Any] = {
            'episode_index': k, 'tasks': [script.tasks[k % len(script.tasks)]], 'length': length,
            'data/chunk_index': 0, 'data/file_index': number, 'dataset_from_index': starts[k],
            'dataset_to_index': starts[k + 1], 'meta/episodes/chunk_index': 0,
            'meta/episodes/file_index': 0}
        for key, kind in script.cameras.items():
            if kind == 'video':
                first = (starts[k] - files[number].start) / script.fps
                row |= {f'videos/{key}/chunk_index': 0, f'videos/{key}/file_index': number,
                        f'videos/{key}/from_timestamp': first,
                        f'videos/{key}/to_timestamp': first + length / script.fps}
        episodes.append(row)
    path = root / 'meta/episodes/chunk-000/file-000.parquet'
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(episodes), path)
    pandas.DataFrame({'task_index': range(len(script.tasks))},
                     index=list(script.tasks)).to_parquet(root / 'meta/tasks.parquet')
    (root / 'meta/stats.json').write_text(json.dumps(_stats(script, slice(0, starts[-1]))))
    return root


def write_v21(root: Path, script: Script) -> Path:
    """Write v2.1: a data file per episode, a video per episode and camera."""
    _info(root, script, 'v2.1',
          'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet',
          'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4')
    starts, whole = np.cumsum([0, *script.lengths]).tolist(), table(script)
    (root / 'data/chunk-000').mkdir(parents=True)
    lines: dict[str, list[dict[str, Any]]] = {'episodes': [], 'episodes_stats': []}
    for k, length in enumerate(script.lengths):
        rows = slice(starts[k], starts[k + 1])
        pq.write_table(whole[rows], root / f'data/chunk-000/episode_{k:06d}.parquet')
        for camera, (key, kind) in enumerate(script.cameras.items()):
            if kind == 'video':
                _video(root / f'videos/chunk-000/{key}/episode_{k:06d}.mp4',
                       range(*rows.indices(starts[-1])), camera, key, script, k)
        lines['episodes'].append({'episode_index': k, 'length': length,
                                  'tasks': [script.tasks[k % len(script.tasks)]]})
        lines['episodes_stats'].append({'episode_index': k, 'stats': _stats(script, rows)})
    lines['tasks'] = [{'task_index': k, 'task': task} for k, task in enumerate(script.tasks)]
    for name, rows_ in lines.items():
        (root / f'meta/{name}.jsonl').write_text(
            ''.join(json.dumps(row) + '\n' for row in rows_))
    return root
