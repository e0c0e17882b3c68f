"""A policy as one ONNX file: raw observation in, joint targets out, nothing around it.

Where the policy says where tools go, or counts from row to row, what it says comes out: inverse
kinematics has no ONNX form.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
import json
import logging
import os
from pathlib import Path
from typing import Any
import warnings

from il_ros.config import to_mapping
from il_ros.contract import FAR_CODE, POSE_SIZE
from il_ros.contract.joint import TURN
from il_ros.errors import CheckpointError
from il_ros.images.depth import nearest
from il_ros.policies.bc_rnn import BCRNN
from il_ros.policies.checkpoint import Checkpoint
from il_ros.policies.config import VECTORS
from il_ros.policies.inputs.history import History
from il_ros.policies.load import LearnedPolicy, sample_observation
from il_ros.policies.networks.ensemble import Ensemble
from il_ros.policies.networks.network import Network
from il_ros.policies.runtimes.onnx_format import (
    CONFIG,
    CONTRACT,
    MEMORY,
    NOISE,
    says,
    TRAINED,
    URDF,
)
from il_ros.policies.transforms import DepthShares, WithinLimits
from il_ros.types import Observation
import numpy as np
import torch
from torch import nn, Tensor

FULL_MISH = 20.0  # where mish(x) is x in 32 bit
TOLERANCE = 1e-4  # [rad] or [m]: the graph computes in float32
CHECKS = 20


class WholePolicy(nn.Module):
    """The network with its transforms in torch; `export` holds it equal to `LearnedPolicy`."""

    def __init__(self, checkpoint: Checkpoint, network: Network) -> None:
        super().__init__()
        self.network = network
        self.config = checkpoint.config
        self.grippers = list(checkpoint.contract.grippers)
        self.depths = DepthShares.of(self.config, checkpoint.contract).cameras
        self.turning = np.flatnonzero(checkpoint.contract.continuous).tolist()
        limits = WithinLimits.of(checkpoint.contract)
        space = self.config.space(checkpoint.contract)
        self.said, mask = says(space), space.mask
        self.relative = bool(mask.any())
        constants = {'lower': limits.lower, 'upper': limits.upper, 'mask': mask}
        for key in checkpoint.normalize.offset:
            constants[f'{key}_offset'] = checkpoint.normalize.offset[key]
            constants[f'{key}_scale'] = checkpoint.normalize.scale[key]
        for name, value in constants.items():
            self.register_buffer(name, torch.from_numpy(value).float(), persistent=False)

    def forward(self, state: Tensor, environment: Tensor, task: Tensor, images: list[Tensor],
                *others: Tensor) -> tuple[Tensor, ...]:
        """Return the chunk for state (T, J), poses (T, E), task (T, 64), images (T, H, W, 3).

        Joint targets (1, H, J), or what the policy says (1, H, S). `others` is noise where
        `Network.noise` says a shape, or the memory of a recurrent network, which then comes out
        behind the chunk as it is afterwards.
        """
        batch = {'state': self._normalized('state', self._turning(state))}
        if 'environment' in self.config.inputs:
            batch['environment'] = self._normalized('environment', self._features(environment))
        if 'gripper' in self.config.inputs and self.grippers:
            batch['gripper'] = self._normalized('gripper', state[:, self.grippers])
        if 'task' in self.config.inputs:
            batch['task'] = self._normalized('task', task)
        for name, image in zip(self.config.cameras, images, strict=True):
            batch[f'images.{name}'] = self._shares(self._resized(image), name)
        if self.config.observation_steps > 1:
            batch = {key: value[None] for key, value in batch.items()}
        if isinstance(self.network, BCRNN):
            chunk, *others_after = self.network.step(batch, *others)
        elif self.config.recurrent:
            assert isinstance(self.network, Ensemble)
            chunks, *others_after = self.network.step(batch, *others)
            chunk = self.network.combined(chunks)
        else:
            chunk, others_after = self.network(batch, *others), []
        return self._targets(chunk, state[-1:]), *others_after

    def _targets(self, chunk: Tensor, state: Tensor) -> Tensor:
        actions = chunk * self.get_buffer('actions_scale') + self.get_buffer('actions_offset')
        if self.said:
            return actions
        if self.relative:
            actions = actions + (state * self.get_buffer('mask'))[:, None]
        return torch.clamp(actions, self.get_buffer('lower'), self.get_buffer('upper'))

    def _turning(self, state: Tensor) -> Tensor:
        if not self.turning:
            return state
        angle = state[:, self.turning]
        columns = [torch.cos(state[:, i]) if i in self.turning else state[:, i]
                   for i in range(state.shape[1])]
        return torch.cat([torch.stack(columns, -1), torch.sin(angle)], -1)

    def _normalized(self, key: str, value: Tensor) -> Tensor:
        return (value - self.get_buffer(f'{key}_offset')) / self.get_buffer(f'{key}_scale')

    def _features(self, environment: Tensor) -> Tensor:
        poses = environment.view(len(environment), -1, POSE_SIZE)  # (T, P, 7)
        x, y, z, w = poses[..., 3:].unbind(-1)
        columns = torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w),
                               2 * (x * y - z * w), 1 - 2 * (x * x + z * z),
                               2 * (y * z + x * w), 2 * (x * z + y * w), 2 * (y * z - x * w),
                               1 - 2 * (x * x + y * y)], -1)  # (T, P, 9)
        first = 2 if self.config.heights_only else 0
        parts = [torch.cat([poses[..., first:3], columns[..., :6]], -1).flatten(1)]
        if self.config.pose_differences:
            turned = columns.view(*columns.shape[:2], 3, 3)  # the transposed rotation of each pose
            for a, b in combinations(range(poses.shape[1]), 2):
                difference = poses[:, a, :3] - poses[:, b, :3]
                parts += [difference,
                          *(torch.tanh(difference / s) for s in self.config.difference_scales),
                          (turned[:, a] @ turned[:, b].transpose(-1, -2))[:, :2].flatten(1)]
        return torch.cat(parts, -1)

    def _shares(self, image: Tensor, camera: str) -> Tensor:
        if (depth := self.depths.get(camera)) is None:
            return image
        shares = (image - depth.zero_m) / (depth.range_m[1] - depth.zero_m)
        return torch.where(image > 0, torch.clamp(shares, 1 / FAR_CODE, 1.0), 0.0)

    def _resized(self, image: Tensor) -> Tensor:
        if self.config.image_size is None or tuple(image.shape[1:3]) == self.config.image_size:
            return image
        if image.shape[-1] == 1:
            rows, columns = (torch.from_numpy(nearest(of, to)) for of, to in zip(
                image.shape[1:3], self.config.image_size, strict=True))
            return image[:, rows[:, None], columns]
        planes = nn.functional.interpolate(image.permute(0, 3, 1, 2).float(),
                                           self.config.image_size, mode='area')
        return planes.round().permute(0, 2, 3, 1)


def export(policy: LearnedPolicy, path: Path, trained: str = '') -> float:
    """Write a policy as ONNX and check it against the original.

    Inputs are `state` (T, J), `environment` (T, E), `task` (T, 64), which is `language.embed` of
    the instruction, one `<camera>` (T, H, W, 3) uint8 each, or (T, H, W, 1) float32 of distances
    [m], 0 where unknown, as far as the policy has them, T being its `observation_steps`, the
    newest tick last; `memory`, where it is recurrent, zeros at first and later the second output,
    `memory_after`; and `noise`, standard normal, where it draws its chunks (diffusion, flow,
    gmm): the same noise gives the same chunk as in torch, the sampling steps being part of the
    graph. The output is `targets` (1, H, J), absolute joint positions, or, for a policy that says
    where tools go or counts from row to row, `actions` (1, H, S) as `action_space` has them; with
    the older `tool_actions` they are `tool_motions` (1, H, 6 + G): translation [m] and rotation
    vector [rad] of the tool from its measured pose in the root's axes, then the gripper's
    position. Contract, settings and, with tools, the URDF are in the file's metadata:
    `onnx_policy.OnnxPolicy` needs nothing else.

    Args:
        policy: Of a checkpoint.
        path: The new file.
        trained: On what, and under which rights, as JSON; for its metadata.

    Returns:
        The largest difference to the original's output over random observations.

    Raises:
        CheckpointError: It cannot be exported or written, or differs from the original.
    """
    import onnx
    import onnxruntime

    description = policy.description
    config = description.config
    noise = policy.network.noise
    if noise is None and not policy.network.unimodal:
        raise CheckpointError(f'kind {description.config.kind!r} searches among candidates that '
                              'it draws and has no ONNX form; run it with PyTorch')
    whole = WholePolicy(description, policy.network).eval()
    output = says(config.space(description.contract)) or 'targets'
    example = History(config.observation_steps, config.inputs).window(
        sample_observation(description), '')
    vectors = [torch.from_numpy(example[name]).float() if name in example else torch.zeros(1, 1)
               for name in ('state', 'environment', 'task')]
    others = {} if noise is None else {NOISE: torch.zeros(1, *noise)}
    if memory := _memory(policy.network):
        others = {MEMORY: torch.zeros(memory)}
    try:
        with _quiet():
            program = torch.onnx.export(
                whole, (*vectors, [torch.from_numpy(example[f'images.{name}'])
                                   for name in policy.cameras], *others.values()),
                input_names=['state', 'environment', 'task', *policy.cameras, *others],
                output_names=[output, *([f'{MEMORY}_after'] if memory else [])], dynamo=True,
                verbose=False, custom_translation_table={torch.ops.aten.mish.default: _mish})
        assert program is not None
        model = program.model_proto
    except torch.onnx.OnnxExporterError as error:
        raise CheckpointError(f'this policy has no ONNX form: {error}') from None
    read = {name for node in model.graph.node for name in node.input}
    for unused in [i for i in model.graph.input if i.name not in read]:
        model.graph.input.remove(unused)
    for node in model.graph.node:
        del node.metadata_props[:]  # where each came from in Python: half of the file
    onnx.helper.set_model_props(model, {
        CONTRACT: description.contract.to_text(),
        CONFIG: json.dumps(to_mapping(description.config)),
        **({TRAINED: trained} if trained else {}),
        **({URDF: description.urdf.read_text()} if description.urdf else {})})
    part = path.with_name(f'.{path.name}.{os.getpid()}.partial')
    try:
        part.write_bytes(model.SerializeToString())
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(part, options, providers=['CPUExecutionProvider'])
        worst = _difference(policy, session, _observations(description))
        if not worst <= TOLERANCE:
            raise CheckpointError(f'the exported policy differs by {worst:g} from the original; '
                                  f'expected at most {TOLERANCE:g}; it was not written')
        part.replace(path)
    except OSError as error:
        raise CheckpointError(f'{path}: cannot be written: {error.strerror}') from None
    finally:
        part.unlink(missing_ok=True)
    return worst


def _mish(x: Any) -> Any:
    """Return x tanh(log(1 + e^x)) in operators that ONNX Runtime folds and vectorises.

    With n = e^x (e^x + 2) it is x n / (n + 2).
    """
    from onnxscript import opset18 as op
    e = op.Exp(op.Min(x, FULL_MISH))
    n = e * (e + 2.0)
    return x * (n / (n + 2.0))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks (no torchvision, constants not folded) out of a node's log."""
    loggers = [logging.getLogger(name) for name in ('torch.onnx', 'onnxscript', 'onnx_ir')]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _difference(policy: LearnedPolicy, session: Any, observations: Sequence[Observation]) -> float:
    config, network = policy.description.config, policy.network
    history = History(config.observation_steps, config.inputs)
    wanted = {i.name for i in session.get_inputs()}
    memory, worst = np.zeros(_memory(network) or 0, np.float32), 0.0
    policy.reset()
    for seed, seen in enumerate(observations):
        window = history.window(seen, '')
        values = {name: value.astype(np.float32) if name in VECTORS else value
                  for name, value in ((k.removeprefix('images.'), v) for k, v in window.items())}
        noise = None
        if network.noise is not None:
            noise = np.random.default_rng(seed).standard_normal(network.noise, np.float32)
            values[NOISE] = noise[None]
        values[MEMORY] = memory
        chunk, *after = session.run(None, {k: v for k, v in values.items() if k in wanted})
        memory = after[0] if after else memory
        expected = (policy.motions(seen, noise) if says(config.space(policy.contract))
                    else policy.infer(seen, noise))
        worst = np.maximum(worst, np.abs(chunk[0] - expected).max())  # NaN stays
    policy.reset()
    return float(worst)


def _memory(network: Network) -> tuple[int, ...] | None:
    return network.memory if isinstance(network, BCRNN | Ensemble) else None


def _observations(description: Checkpoint) -> list[Observation]:
    random = np.random.default_rng(0)
    contract = description.contract
    lower = np.where(np.isfinite(contract.lower), contract.lower, -TURN)
    upper = np.where(np.isfinite(contract.upper), contract.upper, TURN)
    found: list[Observation] = []
    for _ in range(CHECKS):
        poses = random.uniform(-1, 1, (contract.environment_size // POSE_SIZE, POSE_SIZE))
        poses[:, 3:] /= np.linalg.norm(poses[:, 3:], axis=1, keepdims=True)
        found.append(Observation(
            0, random.uniform(lower, upper), poses.reshape(-1),
            {c.name: (random.uniform(0, c.depth.range_m[1], c.shape).astype(np.float32) if c.depth
                      else random.integers(0, 256, c.shape, dtype=np.uint8))
             for c in contract.cameras}, task=f'{contract.task} {len(found)}'))
    return found
