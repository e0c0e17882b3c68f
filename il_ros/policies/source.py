"""Where a policy comes from: described at once, opened in the process that runs it.

A place is a checkpoint folder that training wrote, or an .onnx file that `il_ros export` wrote.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from il_ros.contract import Contract, require_same
from il_ros.errors import ConfigError
from il_ros.policies import onnx_policy
from il_ros.policies.config import one_of
from il_ros.policies.policy import Description, Policy

BACKENDS = ('torch', 'onnx')


@dataclass(frozen=True)
class Options:
    """How a policy is run.

    Attributes:
        backend: 'torch', or 'onnx' for ONNX Runtime, which exports a checkpoint on first use;
            an .onnx file always runs in ONNX Runtime.
        threads: CPU threads of the network.
        device: Of torch; ONNX Runtime computes on the CPU.
    """

    backend: str = 'torch'
    threads: int = 1
    device: str = 'cpu'

    def __post_init__(self) -> None:
        one_of(self.backend, BACKENDS, 'backend')
        if self.threads < 1:
            raise ConfigError(f'threads: expected at least 1, got {self.threads}')
        if self.backend == 'onnx' and self.device != 'cpu':
            raise ConfigError("device: expected 'cpu' with the backend onnx, got "
                              f'{self.device!r}; take the backend torch for a GPU')


def describe(place: Path, contract: Contract | None = None) -> Description:
    """Return what is known of a policy without its weights.

    Args:
        place: Where it comes from.
        contract: The robot that it shall drive; any when None.

    Raises:
        CheckpointError: The description is missing or cannot be read.
        ContractMismatchError: It is for another robot; the text shows the difference.
    """
    if place.suffix == '.onnx':
        found = onnx_policy.describe(place)
    else:
        from il_ros.policies.checkpoint import read

        whole = read(place)
        found = Description(whole.contract, whole.config.kind, whole.config.cameras,
                            whole.config.horizon)
    if contract is not None:
        require_same(contract, found.contract, 'this robot', 'the checkpoint')
    return found


def open_policy(place: Path, options: Options = Options()) -> Policy:
    """Return the policy, ready to infer. Sets the threads of this process's PyTorch.

    Raises:
        CheckpointError: It is damaged, or the backend cannot run it.
    """
    if place.suffix == '.onnx':
        return onnx_policy.OnnxPolicy(place, threads=options.threads)
    if options.backend == 'onnx':
        return onnx_policy.OnnxPolicy(onnx_policy.cached(place), threads=options.threads)
    from il_ros.policies.load import load
    import torch

    torch.set_num_threads(options.threads)
    return load(place, device=options.device)
