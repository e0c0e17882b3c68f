"""Policies that ONNX Runtime or OpenVINO runs: an exported file; see `onnx_cache` for checkpoints.

The same outputs as the network in PyTorch, sooner on a CPU, and without PyTorch.
"""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.errors import CheckpointError
from il_ros.policies.config import PolicyConfig, VECTORS
from il_ros.policies.inputs.data import Data
from il_ros.policies.inputs.history import History
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.policies.policy import Description, start_observation
from il_ros.policies.runtimes.onnx_format import MEMORY, NOISE, read, says
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
        self._backward = _to_targets(self._config, self.contract, urdf, path)
        angles = Angles.of(self.contract)
        self._endless = replace(angles, continuous=angles.continuous & np.isinf(angles.upper))
        self._graph = load_graph(path, backend, threads)
        self._no_memory = np.zeros(self._graph.inputs.get(MEMORY, ()), np.float32)
        self._history = History(self._config.observation_steps, self._config.inputs)
        self.reset()
        self.seed(seed)
        if not np.isfinite(self._said(start_observation(self.contract, self.cameras))).all():
            raise CheckpointError(f'{path}: the dry run gave targets that are not finite')
        self.reset()
        self.seed(seed)

    def infer(self, observation: Observation) -> Floats:
        """Return the next joint targets. Shape (H, J).

        Raises:
            ReachError: A tool cannot be brought where the policy wants it.
        """
        chunk, state = self._said(observation), observation.state
        if self._backward is None:
            targets: Floats = chunk[0].astype(np.float64) + (state - self._in_turn(state))
            return targets
        data = self._backward.backward({'actions': chunk, 'state': state[None]})
        return data['actions'][0]  # type: ignore[no-any-return]

    def _said(self, observation: Observation) -> Any:
        task = self.contract.task
        for seen in (self._history.new(observation, task) if self._config.recurrent
                     else [self._history.window(observation, task)]):
            self._chunk, *memory = self._graph.run({
                name: self._value(seen, name) for name in self._graph.inputs})
            self._memory = memory[0] if memory else self._no_memory
        return self._chunk

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
        if name == 'state':
            return self._in_turn(seen[name]).astype(np.float32)
        return seen[name].astype(np.float32) if name in VECTORS else seen[f'images.{name}']

    def _in_turn(self, state: Floats) -> Floats:
        """Return states (..., J) without whole turns: many leave 32 bit no room for the angle."""
        return self._endless.near(state, np.zeros_like(state))


def describe(path: Path) -> Description:
    """Return what an exported policy says about itself; takes no ONNX Runtime.

    Raises:
        CheckpointError: The file is missing, damaged or not from il_ros.
    """
    contract, config, _ = read(path)
    return Description(contract, config.kind, config.cameras, config.horizon, past=config.past)


def _to_targets(config: PolicyConfig, contract: Contract, urdf: str, path: Path) -> Chain | None:
    """Return what turns what a policy says into joint targets; None where it is targets."""
    space = config.space(contract)
    if not says(space):
        return None
    if not space.tools:
        return features(config, contract)
    if not urdf:
        raise CheckpointError(f'{path}: moves the tool but holds no URDF: it was exported by an '
                              'older il_ros; export it again')
    return features(config, contract, ToolFrame.of(space, UrdfText(f'the URDF in {path}', urdf)))
