"""What a gate knows of a policy, as two files in the policy's checkpoint folder. Free of torch.

- gate.json: thresholds, the units of actions, and which weights they belong to
- gate.safetensors: the classifier and Q
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math
from pathlib import Path

from il_ros.angles import Angles
from il_ros.config import build, nearest, to_mapping
from il_ros.contract import Contract
from il_ros.disk.digest import digest_of
from il_ros.errors import CheckpointError, ConfigError
from il_ros.intervention.gates.ensemble import EnsembleGate
from il_ros.intervention.gates.gate import Gate
from il_ros.intervention.gates.lazy import LazyGate
from il_ros.intervention.gates.models import Perceptron, Twin
from il_ros.intervention.gates.safe import SafeGate
from il_ros.intervention.gates.thrifty import ThriftyGate
from il_ros.policies.checkpoint import (
    Checkpoint,
    read_json,
    read_weights,
    WEIGHTS,
    write_json,
)
from il_ros.policies.config import VECTORS
from il_ros.policies.transforms import features, to_data
from il_ros.types import Floats, Observation
import numpy as np

FORMAT = 1
JSON, TENSORS = 'gate.json', 'gate.safetensors'


@dataclass(frozen=True)
class Thresholds:
    """Of all gates; None where the data gave none.

    Attributes:
        tau: Discrepancy from which on an action is unsafe.
        chi: Doubt above which EnsembleDAgger asks.
        alpha: ThriftyDAgger's budget.
        delta_h: See `ThriftyGate`; so the next three.
    """

    tau: float | None = None
    chi: float | None = None
    alpha: float = 0.05
    delta_h: float | None = None
    eps_h: float | None = None
    delta_r: float | None = None
    eps_r: float | None = None


@dataclass(frozen=True)
class Record:
    """What gate.json holds.

    Attributes:
        policy: SHA-256 of the weights that this was learnt for.
        scale: What a motion of each joint is measured in. Shape (J,).
        rows: Held-out steps behind the thresholds.
        episodes: Episodes behind Q.
    """

    policy: str
    scale: tuple[float, ...]
    thresholds: Thresholds
    rows: int
    episodes: int
    format: int = FORMAT


@dataclass(frozen=True)
class GateModel:
    """Thresholds and networks of one policy."""

    record: Record
    safe: Perceptron | None = None
    value: Twin | None = None

    def gate(self, name: str) -> Gate:
        """Return a gate with this policy's thresholds.

        Raises:
            ConfigError: There is no such gate, or the data did not give what it needs.
        """
        if name not in GATES:
            raise ConfigError(f'gate {name!r}: {nearest(name, list(GATES))}')
        t = self.record.thresholds
        needs = {'ensemble': (t.chi,), 'safe': (self.safe,), 'lazy': (self.safe, t.tau),
                 'thrifty': (self.value, t.delta_h, t.eps_h, t.delta_r, t.eps_r)}[name]
        if any(need is None for need in needs):
            raise ConfigError(f'gate {name!r}: {LACKS[name]}')
        return GATES[name](t)


GATES: dict[str, Callable[[Thresholds], Gate]] = {
    'ensemble': lambda t: EnsembleGate(math.inf, t.chi or 0.0),
    'safe': lambda t: SafeGate(),
    'lazy': lambda t: LazyGate(t.tau or 0.0),
    'thrifty': lambda t: ThriftyGate(t.delta_h or 0.0, t.eps_h or 0.0, t.delta_r or 0.0,
                                     t.eps_r or 0.0)}
LACKS = {
    'ensemble': 'needs an ensemble, this policy has one member; train it with --members 5',
    'safe': 'needs steps of a person that the policy did not learn from; record more episodes',
    'lazy': 'needs steps of a person that the policy did not learn from; record more episodes',
    'thrifty': 'needs an ensemble and episodes that succeeded and that failed; train with '
               '--members 5 on rollouts that are labelled'}


class Inputs:
    """What the gates' networks see: the policy's vectors, and the joint motion that it wants.

    Cameras are left out: where the policy sees nothing else, the measured joints stand for them.
    """

    def __init__(self, description: Checkpoint, scale: Floats) -> None:
        self._names = [name for name in VECTORS if name in description.config.inputs] or ['state']
        self._features = features(description.config, description.contract)
        self._task = description.contract.task
        self._scale, self._angles = scale, Angles.of(description.contract)

    def __call__(self, observation: Observation, target: Floats) -> Floats:
        """Return the inputs for an absolute joint target. Shape (J,) -> (D,)."""
        seen = self._features.forward(to_data(observation, tuple(self._names), self._task))
        return np.concatenate([*(seen[name][0] for name in self._names),
                               self.motion(observation.state, target)])

    def motion(self, state: Floats, target: Floats) -> Floats:
        """Return a joint target as a motion in units of the demonstrated ones. Shape (J,)."""
        motion: Floats = self._angles.difference(target, state) / self._scale
        return motion

    def discrepancy(self, policy: Floats, human: Floats) -> float:
        """Return ||a - a*||^2 of two joint targets in these units. Shape (J,) each."""
        return float(((self._angles.difference(policy, human) / self._scale) ** 2).sum())

    def size(self, contract: Contract) -> int:
        """Return how many values the networks see."""
        zero = Observation(0, np.zeros(len(contract.joints)), np.zeros(contract.environment_size))
        return len(self(zero, zero.state))


def fingerprint(checkpoint: Path) -> str:
    """Return the SHA-256 of a checkpoint's weights."""
    return digest_of([checkpoint / WEIGHTS])


