"""Settings of one training run."""
from __future__ import annotations

from dataclasses import dataclass, field

from il_ros.config import build, find_config, parse_yaml, read_text
from il_ros.errors import ConfigError
from il_ros.policies.config import one_of, PolicyConfig
from il_ros.types import ControlSource

SOURCES = {source.name.lower(): source for source in ControlSource}
PRECISIONS = ('32-true', 'bf16-mixed', '16-mixed')


@dataclass(frozen=True)
class TrainConfig:
    """One run; `config/training/<name>.yaml` maps onto it one to one.

    Attributes:
        policy: What is trained.
        steps: Optimiser steps.
        batch_size: Samples of a step, for each member of an ensemble.
        warmup_steps: Steps in which the learning rate rises to `learning_rate`; a cosine follows.
        clip_norm: Largest norm of a gradient.
        ema_decay: Of the moving average of the weights, which is what the checkpoint holds.
        validation_share: Share of episodes kept for validation.
        validate_every: Steps between two validations, each followed by a checkpoint.
        sources: Whose rows are labels: 'human' alone is the rule of HG-DAgger (Kelly 2019).
        correction_share: Share of each batch that comes from corrections, while there are any
            (0.5 is the rule of IWR, Mandlekar 2020); None draws all labels alike.
        precision: Of Lightning Fabric.
        accelerator: 'cpu', 'cuda' or 'auto'.
        threads: CPU threads of torch.
        pretrained: safetensors file with ResNet-18 as torchvision names it, which the image
            backbones start from; '' starts from random weights.
    """

    policy: PolicyConfig = field(default_factory=PolicyConfig)
    steps: int = 3000
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    clip_norm: float = 1.0
    ema_decay: float = 0.995
    validation_share: float = 0.1
    validate_every: int = 250
    sources: tuple[str, ...] = ('human',)
    correction_share: float | None = None
    seed: int = 0
    precision: str = '32-true'
    accelerator: str = 'cpu'
    threads: int = 1
    pretrained: str = ''

    def __post_init__(self) -> None:
        for name in ('steps', 'batch_size', 'learning_rate', 'clip_norm', 'validate_every',
                     'threads'):
            if getattr(self, name) <= 0:
                raise ConfigError(f'{name}: expected more than 0, got {getattr(self, name)}')
        for name in ('ema_decay', 'validation_share', 'correction_share'):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ConfigError(f'{name}: expected 0 or more and less than 1, got {value}')
        if self.seed < 0 or self.warmup_steps < 0 or self.weight_decay < 0:
            raise ConfigError('seed, warmup_steps, weight_decay: expected 0 or more')
        if not self.sources:
            raise ConfigError(f'sources: expected at least one of {", ".join(SOURCES)}')
        for source in self.sources:
            one_of(source, tuple(SOURCES), 'source')
        one_of(self.precision, PRECISIONS, 'precision')
        one_of(self.accelerator, ('auto', 'cpu', 'cuda'), 'accelerator')

    @staticmethod
    def preset(name: str) -> TrainConfig:
        """Return the settings of a name under config/training/ or a YAML file.

        Raises:
            ConfigError: It is not found or not valid.
        """
        path = find_config('training', name)
        return build(TrainConfig, parse_yaml(read_text(path), str(path)), str(path))
