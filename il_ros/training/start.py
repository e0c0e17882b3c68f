"""What a training run starts from: random weights, backbones or another checkpoint."""
from __future__ import annotations

from pathlib import Path

from il_ros.contract import Contract, require_same
from il_ros.errors import ConfigError
from il_ros.policies.checkpoint import read, read_weights, WEIGHTS
from il_ros.policies.load import set_weights
from il_ros.policies.networks.network import Network
from il_ros.policies.networks.pretrained import load_backbones
from il_ros.policies.transforms import Normalize
from il_ros.training.config import TrainConfig


def start_normalization(config: TrainConfig, contract: Contract) -> Normalize | None:
    """Return the normalisation of the checkpoint in `start`, which its weights belong to.

    Raises:
        CheckpointError: It cannot be read.
        ContractMismatchError: It is for another robot.
        ConfigError: It is of another policy.
    """
    if not config.start:
        return None
    found = read(Path(config.start))
    require_same(contract, found.contract, 'the dataset', config.start)
    if found.config != config.policy:
        raise ConfigError(f'start: {config.start} is of another policy ({found.config.kind}); '
                          'expected the same kind, inputs and sizes as in `policy`')
    return found.normalize


def set_start(network: Network, config: TrainConfig) -> None:
    """Put the weights that training begins with into a network.

    Raises:
        IlRosError: They cannot be read or do not fit.
    """
    if config.start:
        weights = Path(config.start) / WEIGHTS
        set_weights(network, read_weights(weights), str(weights))
    elif config.pretrained:
        load_backbones(network, Path(config.pretrained))
