"""Training from images with chunks of 100 steps: speed, waiting, memory, and LeRobot's loader.

LEROBOT_PYTHON names the Python of an environment with LeRobot, which reads the same files.
"""
from __future__ import annotations

from dataclasses import replace
import os
from pathlib import Path
import resource
import subprocess
import sys
import time

from il_ros.contract import Contract
from il_ros.datasets.reader import Dataset
from il_ros.policies.config import BCConfig, PolicyConfig
from il_ros.policies.transforms import Chain, features
from il_ros.training.batches import Batches
from il_ros.training.config import TrainConfig
from il_ros.training.frame_files import FrameFile, FrameFiles
from il_ros.training.image_cache import cached_images
from il_ros.training.samples import ArraySource, Samples
from il_ros.training.train import fit, fit_normalization, Report
import numpy as np

from benchmarks.common import Line, ROOT
from benchmarks.frames import write_dataset

EPISODES, ROWS = 4, 200
CAMERAS = ('scene', 'wrist')
CONFIG = TrainConfig(
    PolicyConfig(inputs=('state', *CAMERAS), horizon=100,
                 bc=BCConfig(hidden=128, layers=1, image_widths=(16, 16, 16), keypoints=8)),
    steps=30, batch_size=32, validate_every=30, warmup_steps=5)
SIZES_GB = (1, 20)  # of synthetic datasets, which are holes on the disk
LEROBOT = """
import sys, time
import torch
from lerobot.datasets.lerobot_dataset import LeRobotDataset
root, fps, batch, batches = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
dataset = LeRobotDataset('local/bench', root=root, video_backend='pyav',
                         delta_timestamps={'action': [k / fps for k in range(100)]})
loader = torch.utils.data.DataLoader(dataset, batch, shuffle=True, num_workers=1)
rows = iter(loader)
next(rows)
began = time.perf_counter()
for _ in range(batches):
    next(rows)
print(batches * batch / (time.perf_counter() - began))
"""


def measure(folder: Path) -> list[Line]:
    """Measure all of it; a minute or two."""
    dataset = write_dataset(folder / 'training_dataset', Contract.load('sim_arm'), EPISODES, ROWS)
    return [*_speed(dataset, folder), *_loading(dataset, folder), _memory(folder)]


def _speed(dataset: Dataset, folder: Path) -> list[Line]:
    reports: dict[str, Report] = {}
    for name, config in (('direct', replace(CONFIG, loaders=0)), ('ahead', CONFIG),
                         ('bf16', replace(CONFIG, precision='bf16-mixed'))):
        found: list[Report] = []
        fit(dataset, folder / f'training_{name}', config, progress=found.append)
        first, last = found[0], found[-1]  # the first steps are warm-up
        passed = ((last.step * config.batch_size / last.samples_per_s)
                  - (first.step * config.batch_size / first.samples_per_s))
        rate = (last.step - first.step) * config.batch_size / passed
        reports[name] = last._replace(samples_per_s=rate)
    rate = reports['direct'].samples_per_s
    lines = [Line(f'training, {name}: samples/s', f'{reports[name].samples_per_s / rate:.2f}',
                  'batches built when asked for, 32 bit',
                  f'{reports[name].samples_per_s:.0f} against {rate:.0f} samples/s; '
                  f'{reports[name].waited:.1%} of the time waiting for data, '
                  f'{reports["direct"].waited:.1%} without loaders')
             for name in ('ahead', 'bf16')]
    return lines


def _loading(dataset: Dataset, folder: Path) -> list[Line]:
    began = time.perf_counter()
    images = cached_images(dataset, CONFIG.policy, FrameFiles(folder / 'frames'))
    decode_s = time.perf_counter() - began
    samples = Samples.of(dataset, CONFIG, images)
    to_features = features(CONFIG.policy, dataset.contract)
    transforms = Chain((to_features, fit_normalization(samples, to_features, 'mean_std')))
    batches = Batches(samples, transforms, CONFIG)
    began = time.perf_counter()
    for step in range(100):
        batches.parts(step)
    ours = 100 * CONFIG.batch_size / (time.perf_counter() - began)
    absolute = f'{ours:.0f} samples/s after decoding once in {decode_s:.1f} s'
    python = os.environ.get('LEROBOT_PYTHON')
    if not python:
        return [Line('loading batches: samples/s', 'n/a', 'LeRobot, see LEROBOT_PYTHON', absolute)]
    run = subprocess.run(
        [python, '-c', LEROBOT, str(dataset.root), str(dataset.fps), str(CONFIG.batch_size), '6'],
        capture_output=True, text=True, check=True, timeout=300,
        env={k: v for k, v in os.environ.items() if k != 'PYTHONPATH'} | {'HF_HUB_OFFLINE': '1'})
    theirs = float(run.stdout.split()[-1])
    return [Line('loading batches: samples/s', f'{ours / theirs:.0f}', 'LeRobot, same files',
                 f'{absolute}; LeRobot {theirs:.0f} with one worker')]


def _memory(folder: Path) -> Line:
    peaks = [float(subprocess.run(
        [sys.executable, '-m', 'benchmarks.training', str(folder / f'size_{size}'), str(size)],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()[-1])
        for size in SIZES_GB]
    return Line(f'training: peak memory, {SIZES_GB[1]} GB of images', f'{peaks[1] / peaks[0]:.2f}',
                f'{SIZES_GB[0]} GB of images', f'{peaks[1]:.2f} GB against {peaks[0]:.2f} GB')


def peak_gb(folder: Path, size_gb: float) -> float:
    """Train on a synthetic dataset with so many GB of images; return the peak memory [GB]."""
    contract = Contract.load('sim_arm')
    cameras = [contract.camera(name) for name in CAMERAS]
    rows = int(size_gb * 1e9 / sum(c.height * c.width * 3 for c in cameras)) // 500 * 500
    folder.mkdir(parents=True)
    images = {}
    for camera in cameras:
        shape = (rows, camera.height, camera.width, 3)
        with (path := folder / f'{camera.name}.npy').open('wb') as file:
            np.lib.format.write_array_header_1_0(
                file, {'descr': '|u1', 'fortran_order': False, 'shape': shape})
            file.truncate(file.tell() + int(np.prod(shape)))
        images[camera.name] = FrameFile(path)
    state = np.random.default_rng(0).uniform(contract.lower, contract.upper,
                                             (rows, len(contract.joints)))
    fit(ArraySource(contract, [500] * (rows // 500), {
        'observation.state': state, 'action': state, 'control_source': np.ones(rows, int),
        'intervention': np.zeros(rows)}, images), folder / 'run', CONFIG)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == '__main__':
    print(peak_gb(Path(sys.argv[1]), float(sys.argv[2])))
