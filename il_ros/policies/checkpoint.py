"""Checkpoints on disk: safetensors, JSON and YAML, never pickle. Free of torch.

- model.safetensors: weights, float32; those of the moving average
- config.json: PolicyConfig
- statistics.json: offset and scale of the normalisation
- contract.yaml: the robot
- robot.urdf: its kinematics, where the policy moves the tool or the contract names a topic
- training.json: how it was trained, for people
"""
from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from dataclasses import dataclass
import json
import math
import os
from pathlib import Path
import shutil
from typing import Any

from il_ros.config import build, to_mapping
from il_ros.contract import Contract
from il_ros.errors import CheckpointError, ConfigError
from il_ros.policies.config import PolicyConfig
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.policies.transforms import Normalize
from il_ros.urdf_text import UrdfSource, UrdfText
import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[Any]]
FORMAT = 1
MAX_TEXT = 16_000_000    # bytes of one JSON or YAML file
MAX_HEADER = 16_000_000  # bytes of the safetensors header
WEIGHTS, TRAINING = 'model.safetensors', 'training.json'
FILES = ('config.json', 'statistics.json', 'contract.yaml', WEIGHTS)


@dataclass(frozen=True)
class Checkpoint:
    """Everything but the weights."""

    config: PolicyConfig
    contract: Contract
    normalize: Normalize
    urdf: UrdfSource | None = None

    @property
    def frame(self) -> ToolFrame | None:
        """The kinematics, where the policy moves the tool."""
        space = self.config.space(self.contract)
        return ToolFrame.of(space, self.urdf) if self.urdf and space.tools else None


def read(folder: Path) -> Checkpoint:
    """Return what a checkpoint says about itself.

    Raises:
        CheckpointError: A file is missing, too large or wrong.
    """
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        raise CheckpointError(f'{folder}: no checkpoint: missing {", ".join(missing)}; give the '
                              "folder that `il_ros train` wrote, for example 'OUT/best'")
    try:
        settings = read_json(folder / 'config.json')
        if settings.pop('format', None) != FORMAT:
            raise CheckpointError(f'{folder}/config.json: expected format {FORMAT}; this '
                                  'checkpoint is of another version of il_ros')
        config = build(PolicyConfig, settings, f'{folder}/config.json')
        contract = Contract.from_text(_read_text(folder / 'contract.yaml'),
                                      f'{folder}/contract.yaml')
        if contract.urdf_topic and (folder / 'robot.urdf').is_file():
            contract = dataclasses.replace(contract, urdf_text=_read_text(folder / 'robot.urdf'))
        config.check_inputs(contract)
    except ConfigError as error:
        raise CheckpointError(str(error)) from None
    urdf = folder / 'robot.urdf' if config.space(contract).tools else None
    if urdf and not urdf.is_file():
        raise CheckpointError(f'{folder}: missing robot.urdf, which a policy that moves tools '
                              'needs; train again')
    return Checkpoint(config, contract, _read_statistics(folder / 'statistics.json'), urdf)


def read_weights(path: Path) -> Weights:
    """Return the tensors of a safetensors file.

    Raises:
        CheckpointError: The header is larger than the cap or the file, the file is damaged, or a
            weight is not a finite number.
    """
    # Imported on use: a hub or a card of a dataset needs no weights.
    from safetensors import SafetensorError
    from safetensors.numpy import load_file
    size = path.stat().st_size
    with path.open('rb') as file:
        header = int.from_bytes(file.read(8), 'little')
    if header > min(MAX_HEADER, size):
        raise CheckpointError(f'{path}: header of {header} bytes in a file of {size}; expected at '
                              f'most {MAX_HEADER}: the file is damaged or was not made by il_ros')
    try:
        weights: Weights = load_file(path)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise CheckpointError(f'{path}: damaged: {error}') from None
    for name, value in weights.items():
        if value.dtype.kind == 'f' and not np.isfinite(value).all():
            raise CheckpointError(f'{path}: weight {name!r} is not finite; training diverged: '
                                  'lower learning_rate and train again')
    return weights


def write(folder: Path, checkpoint: Checkpoint, weights: Weights,
          training: Mapping[str, Any]) -> None:
    """Write a checkpoint, or replace the one there, in one step.

    Raises:
        CheckpointError: The folder cannot be written.
    """
    from safetensors.numpy import save_file
    normalize = checkpoint.normalize
    statistics = {key: {'offset': normalize.offset[key].tolist(),
                        'scale': normalize.scale[key].tolist()} for key in normalize.offset}
    part = folder.with_name(f'.{folder.name}.partial')
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_file({k: np.ascontiguousarray(v) for k, v in weights.items()},
                  part / WEIGHTS)
        write_json(part / 'config.json', {'format': FORMAT, **to_mapping(checkpoint.config)})
        write_json(part / 'statistics.json', statistics)
        (part / 'contract.yaml').write_text(checkpoint.contract.to_text())
        write_json(part / TRAINING, training)
        urdf = checkpoint.urdf or UrdfText('', checkpoint.contract.urdf_text)
        if text := urdf.read_bytes():
            (part / 'robot.urdf').write_bytes(text)
        replace(part, folder)
    except OSError as error:
        raise CheckpointError(f'{folder}: cannot be written: {error.strerror}') from None


def replace(new: Path, folder: Path) -> None:
    """Put the folder `new` in the place of `folder`; `recover` mends a death in between."""
    old = folder.with_name(f'.{folder.name}.old')
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def recover(folder: Path) -> None:
    """Bring back the folder that a killed `replace` had set aside."""
    old = folder.with_name(f'.{folder.name}.old')
    if old.exists() and not folder.exists():
        old.rename(folder)


def read_training(folder: Path) -> dict[str, Any]:
    """Return how a checkpoint was trained; empty where its file is missing.

    Raises:
        CheckpointError: The file is too large or holds no object.
    """
    file = folder / TRAINING
    return read_json(file) if file.is_file() else {}


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        CheckpointError: It is too large or holds no object.
    """
    try:
        data = json.loads(_read_text(path))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f'{path}: not valid JSON: {error}') from None
    if not isinstance(data, dict):
        raise CheckpointError(f'{path}: expected an object, got {type(data).__name__}')
    return data


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write an object as a JSON file and make it last."""
    with path.open('w') as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _read_text(path: Path) -> str:
    if (size := path.stat().st_size) > MAX_TEXT:
        raise CheckpointError(f'{path}: {size} bytes, expected at most {MAX_TEXT}')
    return path.read_text(encoding='utf-8', errors='replace')


def _read_statistics(path: Path) -> Normalize:
    offset, scale = {}, {}
    for key, value in read_json(path).items():
        try:
            offset[key] = np.asarray(value['offset'], np.float64)
            scale[key] = np.asarray(value['scale'], np.float64)
        except (TypeError, KeyError, ValueError):
            raise CheckpointError(f"{path}: {key!r}: expected 'offset' and 'scale'") from None
        if offset[key].shape != scale[key].shape or not math.isfinite(
                float(offset[key].sum() + scale[key].sum())) or (scale[key] <= 0).any():
            raise CheckpointError(f'{path}: {key!r}: expected finite offsets and as many scales '
                                  'above 0; train again')
    return Normalize(offset, scale)