def write(checkpoint: Path, model: GateModel) -> None:
    """Put a gate's files into the policy's folder, or replace the ones there.

    Raises:
        CheckpointError: The folder cannot be written.
    """
    from safetensors.numpy import save_file

    arrays = model.safe.arrays('safe') if model.safe else {}
    for number, network in enumerate(model.value.networks if model.value else ()):
        arrays |= network.arrays(f'q{number}')
    try:
        part = checkpoint / f'.{TENSORS}'
        save_file({key: np.ascontiguousarray(value) for key, value in arrays.items()}, part)
        part.replace(checkpoint / TENSORS)
        write_json(checkpoint / f'.{JSON}', to_mapping(model.record))
        (checkpoint / f'.{JSON}').replace(checkpoint / JSON)
    except OSError as error:
        raise CheckpointError(f'{checkpoint}: cannot be written: {error.strerror}') from None


def read(checkpoint: Path, description: Checkpoint) -> tuple[GateModel, Inputs]:
    """Return the gate of a policy, and what its networks see.

    Raises:
        CheckpointError: The files are missing, damaged, or of other weights.
    """
    if missing := [name for name in (JSON, TENSORS) if not (checkpoint / name).is_file()]:
        raise CheckpointError(f'{checkpoint}: no gate: missing {", ".join(missing)}; make it with '
                              'il_ros train DATASET --out DIR --gate')
    try:
        record = build(Record, read_json(checkpoint / JSON), str(checkpoint / JSON))
    except ConfigError as error:
        raise CheckpointError(str(error)) from None
    joints = len(description.contract.joints)
    if record.format != FORMAT or len(record.scale) != joints or min(record.scale) <= 0:
        raise CheckpointError(f'{checkpoint / JSON}: expected format {FORMAT} and {joints} scales '
                              f'above 0, got {record.format} and {record.scale}')
    if record.policy != fingerprint(checkpoint):
        raise CheckpointError(f'{checkpoint}: the gate belongs to other weights; train it again '
                              'with il_ros train DATASET --out DIR --gate')
    inputs = Inputs(description, np.array(record.scale))
    size, arrays = inputs.size(description.contract), read_weights(checkpoint / TENSORS)
    names = {key.partition('.')[0] for key in arrays}
    return GateModel(
        record, Perceptron.of(arrays, 'safe', size) if 'safe' in names else None,
        Twin([Perceptron.of(arrays, name, size) for name in ('q0', 'q1')])
        if 'q0' in names else None), inputs
