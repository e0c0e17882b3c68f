"""Checkpoints for tests: real networks with seeded random weights, no training."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from il_ros.contract import Contract
from il_ros.kinematics import find_urdf
from il_ros.policies.checkpoint import Checkpoint, write
from il_ros.policies.config import (
    ACTConfig,
    BCConfig,
    DiffusionConfig,
    FlowConfig,
    GMMConfig,
    IBCConfig,
    PolicyConfig,
    RNNConfig,
)
from il_ros.policies.load import make_network
from il_ros.policies.networks.network import Sizes
from il_ros.policies.transforms import Normalize
from il_ros.types import Observation
import numpy as np
import torch

CONTRACT = Contract.load('sim_arm')
SMALL = PolicyConfig(
    horizon=12, bc=BCConfig(hidden=16, layers=1, image_widths=(4, 4), keypoints=4),
    act=ACTConfig(width=16, heads=2, feedforward=32, encoder_layers=1, decoder_layers=2,
                  image_widths=(4, 8)),
    diffusion=DiffusionConfig(width=8, unet_widths=(8, 12), sample_steps=5, layers=1, heads=2,
                              image_widths=(4, 4), keypoints=4),
    flow=FlowConfig(width=16, unet_widths=(16, 16), sample_steps=4, layers=2, heads=2,
                    image_widths=(4, 4), keypoints=4),
    gmm=GMMConfig(modes=3), ibc=IBCConfig(hidden=16, layers=1, negatives=8, samples=64,
                                          langevin_steps=10),
    bc_rnn=RNNConfig(hidden=16, layers=2, window=6))
VARIANTS = {
    'bc': SMALL,
    'bc camera': replace(SMALL, inputs=('state', 'wrist'), image_size=(32, 32)),
    'bc task': replace(SMALL, inputs=('state', 'task')),
    'bc ensemble': replace(SMALL, members=2),
    'bc history camera': replace(SMALL, inputs=('state', 'wrist'), image_size=(32, 32),
                                 observation_steps=3),
    'bc_rnn': replace(SMALL, kind='bc_rnn'),
    'bc_rnn camera': replace(SMALL, kind='bc_rnn', inputs=('state', 'wrist'), image_size=(32, 32),
                             bc_rnn=replace(SMALL.bc_rnn, cell='gru', layers=1)),
    'act': replace(SMALL, kind='act', relative_actions=False),
    'act camera': replace(SMALL, kind='act', inputs=('state', 'wrist', 'scene'),
                          image_size=(32, 32), relative_actions=False),
    'act folded': replace(SMALL, kind='act', inputs=('state', 'wrist'), image_size=(32, 32),
                          act=replace(SMALL.act, image_norm='folded', share_backbone=False)),
    'act history camera': replace(SMALL, kind='act', inputs=('environment', 'wrist'),
                                  image_size=(32, 32), observation_steps=2),
    'diffusion': replace(SMALL, kind='diffusion', normalization='min_max'),
    'diffusion camera': replace(
        SMALL, kind='diffusion', normalization='min_max', inputs=('state', 'wrist'),
        image_size=(32, 32), diffusion=replace(SMALL.diffusion, denoiser='transformer')),
    'flow': replace(SMALL, kind='flow', flow=replace(SMALL.flow, denoiser='transformer')),
    'flow camera': replace(SMALL, kind='flow', inputs=('state', 'wrist', 'scene'),
                           image_size=(32, 32)),
    'flow history camera': replace(SMALL, kind='flow', inputs=('state', 'wrist'),
                                   image_size=(32, 32), observation_steps=2),
    'gmm': replace(SMALL, kind='gmm', normalization='min_max'),
    'gmm camera': replace(SMALL, kind='gmm', normalization='min_max', inputs=('state', 'wrist'),
                          image_size=(32, 32)),
    'ibc': replace(SMALL, kind='ibc', normalization='min_max'),
    'ibc camera': replace(SMALL, kind='ibc', normalization='min_max', inputs=('state', 'wrist'),
                          image_size=(32, 32), ibc=replace(SMALL.ibc, sampler='langevin')),
}


def describe(config: PolicyConfig = SMALL, contract: Contract = CONTRACT) -> Checkpoint:
    """Return a description with plain statistics."""
    sizes = Sizes.of(config, contract)
    shapes = {'state': (len(contract.joints),), **{k: (n,) for k, n in sizes.inputs.items()},
              'actions': (sizes.horizon, sizes.actions)}
    return Checkpoint(config, contract, Normalize(
        {k: np.zeros(s) for k, s in shapes.items()},
        {k: np.full(s, 0.05 if k == 'actions' else 1.0) for k, s in shapes.items()}),
        find_urdf(contract) if config.space(contract).tools else None)


def make_checkpoint(folder: Path, config: PolicyConfig = SMALL, contract: Contract = CONTRACT,
                    seed: int = 0, poison: float | None = None) -> Path:
    """Write a checkpoint; `poison` takes the place of one weight."""
    torch.manual_seed(seed)
    weights = {k: v.numpy() for k, v in make_network(config, contract).state_dict().items()}
    if poison is not None:
        next(iter(weights.values())).flat[0] = poison
    write(folder, describe(config, contract), weights, {})
    return folder


def observation(seed: int = 0, stamp_ns: int = 1, contract: Contract = CONTRACT) -> Observation:
    """Return a random observation with unit quaternions and every camera."""
    random = np.random.default_rng(seed)
    poses = random.normal(size=(contract.environment_size // 7, 7))
    poses[:, 3:] /= np.linalg.norm(poses[:, 3:], axis=1, keepdims=True)
    return Observation(
        stamp_ns, random.uniform(contract.lower, contract.upper), poses.reshape(-1),
        {c.name: random.integers(0, 256, (c.height, c.width, 3), dtype=np.uint8)
         for c in contract.cameras})
