"""Period of policy/chunk at an independent subscriber, beside what the machine can do at all."""
from __future__ import annotations

from pathlib import Path

from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.training.config import TrainConfig
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Line, node, process, untrained

QUANTILES = (50, 99, 99.9, 100)
TIMEOUT_S = 120


def measure(folder: Path, seconds: float) -> list[Line]:
    """Run each policy in policy_inference and compare with a bare sleeping loop."""
    contract = Contract.load('sim_arm')
    return [line for preset in ('bc', 'act', 'act_paper')
            for line in _policy(folder, contract, preset, round(seconds * contract.rate_hz))]


def _policy(folder: Path, contract: Contract, preset: str, ticks: int) -> list[Line]:
    checkpoint = untrained(folder / preset, TrainConfig.preset(preset).policy, contract)
    log, begin, ours, bare = (folder / f'{preset}.{end}'
                              for end in ('txt', 'begin', 'npy', 'bare.npy'))
    with (node('sim_robot', log, cameras=False),
          node('policy_inference', log, checkpoint=checkpoint, autostart=True),
          process('benchmarks.probes', 'chunks', ours, begin, ticks, log=log) as probe,
          process('benchmarks.probes', 'floor', bare, begin, contract.period_ns, ticks,
                  log=log) as loop):
        for running in (probe, loop):
            if running.wait(TIMEOUT_S + ticks / contract.rate_hz):
                raise IlRosError(f'a probe failed; see {log}')
    errors = [_errors(np.load(bare), contract), _errors(np.load(ours), contract)]
    (bare_q, our_q) = (np.percentile(e, QUANTILES) for e in errors)
    missed = float((errors[1] > contract.period_ns / 2e6).mean())
    # The median of a bare loop is near zero: only the tail makes a ratio.
    ratio = ' / '.join(f'{o / b:.1f}' for o, b in zip(our_q[1:], bare_q[1:], strict=True))
    return [Line(f'30 Hz period error, {preset}: p99 / p99.9 / max', ratio,
                 'a bare loop beside it',
                 f'p50, p99, p99.9, max: {_ms(our_q)} against {_ms(bare_q)} ms; '
                 f'{missed:.1%} of periods off by half')]


def _errors(times_ns: NDArray[np.int64], contract: Contract) -> Floats:
    errors: Floats = np.abs(np.diff(times_ns) - contract.period_ns) / 1e6
    return errors


def _ms(values: Floats) -> str:
    return ' / '.join(f'{value:.2f}' for value in values)
