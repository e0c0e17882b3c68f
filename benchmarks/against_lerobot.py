"""ACT and diffusion beside LeRobot's, of the same sizes, in one run: inference and training.

Inference is compared by processor time on one thread, which other load hardly moves: ours from the
raw observation to joint targets, LeRobot's the network alone.

LEROBOT_PYTHON names the Python of an environment with LeRobot (0.4.4 is what was compared).
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
import json
import os
from pathlib import Path
import subprocess
import time
from typing import Any

from il_ros.contract import Contract
from il_ros.datasets.reader import Dataset
from il_ros.policies.checkpoint import read
from il_ros.policies.config import ACTConfig, DiffusionConfig, PolicyConfig
from il_ros.policies.load import load, sample_observation
from il_ros.policies.network import Sizes
from il_ros.policies.onnx_policy import cached, OnnxPolicy
from il_ros.training.config import TrainConfig
from il_ros.training.train import fit, Report
import numpy as np

from benchmarks.common import Line, ROOT, untrained
from benchmarks.frames import write_dataset

VARIABLE = 'LEROBOT_PYTHON'
WARM_UP, RUNS = 4, 20
TURNS = 3  # of training
BACKENDS = ('onnx', 'openvino', 'openvino-bf16')
RESNET18 = ACTConfig(width=256, heads=8, feedforward=1024, encoder_layers=4, decoder_layers=1,
                     image_widths=(64, 128, 256, 512), image_blocks=2)
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
EPISODES, ROWS, FRAME = 3, 120, (480, 640)
SEEN = (84, 84)  # what the networks see of a frame
TRAINING = TrainConfig(
    PolicyConfig('act', VIEWS, 100, False, image_size=SEEN, act=replace(
        RESNET18, encoder_layers=1, width=128, feedforward=256, heads=4)),
    batch_size=8, steps=20, validate_every=1000, warmup_steps=1, validation_share=0.0)
FASTER = {'32 bit': TRAINING, 'bf16': replace(TRAINING, precision='bf16-mixed')}


@dataclass(frozen=True)
class Other:
    """LeRobot's side of a comparison."""

    python: str
    command: str
    given: dict[str, Any]

    def start(self) -> subprocess.Popen[str]:
        """Start it; it says how many weights it has, then what its command says."""
        kept = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}
        return subprocess.Popen(
            [self.python, str(ROOT / 'benchmarks/lerobot_side.py'), self.command,
             json.dumps(self.given)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=kept | {'HF_HUB_OFFLINE': '1', 'OMP_NUM_THREADS': '1'})


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
    seen = sample_observation(read(checkpoint))
    weights = sum(p.numel() for p in load(checkpoint).network.parameters())
    names = BACKENDS if find_spec('openvino') else BACKENDS[:1]
    ours = [OnnxPolicy(cached(checkpoint), backend=name) for name in names]
    with Other(python, 'infer', described(config, contract)).start() as other:
        assert other.stdin and other.stdout
        theirs = json.loads(other.stdout.readline())['weights']
        times = []
        for _ in range(WARM_UP + RUNS):  # in turns: the same conditions
            passed = []
            for policy in ours:
                began = time.process_time_ns()
                policy.infer(seen)
                passed.append(time.process_time_ns() - began)
            other.stdin.write('\n')
            other.stdin.flush()
            times.append((*passed, int(other.stdout.readline())))
    *each, lerobot = np.median(times[WARM_UP:], 0) / 1e6
    return [Line(f'inference, {name}: {backend}', f'{mine / lerobot:.2f}', "LeRobot's, eager",
                 f'{mine:.1f} against {lerobot:.1f} ms of processor, one thread; '
                 f'{weights / 1e6:.1f} and {theirs / 1e6:.1f} M weights')
            for backend, mine in zip(names, each, strict=True)]


def _training(python: str, contract: Contract, folder: Path) -> list[Line]:
    large = replace(contract, cameras=tuple(
        replace(camera, height=FRAME[0], width=FRAME[1]) for camera in contract.cameras))
    dataset = write_dataset(folder / 'lerobot_dataset', large, EPISODES, ROWS)
    given = described(TRAINING.policy, large) | {
        'dataset': str(dataset.root), 'fps': dataset.fps, 'batch': TRAINING.batch_size,
        'size': SEEN, 'warm_up': 10, 'steps': 12, 'threads': TRAINING.threads}
    found: dict[str, list[tuple[float, float]]] = {}
    for turn in range(TURNS):  # the machine is not as busy in one as in the other
        output, _ = Other(python, 'train', given).start().communicate()
        theirs = json.loads(output.splitlines()[-1])
        found.setdefault('LeRobot', []).append((theirs['rate'], theirs['cpu_s']))
        for name, config in FASTER.items():
            found.setdefault(name, []).append(
                _rate(dataset, folder / f'lerobot_run_{turn}_{name}', config))
    (wall, cpu_s), *ours = (np.median(turns, 0) for turns in found.values())
    return [line for name, (rate, each_s) in zip(FASTER, ours, strict=True) for line in (
        Line(f'training ACT, {name}: samples/s', f'{rate / wall:.1f}',
             'LeRobot, same files and sizes', f'{rate:.1f} against {wall:.1f} samples/s'),
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
