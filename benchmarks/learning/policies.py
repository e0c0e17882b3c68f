"""What each policy learns where another kind fails, on small tasks without a simulator.

Limits are those that a correct implementation of the method reaches and a fake one does not.
Lines without a limit stand for comparison.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
import tempfile

from il_ros.policies.act import ACT
from il_ros.policies.bc import BC
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
from il_ros.policies.diffusion import Diffusion
from il_ros.policies.flow import Flow
from il_ros.policies.gmm import GMM
from il_ros.policies.ibc import IBC
from il_ros.policies.load import load
from il_ros.policies.networks.network import Network, Sizes
from il_ros.policies.networks.realtime_chunking import Previous
from il_ros.policies.policy import Policy
from il_ros.policies.transforms import Normalize
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource
from il_ros.training.train import fit as train
import numpy as np
from rich.console import Console
import torch
from torch import Tensor

from benchmarks.learning.checks import Check, Limit, NONE, Outcome, show
from benchmarks.tasks import cue, fork, particle, reaching, replanning
from benchmarks.tasks.fitting import answer, fit, Squared

PARTICLE = Sizes({'state': particle.STATE}, {}, 1, particle.ACTIONS)
SIGNS = Sizes({'state': 1}, {}, 1, 1)
EPISODES = 200   # of a seed
UNSEEN = 10_000  # seed of the episodes: none of the demonstrations
ARRIVALS = 40    # episodes of a seed where each step is one of `infer`
TRUNK = BCConfig(hidden=128, layers=2)
UNET = {'width': 64, 'unet_widths': (32, 64)}
TRANSFORMER = {'denoiser': 'transformer', 'width': 32, 'layers': 2, 'heads': 2}
CHOOSES = (0.25, 0.75)
REACHING = TrainConfig(
    PolicyConfig(inputs=('state',), horizon=4, normalization='min_max',
                 bc=BCConfig(hidden=64, layers=1),
                 act=ACTConfig(width=32, heads=2, feedforward=64, encoder_layers=1),
                 diffusion=DiffusionConfig(**TRANSFORMER), flow=FlowConfig(**TRANSFORMER)),
    batch_size=64, warmup_steps=20, learning_rate=3e-3, ema_decay=0.98, validation_share=0.0)

Make = Callable[[], Network]


def on_fork(make: Make, steps: int, rate: float, seed: int) -> Outcome:
    """Train on the Fork and drive every passage with one chunk."""
    torch.manual_seed(seed)
    network = fit(make(), *fork.demonstrations(400, seed), steps=steps, learning_rate=rate)
    seen, _ = fork.demonstrations(EPISODES, UNSEEN + seed)
    chunks = answer(network, seen)
    return Outcome(fork.success(chunks, seen), fork.side(chunks))


def on_particle(make: Make, seed: int) -> Outcome:
    """Train on Particle-2D and let the policy give every setpoint.

    All policies have the same data, batches, rate and steps. The authors have 2,000 demonstrations
    and 10,000 steps or more.
    """
    torch.manual_seed(seed)
    observations, setpoints = particle.demonstrations(300, seed)
    normalize = Normalize.fit({'state': observations}, 'mean_std')

    def see(values: particle.Array) -> particle.Array:
        return normalize.forward({'state': values})['state']

    network = fit(make(), see(observations), setpoints, steps=2000, learning_rate=3e-3, batch=512,
                  decay=0.995)
    return Outcome(particle.rollouts(lambda seen: answer(network, see(seen))[:, 0], EPISODES,
                                     UNSEEN + seed))


def on_signs(seed: int) -> Outcome:
    """Train flow matching on 1 and -1; a success is an answer within 0.1 of either."""
    torch.manual_seed(seed)
    nothing = np.zeros((400, 1), np.float32)
    sign = np.tile(np.array([1, -1], np.float32), 200)[:, None, None]
    network = fit(Flow(FlowConfig(**TRANSFORMER), SIGNS), nothing, sign, steps=2000)
    chunks = answer(network, nothing)
    return Outcome((np.abs(np.abs(chunks) - 1) < 0.1).all((1, 2)),
                   np.where(chunks.mean((1, 2)) > 0, 1, -1))


def late_chunks(seed: int) -> Outcome:
    """Drive the Fork chunk after chunk, each late, with and without guidance by the last one."""
    torch.manual_seed(seed)
    observations, chunks = fork.windows(2000, seed)
    network = fit(Flow(FlowConfig(**TRANSFORMER), fork.SIZES), observations,
                  chunks / replanning.DEVIATION.numpy(), steps=1500)
    assert isinstance(network, Flow)

    def draw(seen: Tensor, previous: Previous | None) -> Tensor:
        with torch.inference_mode():
            batch = {'state': seen}
            return network(batch) if previous is None else network.continued(batch, previous)

    starts = torch.from_numpy(fork.demonstrations(EPISODES, UNSEEN + seed)[0])
    naive, naive_leaps = replanning.drive(draw, starts, guided=False)
    paths, leaps = replanning.drive(draw, starts, guided=True)
    return Outcome(fork.success(paths), fork.side(paths), against=fork.success(naive),
                   ratio=float(leaps.mean() / naive_leaps.mean()))


def instructed(kind: str, steps: int, seed: int) -> Outcome:
    """Train one checkpoint on two instructions; from the same starts, each is followed."""
    random = np.random.default_rng(UNSEEN + seed)
    starts = [reaching.start(random) for _ in range(ARRIVALS)]
    policy = _trained(reaching.demonstrations(), replace(REACHING, steps=steps, policy=replace(
        REACHING.policy, kind=kind, inputs=('state', 'task'))), seed)
    return Outcome(np.array([
        reaching.arrives(policy, state, offset, text=text)
        for state in starts for text, offset in reaching.OFFSETS.items()]))


def remembered(kind: str, seen: int, cell: str, steps: int, seed: int) -> Outcome:
    """Train where what to do is shown at the first tick only."""
    random = np.random.default_rng(UNSEEN + seed)
    trials = [(reaching.start(random), goal) for _ in range(ARRIVALS // 2) for goal in cue.GOALS]
    policy = _trained(cue.demonstrations(40, seed), replace(REACHING, steps=steps, policy=replace(
        REACHING.policy, kind=kind, inputs=('state', 'environment'), observation_steps=seen,
        bc_rnn=RNNConfig(cell, hidden=64, layers=1, window=cue.STEPS))), seed)
    return Outcome(np.array([cue.solves(policy, state, goal) for state, goal in trials]))


def scaled(seed: int) -> Outcome:
    """Train on a pose in [m] and on the same in [mm]: normalisation makes them the same."""
    random = np.random.default_rng(UNSEEN + seed)
    trials = [(reaching.start(random), random.uniform(-reaching.WIDEST, reaching.WIDEST))
              for _ in range(ARRIVALS)]
    found = {}
    for unit in (1.0, 1000.0):
        policy = _trained(reaching.pose_demonstrations(unit, seed), replace(
            REACHING, steps=500, policy=replace(
                REACHING.policy, inputs=('state', 'environment'), normalization='mean_std')), seed)
        found[unit] = np.array([
            reaching.arrives(policy, state, offset, environment=reaching.poses(offset, unit))
            for state, offset in trials])
    return Outcome(found[1000.0], against=found[1.0])


def _trained(source: ArraySource, config: TrainConfig, seed: int) -> Policy:
    with tempfile.TemporaryDirectory() as folder:
        config = replace(config, seed=seed, validate_every=config.steps)
        return load(train(source, Path(folder, 'run'), config))


def _fork(name: str, make: Make, steps: int, limit: Limit = NONE, rate: float = 4e-3) -> Check:
    return Check('fork', name, partial(on_fork, make, steps, rate), limit)


REMEMBERS = Limit(at_least=0.9)
DRAWS = Limit(at_least=0.85, left=CHOOSES)
CHECKS = (
    _fork('bc, squared error', partial(Squared, TRUNK, fork.SIZES), 1000, Limit(at_most=0.05)),
    _fork('bc', partial(BC, TRUNK, fork.SIZES), 1000),
    _fork('gmm', partial(GMM, GMMConfig(), TRUNK, fork.SIZES), 1000,
          Limit(at_least=0.95, left=CHOOSES), rate=2e-3),
    _fork('act', partial(ACT, ACTConfig(width=64, feedforward=128), fork.SIZES), 300, rate=1e-3),
    _fork('diffusion, U-Net', partial(Diffusion, DiffusionConfig(**UNET), fork.SIZES), 1200, DRAWS,
          rate=1e-3),
    _fork('diffusion, transformer', partial(Diffusion, DiffusionConfig(**TRANSFORMER),
                                            fork.SIZES), 1000, DRAWS),
    _fork('flow, U-Net', partial(Flow, FlowConfig(**UNET), fork.SIZES), 800, DRAWS, rate=1e-3),
    _fork('flow, transformer', partial(Flow, FlowConfig(**TRANSFORMER), fork.SIZES), 1000, DRAWS),
    _fork('ibc', partial(IBC, IBCConfig(negatives=32), TRUNK, fork.SIZES), 1000, rate=1e-3),
    Check('+-1', 'flow', on_signs, Limit(at_least=0.9, left=(0.4, 0.6))),
    Check('late chunks', 'flow, real-time chunking', late_chunks,
          Limit(at_least=0.85, left=CHOOSES, against_at_most=0.8, ratio=0.5)),
    Check('particle', 'bc, squared error', partial(on_particle, partial(
        Squared, BCConfig(), PARTICLE)), Limit(at_most=0.60)),
    Check('particle', 'bc', partial(on_particle, partial(BC, BCConfig(), PARTICLE))),
    Check('particle', 'ibc', partial(on_particle, partial(
        IBC, IBCConfig(layers=1, negatives=8, found_share=0.5), TRUNK, PARTICLE)),
          Limit(at_least=0.70)),
    Check('cue', 'bc', partial(remembered, 'bc', 1, 'lstm', 400), Limit(at_most=0.5)),
    *(Check('cue', f'{kind}, {cue.STEPS} ticks', partial(
        remembered, kind, cue.STEPS, 'lstm', steps), REMEMBERS)
      for kind, steps in (('bc', 400), ('act', 600), ('diffusion', 1000), ('flow', 600))),
    Check('cue', 'bc_rnn, LSTM', partial(remembered, 'bc_rnn', 1, 'lstm', 400), REMEMBERS),
    Check('cue', 'bc_rnn, GRU', partial(remembered, 'bc_rnn', 1, 'gru', 400), REMEMBERS),
    Check('pose in [mm]', 'bc', scaled, Limit(same=True)),
    Check('instruction', 'bc', partial(instructed, 'bc', 500), Limit(at_least=0.9)),
    Check('instruction', 'act', partial(instructed, 'act', 300), Limit(at_least=0.9)),
    Check('instruction', 'diffusion', partial(instructed, 'diffusion', 600), Limit(at_least=0.9)),
    Check('instruction', 'flow', partial(instructed, 'flow', 600), Limit(at_least=0.9)),
)


def run(console: Console, seeds: int, jobs: int, only: str) -> list[str]:
    """Print the table and return what did not reach its limit; see `benchmarks.learn`."""
    wanted = [c for c in CHECKS if only in f'{c.task}: {c.policy}']
    return show(console, wanted, seeds, jobs) if wanted else []
