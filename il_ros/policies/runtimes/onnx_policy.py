"""Policies that ONNX Runtime or OpenVINO runs: an exported file; see `onnx_cache` for checkpoints.

The same outputs as the network in PyTorch, sooner on a CPU, and without PyTorch.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

from il_ros.contract import Contract
from il_ros.errors import CheckpointError
from il_ros.policies.config import PolicyConfig, VECTORS
from il_ros.policies.inputs.data import Data
from il_ros.policies.inputs.history import History
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.policies.policy import Description, start_observation
from il_ros.policies.runtimes.onnx_format import MEMORY, NOISE, read
from il_ros.policies.runtimes.onnx_runtimes import load_graph
from il_ros.policies.transforms import Chain, features
from il_ros.types import Floats, Observation
from il_ros.urdf_text import UrdfText
import numpy as np


class OnnxPolicy:
    """An exported policy; equal to the one that it was exported from."""

    def __init__(self, path: Path, *, threads: int = 1, seed: int = 0, backend: str = 'onnx'
                 ) -> None:
        """Load the file and run it once.

        Args:
            path: What `onnx.export` wrote.
            threads: CPU threads of the network.
            seed: Of the noise, where the policy draws its chunks.
            backend: What computes; see `onnx_runtimes.load_graph`.

        Raises:
            CheckpointError: The backend is missing, or the file is damaged, not from il_ros or
                gives targets that are not finite.
        """
        self.contract, self._config, urdf = read(path)
        self.horizon = self._config.horizon
        self.cameras = self._config.cameras
        self._backward = _tool_targets(self._config, self.contract, urdf, path)
        self._graph = load_graph(path, backend, threads)
        self._no_memory = np.zeros(self._graph.inputs.get(MEMORY, ()), np.float32)
        self._history = History(self._config.observation_steps, self._config.inputs)
        self.reset()
        self.seed(seed)
        if not np.isfinite(self.infer(start_observation(self.contract, self.cameras))).all():
            raise CheckpointError(f'{path}: the dry run gave targets that are not finite')
        self.reset()
        self.seed(seed)

    def infer(self, observation: Observation) -> Floats:
        """Return the next joint targets. Shape (H, J)."""
        task = self.contract.task
        for seen in (self._history.new(observation, task) if self._config.recurrent
                     else [self._history.window(observation, task)]):
            self._chunk, *memory = self._graph.run({
                name: self._value(seen, name) for name in self._graph.inputs})
            self._memory = memory[0] if memory else self._no_memory
        chunk = self._chunk
        if self._backward is None:
            targets: Floats = chunk[0].astype(np.float64)
            return targets
        data = self._backward.backward({'actions': chunk, 'state': observation.state[None]})
        return data['actions'][0]  # type: ignore[no-any-return]

    def seed(self, seed: int) -> None:
        """Start the noise that chunks are drawn from anew."""
        self._random = np.random.default_rng(seed)

    def reset(self) -> None:
        """Forget what was seen."""
        self._history.reset()
        self._memory = self._no_memory

    def _value(self, seen: Data, name: str) -> Any:
        if name == NOISE:
            return self._random.standard_normal(self._graph.inputs[NOISE], np.float32)
        if name == MEMORY:
            return self._memory
        return seen[name].astype(np.float32) if name in VECTORS else seen[f'images.{name}']


def describe(path: Path) -> Description:
    """Return what an exported policy says about itself; takes no ONNX Runtime.

    Raises:
        CheckpointError: The file is missing, damaged or not from il_ros.
    """
    contract, config, _ = read(path)
    return Description(contract, config.kind, config.cameras, config.horizon, past=config.past)


def _tool_targets(config: PolicyConfig, contract: Contract, urdf: str, path: Path) -> Chain | None:
    """Return what turns motions of the tool into joint targets; None for other policies."""
    if not config.tool_actions:
        return None
    if not urdf:
        raise CheckpointError(f'{path}: moves the tool but holds no URDF: it was exported by an '
                              'older il_ros; export it again')
    return features(config, contract, ToolFrame(contract, UrdfText(f'the URDF in {path}', urdf)))
