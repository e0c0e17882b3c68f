"""The state of a training run: with it a resumed run repeats the uninterrupted one exactly.

Random draws need no state: each step seeds its own.
"""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import shutil
from typing import Any

from il_ros.config import build, to_mapping
from il_ros.errors import CheckpointError, ContractMismatchError
from il_ros.policies.checkpoint import read_json, read_weights, recover, replace, write_json
from il_ros.training.config import TrainConfig
import torch
from torch import nn, Tensor

MOMENTS = ('exp_avg', 'exp_avg_sq', 'step')


def save_state(folder: Path, network: nn.Module, average: nn.Module,
               optimizer: torch.optim.Optimizer, progress: Mapping[str, Any]) -> None:
    """Write the state of a run, or replace the one there, in one step.

    Raises:
        CheckpointError: The folder cannot be written.
    """
    from safetensors.torch import save_file
    tensors = {f'network.{k}': v for k, v in network.state_dict().items()}
    tensors |= {f'average.{k}': v for k, v in average.state_dict().items()}
    for index, state in optimizer.state_dict()['state'].items():
        tensors |= {f'optimizer.{index}.{key}': state[key] for key in MOMENTS}
    part = folder.with_name(f'.{folder.name}.partial')
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()},
                  part / 'state.safetensors')
        write_json(part / 'state.json', progress)
        replace(part, folder)
    except OSError as error:
        raise CheckpointError(f'{folder}: cannot be written: {error.strerror}') from None


def load_state(folder: Path, network: nn.Module, average: nn.Module,
               optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Put the state of a run back and return what `save_state` was told as progress.

    Raises:
        CheckpointError: There is no run to resume, or it is damaged.
    """
    recover(folder)
    if not (folder / 'state.json').is_file():
        raise CheckpointError(f'{folder.parent}: no training run to resume; leave out --resume '
                              'to start one')
    progress = read_json(folder / 'state.json')
    tensors = {k: torch.from_numpy(v)
               for k, v in read_weights(folder / 'state.safetensors').items()}
    try:
        network.load_state_dict(_under(tensors, 'network.'))
        average.load_state_dict(_under(tensors, 'average.'))
        described = optimizer.state_dict()
        count = sum(len(group['params']) for group in described['param_groups'])
        described['state'] = {index: {key: tensors[f'optimizer.{index}.{key}'] for key in MOMENTS}
                              for index in range(count)}
        optimizer.load_state_dict(described)
        for parameter, state in optimizer.state.items():  # in the parameter's order in memory
            state.update({key: torch.empty_like(parameter).copy_(state[key])
                          for key in MOMENTS[:2]})
    except (RuntimeError, KeyError) as error:
        raise CheckpointError(f'{folder}: is of another network: {error}') from None
    return progress


def require_same_run(out: Path, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    """Check that a run goes on with the settings, rows and robot that it was started with.

    Raises:
        ContractMismatchError: It does not; the text says in what.
    """
    theirs = theirs | {  # an older version may have had fewer settings
        'config': to_mapping(build(TrainConfig, theirs['config'], str(out / 'state')))}
    if theirs != ours:
        raise ContractMismatchError(f'{out}: was started with other settings, rows or robot: '
                                    f'{_difference(theirs, ours)}; start a new run')


def _difference(ours: dict[str, Any], theirs: dict[str, Any], where: str = '') -> str:
    lines = []
    for key in ours.keys() | theirs.keys():
        a, b = ours.get(key), theirs.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            lines.append(_difference(a, b, f'{where}{key}.'))
        elif a != b:
            lines.append(f'{where}{key}: {a}, now {b}')
    return '; '.join(sorted(line for line in lines if line))


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
