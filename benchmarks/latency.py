"""Time of one inference per policy, beside the control period and in ONNX Runtime."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import time

from il_ros.contract import Contract
from il_ros.policies.checkpoint import read
from il_ros.policies.load import load, sample_observation
from il_ros.policies.policy import Policy
from il_ros.policies.runtimes.onnx_cache import cached
from il_ros.policies.runtimes.onnx_policy import OnnxPolicy
from il_ros.training.config import TrainConfig
from il_ros.types import Observation
import numpy as np
import torch

from benchmarks.common import Line, untrained

CASES = {'bc': (), 'act': (), 'act_paper': (), 'bc_vision': (),
         'act with 2 cameras': ('scene', 'wrist')}
WARM_UP, RUNS = 5, 60
PRESETS = ('bc', 'bc_rnn', 'bc_vision', 'act', 'diffusion', 'flow', 'gmm', 'ibc')
ENOUGH_MS = 100.0  # for a chunk of a small default


def measure(folder: Path) -> list[Line]:
    """Time each policy with one thread, as policy_inference runs it."""
    torch.set_num_threads(1)
    contract = Contract.load('sim_arm')
    lines = []
    for case, cameras in CASES.items():
        config = TrainConfig.preset(case.split()[0]).policy
        config = replace(config, inputs=(*config.inputs, *cameras))
        checkpoint = untrained(folder / f'latency {case}', config, contract)
        seen = sample_observation(read(checkpoint))
        policies: list[Policy] = [load(checkpoint), OnnxPolicy(cached(checkpoint))]
        times = np.array([[_time_ns(policy, seen) for policy in policies]
                          for _ in range(WARM_UP + RUNS)])[WARM_UP:]  # in turns: same conditions
        (p50, onnx_p50), (p99, onnx_p99) = np.percentile(times, (50, 99), axis=0)
        lines.append(Line(f'inference, {case}: p50 / p99',
                          f'{p50 / contract.period_ns:.2f} / {p99 / contract.period_ns:.2f}',
                          'the control period', f'{p50 / 1e6:.1f} / {p99 / 1e6:.1f} ms'))
        lines.append(Line('the same in ONNX Runtime: p50 / p99',
                          f'{onnx_p50 / p50:.2f} / {onnx_p99 / p99:.2f}', 'eager PyTorch',
                          f'{onnx_p50 / 1e6:.1f} / {onnx_p99 / 1e6:.1f} ms'))
    return [*lines, *(_preset(name, contract, folder) for name in PRESETS)]


def _preset(name: str, contract: Contract, folder: Path) -> Line:
    """Time a default as `policy_inference` runs it: in PyTorch, with one thread."""
    checkpoint = untrained(folder / f'preset {name}', TrainConfig.preset(name).policy, contract)
    policy, seen = load(checkpoint), sample_observation(read(checkpoint))
    times = np.array([_time_ns(policy, seen) for _ in range(WARM_UP + RUNS)])[WARM_UP:] / 1e6
    p50, p99 = np.percentile(times, (50, 99))
    return Line(f'a chunk of the preset {name}: p50 / p99',
                f'{p50 / ENOUGH_MS:.2f} / {p99 / ENOUGH_MS:.2f}', f'{ENOUGH_MS:.0f} ms',
                f'{p50:.1f} / {p99:.1f} ms')


def _time_ns(policy: Policy, seen: Observation) -> int:
    began = time.perf_counter_ns()
    policy.infer(seen)
    return time.perf_counter_ns() - began
