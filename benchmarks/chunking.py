"""Late chunks: success and leaps on the Fork by scheduler, with trained flow and diffusion."""
from __future__ import annotations

from typing import Any

from il_ros.execution.chunk_scheduler import make_scheduler
from il_ros.policies.config import DiffusionConfig, FlowConfig
from il_ros.policies.diffusion import Diffusion
from il_ros.policies.flow import Flow
from il_ros.policies.load import LearnedPolicy
from il_ros.policies.networks.network import Network
import numpy as np
import torch

from benchmarks.common import Line
from benchmarks.tasks import fork
from benchmarks.tasks.fitting import fit
from benchmarks.tasks.fork_robot import CONTRACT, drive, Driven, whole
from benchmarks.tasks.replanning import DEVIATION

LATE, EXECUTED = 5, 6    # ticks that a chunk takes; rows that run before the next is asked for
REFILL_S = (fork.HORIZON - EXECUTED) / CONTRACT.rate_hz
Case = tuple[str, dict[str, Any]]
CASES: dict[str, Case] = {  # all ask at the same time
    'asynchronous, joined': ('asynchronous', {'refill_s': REFILL_S, 'join': 0.5}),
    'realtime': ('realtime', {'execute_steps': EXECUTED}),
    'realtime, joined': ('realtime', {'execute_steps': EXECUTED, 'join': 0.5})}
EPISODES = 100
NETWORK: dict[str, Any] = {'denoiser': 'transformer', 'width': 32, 'layers': 2, 'heads': 2}


def measure() -> list[Line]:
    """Train both for half a minute and drive the Fork with chunks that are 5 of 20 rows late."""
    torch.set_num_threads(1)
    lines = []
    for kind in ('flow', 'diffusion'):
        torch.manual_seed(0)
        scale = DEVIATION.numpy() if kind == 'flow' else np.ones(2, np.float32)
        network: Network = (Flow(FlowConfig(**NETWORK), fork.SIZES) if kind == 'flow'
                            else Diffusion(DiffusionConfig(**NETWORK), fork.SIZES))
        seen, chunks = fork.windows(2000, 0)
        trained = fit(network, seen, (chunks / scale).astype(np.float32),
                      steps=1000 if kind == 'flow' else 2000)
        policy = whole(trained, kind, scale.tolist())
        prompt, naive = (_drive(policy, ('asynchronous', {'refill_s': REFILL_S}), late)
                         for late in (0, LATE))
        lines.append(Line(f'Fork, {kind}, asynchronous, chunks {LATE} ticks late: success',
                          f'{naive.successes / max(prompt.successes, 1):.2f}', 'no delay',
                          f'{naive.successes} and {prompt.successes} of {EPISODES}'))
        for name, case in CASES.items():
            found = _drive(policy, case, LATE)
            lines.append(Line(
                f'the same, {name}: success, leap of the targets',
                f'{found.successes / max(naive.successes, 1):.2f}, '
                f'{found.leaps.mean() / naive.leaps.mean():.2f}', 'asynchronous',
                f'{found.successes} of {EPISODES}, {found.leaps.mean():.3f} and '
                f'{naive.leaps.mean():.3f}'))
    return lines


def _drive(policy: LearnedPolicy, case: Case, late: int) -> Driven:
    scheduler, settings = case
    return drive(policy, lambda: make_scheduler(scheduler, CONTRACT, **settings),
                 range(EPISODES), late)
