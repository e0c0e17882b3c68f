"""ACT and diffusion beside LeRobot's, of the same sizes, in one run: inference and training.

Inference is compared by processor time on one thread and by the clock on all cores, the shortest
of many in turns: ours from the raw observation to joint targets, LeRobot's the network alone.
Training is compared by the clock on all cores, LeRobot's with its default loader.

LEROBOT_PYTHON names the Python of an environment with LeRobot (0.4.4 is what was compared).
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
import json
import os
from pathlib import Path
import subprocess
import time
from typing import Any, IO

from il_ros.contract import Contract
from il_ros.datasets.reader import Dataset
from il_ros.policies.checkpoint import read
from il_ros.policies.config import ACTConfig, DiffusionConfig, PolicyConfig
from il_ros.policies.load import load, sample_observation
from il_ros.policies.networks.network import Sizes
from il_ros.policies.policy import Policy
from il_ros.policies.runtimes.onnx_cache import cached
from il_ros.policies.runtimes.onnx_policy import OnnxPolicy
from il_ros.training.config import TrainConfig
from il_ros.training.train import fit, Report
from il_ros.types import Observation
import numpy as np

from benchmarks.common import Line, ROOT, untrained
from benchmarks.frames import write_dataset

VARIABLE = 'LEROBOT_PYTHON'
TURNS, RUNS = 12, 5  # of inference
TRAINING_TURNS = 2
BACKENDS = ('onnx', 'openvino', 'openvino-bf16')
RESNET18 = ACTConfig(width=256, heads=8, feedforward=1024, encoder_layers=4, decoder_layers=1,
                     image_widths=(64, 128, 256, 512), image_blocks=2, image_norm='folded')
PAPER = replace(RESNET18, width=512, feedforward=3200)  # the sizes of the paper, as in LeRobot
UNET = DiffusionConfig(width=128, unet_widths=(64, 128, 256), noise_steps=100, sample_steps=10)
POSES, VIEWS = ('state', 'environment'), ('state', 'scene', 'wrist')
DIFFUSION = PolicyConfig('diffusion', POSES, 16, False, pose_differences=False,
                         normalization='min_max', diffusion=UNET)
INFERENCE = {
    'ACT, poses': PolicyConfig('act', POSES, 100, False, pose_differences=False, act=RESNET18),
    'ACT, 2 cameras': PolicyConfig('act', VIEWS, 100, False, act=RESNET18),
    'ACT of the paper, 2 cameras': PolicyConfig('act', VIEWS, 100, False, act=PAPER),
    'diffusion, 10 steps': DIFFUSION,
    'diffusion, 10 steps, wide': replace(DIFFUSION, diffusion=replace(
        UNET, unet_widths=(128, 256, 512)))}
EPISODES, ROWS, FRAME = 8, 200, (480, 640)
SEEN = (84, 84)  # what the networks see of a frame
CORES = len(os.sched_getaffinity(0))
TRAINING = TrainConfig(
    PolicyConfig('act', VIEWS, 100, False, image_size=SEEN, act=replace(
        RESNET18, encoder_layers=1, width=128, feedforward=256, heads=4)),
    steps=30, validate_every=1000, warmup_steps=1, validation_share=0.0, threads=CORES)
# LeRobot's default and ours for ACT; LeRobot's steps, many times what its loader reads ahead.
BATCHES = {8: (20, 120), 32: (9, 40)}
PRECISIONS = {'32 bit': '32-true', 'bf16': 'bf16-mixed'}


@dataclass(frozen=True)
class Other:
    """LeRobot's side of a comparison."""

    python: str
    command: str
    given: dict[str, Any]

    def start(self) -> subprocess.Popen[str]:
        """Start it; it says how many weights it has, then what its command says."""
        kept = {k: v for k, v in os.environ.items()
                if k not in ('PYTHONPATH', 'OMP_NUM_THREADS')}
        return subprocess.Popen(
            [self.python, str(ROOT / 'benchmarks/lerobot_side.py'), self.command,
             json.dumps(self.given)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=kept | {'HF_HUB_OFFLINE': '1'})


def measure(folder: Path) -> list[Line]:
    """Measure all of it, a few minutes; one line that says why not, without LeRobot."""
    python = os.environ.get(VARIABLE)
    if not python:
        return [Line('against LeRobot', 'n/a', 'LeRobot', f'set {VARIABLE} to its Python')]
    contract = Contract.load('sim_arm')
    return [*(line for name, config in INFERENCE.items()
              for line in _inference(python, name, config, contract, folder)),
            *_training(python, contract, folder)]


def described(config: PolicyConfig, contract: Contract) -> dict[str, Any]:
    """Return the same policy in LeRobot's words."""
    sizes = Sizes.of(config, contract)
    keys = {'state': 'observation.state', 'environment': 'observation.environment_state'}
    act, diffusion = config.act, config.diffusion
    values = {
        'chunk_size': config.horizon, 'n_action_steps': config.horizon, 'dim_model': act.width,
        'n_heads': act.heads, 'dim_feedforward': act.feedforward,
        'n_encoder_layers': act.encoder_layers, 'n_decoder_layers': act.decoder_layers,
        'n_vae_encoder_layers': act.encoder_layers, 'latent_dim': act.latent,
        'pretrained_backbone_weights': None} if config.kind == 'act' else {
        'n_obs_steps': 1, 'horizon': config.horizon, 'n_action_steps': config.horizon,
        'down_dims': diffusion.unet_widths, 'kernel_size': diffusion.kernel,
        'diffusion_step_embed_dim': diffusion.width, 'noise_scheduler_type': 'DDIM',
        'num_train_timesteps': diffusion.noise_steps,
        'num_inference_steps': diffusion.sample_steps}
    return {'kind': config.kind, 'horizon': config.horizon, 'actions': sizes.actions,
            'vectors': {keys[name]: size for name, size in sizes.inputs.items()},
            'cameras': sizes.images, 'values': values}


def _inference(python: str, name: str, config: PolicyConfig, contract: Contract, folder: Path
               ) -> list[Line]:
    checkpoint = untrained(folder / f'lerobot {name}', config, contract)
    other = Other(python, 'infer', described(config, contract))
    return [line for threads in sorted({1, CORES})
            for line in _on_threads(other, name, checkpoint, threads)]


def _on_threads(lerobot_side: Other, name: str, checkpoint: Path, threads: int) -> list[Line]:
    seen = sample_observation(read(checkpoint))
    weights = sum(p.numel() for p in load(checkpoint).network.parameters())
    names = BACKENDS if find_spec('openvino') else BACKENDS[:1]
    ours = [OnnxPolicy(cached(checkpoint), threads=threads, backend=name) for name in names]
    given = lerobot_side.given | {'threads': threads}
    with replace(lerobot_side, given=given).start() as other:
        assert other.stdin and other.stdout
        theirs = json.loads(other.stdout.readline())['weights']
        asked: list[Callable[[], int]] = [partial(_infer, policy, seen, clock(threads))
                                          for policy in ours]
        asked.append(partial(_ask, other.stdin, other.stdout))
        times = [min(ask() for _ in range(RUNS))
                 for _ in range(TURNS) for ask in asked]  # in turns: the same conditions
    *each, lerobot = (min(times[i::len(asked)]) / 1e6 for i in range(len(asked)))
    how = 'of processor, one thread' if threads == 1 else f'on {threads} cores'
    return [Line(f'inference, {name}: {backend}, {threads} of {CORES} cores',
                 f'{mine / lerobot:.2f}', "LeRobot's, eager",
                 f'{mine:.1f} against {lerobot:.1f} ms {how}; '
                 f'{weights / 1e6:.1f} and {theirs / 1e6:.1f} M weights')
            for backend, mine in zip(names, each, strict=True)]


def clock(threads: int) -> Callable[[], int]:
    """Return what tells the time: of one thread that of the processor, which no load moves."""
    return time.process_time_ns if threads == 1 else time.perf_counter_ns


def _infer(policy: Policy, seen: Observation, now: Callable[[], int]) -> int:
    began = now()
    policy.infer(seen)
    return now() - began


def _ask(to: IO[str], answers: IO[str]) -> int:
    to.write('\n')
    to.flush()
    return int(answers.readline())


def _training(python: str, contract: Contract, folder: Path) -> list[Line]:
    large = replace(contract, cameras=tuple(
        replace(camera, height=FRAME[0], width=FRAME[1]) for camera in contract.cameras))
    dataset = write_dataset(folder / 'lerobot_dataset', large, EPISODES, ROWS)
    return [line for batch in BATCHES for line in _batches(python, dataset, folder, batch)]


def _batches(python: str, dataset: Dataset, folder: Path, batch: int) -> list[Line]:
    warm_up, steps = BATCHES[batch]
    given = described(TRAINING.policy, dataset.contract) | {
        'dataset': str(dataset.root), 'fps': dataset.fps, 'batch': batch, 'size': SEEN,
        'warm_up': warm_up, 'steps': steps, 'threads': CORES}
    found: dict[str, list[tuple[float, float]]] = {}
    for turn in range(TRAINING_TURNS):  # the machine is not as busy in one as in the other
        output, _ = Other(python, 'train', given).start().communicate()
        theirs = json.loads(output.splitlines()[-1])
        found.setdefault('LeRobot', []).append((theirs['rate'], theirs['cpu_s']))
        for name, precision in PRECISIONS.items():
            found.setdefault(name, []).append(_rate(
                dataset, folder / f'lerobot_run_{batch}_{turn}_{name}',
                replace(TRAINING, batch_size=batch, precision=precision)))
    (wall, cpu_s), *ours = (np.median(turns, 0) for turns in found.values())
    return [line for name, (rate, each_s) in zip(PRECISIONS, ours, strict=True) for line in (
        Line(f'training ACT, batches of {batch}, {name}: samples/s', f'{rate / wall:.1f}',
             'LeRobot, same files and sizes', f'{rate:.0f} against {wall:.0f} samples/s'),
        Line('the same per second of processor', f'{cpu_s / each_s:.1f}', 'LeRobot',
             f'{1e3 * each_s:.0f} against {1e3 * cpu_s:.0f} ms of processor a sample'))]


def _rate(dataset: Dataset, folder: Path, config: TrainConfig) -> tuple[float, float]:
    """Return samples per second and processor time per sample [s], without the first steps."""
    found: list[tuple[Report, float, float]] = []
    fit(dataset, folder, config, progress=lambda report: found.append(
        (report, time.perf_counter(), time.process_time())))
    (first, began, before), (last, ended, after) = found[0], found[-1]
    samples = (last.step - first.step) * config.batch_size
    return samples / (ended - began), (after - before) / samples
