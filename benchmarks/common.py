"""What the benchmarks share: lines of the table, processes, checkpoints without training."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import NamedTuple

from il_ros.contract import Contract
from il_ros.kinematics import find_urdf
from il_ros.policies.checkpoint import Checkpoint, write
from il_ros.policies.config import PolicyConfig
from il_ros.policies.load import make_network
from il_ros.policies.networks.network import Sizes
from il_ros.policies.transforms import Normalize
from il_ros.workflow.graph import environment
import numpy as np
import torch

DOMAIN = int(os.environ.get('ROS_DOMAIN_ID') or 58)
ROOT = Path(__file__).resolve().parents[1]


class Line(NamedTuple):
    """One line of the table: the ratio first, since absolute figures belong to the machine."""

    what: str
    ratio: str
    against: str
    absolute: str


@contextmanager
def process(module: str, *arguments: object, log: Path, **env: str
            ) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m module arguments`; end it at the end of the block."""
    with log.open('ab') as sink:
        running = subprocess.Popen(
            [sys.executable, '-m', module, *map(str, arguments)], cwd=ROOT, stdout=sink,
            stderr=sink, stdin=subprocess.DEVNULL,
            env={**environment(DOMAIN), **env})
    try:
        yield running
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGINT)
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def node(executable: str, log: Path, env: Mapping[str, str] | None = None,
         **parameters: object) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run a node with ROS parameters; see `process`."""
    arguments = ['--ros-args']
    for name, value in parameters.items():
        arguments += ['-p', f'{name}:={str(value).lower() if isinstance(value, bool) else value}']
    return process(f'il_ros.nodes.{executable}', *arguments, log=log, **(env or {}))


def untrained(folder: Path, config: PolicyConfig, contract: Contract) -> Path:
    """Write a checkpoint with random weights: what it costs does not depend on what it knows."""
    torch.manual_seed(0)
    sizes = Sizes.of(config, contract)
    shapes = {'state': (len(contract.joints),), **{k: (n,) for k, n in sizes.inputs.items()},
              'actions': (sizes.horizon, sizes.actions)}
    statistics = Normalize({k: np.zeros(s) for k, s in shapes.items()},
                           {k: np.full(s, 0.01) for k, s in shapes.items()})
    weights = {k: v.numpy() for k, v in make_network(config, contract).state_dict().items()}
    urdf = find_urdf(contract) if config.space(contract).tools else None
    write(folder, Checkpoint(config, contract, statistics, urdf), weights, {})
    return folder


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used [s]."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
