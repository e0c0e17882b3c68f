"""Time of one inference per policy, beside the control period."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import time

from il_ros.contract import Contract
from il_ros.policies.checkpoint import read
from il_ros.policies.load import load, sample_observation
from il_ros.training.config import TrainConfig
import numpy as np
import torch

from benchmarks.common import Line, untrained

CASES = {'bc': (), 'act': (), 'act_paper': (), 'bc_vision': (),
         'act with 2 cameras': ('scene', 'wrist')}
WARM_UP, RUNS = 5, 60


def measure(folder: Path) -> list[Line]:
    """Time each policy with one thread, as policy_inference runs it."""
    torch.set_num_threads(1)
    contract = Contract.load('sim_arm')
    lines = []
    for case, cameras in CASES.items():
        config = TrainConfig.preset(case.split()[0]).policy
        config = replace(config, inputs=(*config.inputs, *cameras))
        checkpoint = untrained(folder / f'latency {case}', config, contract)
        policy, seen = load(checkpoint), sample_observation(read(checkpoint))
        times = []
        for _ in range(WARM_UP + RUNS):
            began = time.perf_counter_ns()
            policy.infer(seen)
            times.append(time.perf_counter_ns() - began)
        p50, p99 = np.percentile(times[WARM_UP:], (50, 99))
        lines.append(Line(f'inference, {case}: p50 / p99',
                          f'{p50 / contract.period_ns:.2f} / {p99 / contract.period_ns:.2f}',
                          'the control period', f'{p50 / 1e6:.1f} / {p99 / 1e6:.1f} ms'))
    return lines
