"""Settings of one training run."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from il_ros.config import build, find_config, parse_yaml, read_text
from il_ros.errors import ConfigError
from il_ros.policies.config import one_of, PolicyConfig
from il_ros.training.asked import check_shares, parse_shares
from il_ros.types import ControlSource, GUIDED, LABELLED

SOURCES = {**{source.name.lower(): int(source) for source in ControlSource}, 'label': LABELLED,
           'guided': GUIDED}
AUTO = 'auto'
PRECISIONS = (AUTO, '32-true', 'bf16-mixed', '16-mixed')
WEIGHTINGS = ('none', 'iwr', 'sirius')


@dataclass(frozen=True)
class Mix:
    """Share of each batch by where a row comes from; together 1.

    Attributes:
        demo: What a human did in episodes without a policy.
        human: What a human did in rollouts of a policy: corrections.
        policy: What the policy did.
    """

    demo: float = 0.0
    human: float = 0.0
    policy: float = 0.0

    def __post_init__(self) -> None:
        shares = (self.demo, self.human, self.policy)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
            raise ConfigError('mix: expected shares of 0 or more that add up to 1, '
                              f'got demo={self.demo:g}, human={self.human:g}, '
                              f'policy={self.policy:g}')

    @staticmethod
    def parse(text: str) -> Mix:
        """Return what a command line says, as in 'demo=0.5,human=0.4,policy=0.1'.

        Raises:
            ConfigError: It is no such text, or the shares do not add up to 1.
        """
        return build(Mix, parse_shares(text, '--mix', 'demo=0.5,human=0.4,policy=0.1'), '--mix')


@dataclass(frozen=True)
class TrainConfig:
    """One run; `config/training/<name>.yaml` maps onto it one to one.

    Attributes:
        policy: What is trained.
        steps: Optimiser steps.
        batch_size: Samples of a step, for each member of an ensemble, whatever the number of
            processes, which share them.
        accumulate: Parts that a process computes its share of a batch in, to save memory.
        warmup_steps: Steps in which the learning rate rises to `learning_rate`; a cosine follows.
        clip_norm: Largest norm of a gradient.
        ema_decay: Of the moving average of the weights, which is what the checkpoint holds.
        ema_power: Its rise to `ema_decay`: 1 - (1 + step)^-power; Diffusion Policy has 0.75. 0
            takes (1 + step) / (10 + step).
        betas: Of AdamW; Diffusion Policy has 0.95 and 0.999.
        validation_share: Share of episodes kept for validation.
        validate_every: Steps between two validations, each followed by a checkpoint.
        sources: Whose rows are labels: 'human' alone is the rule of HG-DAgger (Kelly 2019).
        correction_share: Share of each batch that comes from corrections, while there are any
            (0.5 is the rule of IWR, Mandlekar 2020); None draws all labels alike.
        mix: Shares by control source, in place of `correction_share`; rows of the policy become
            labels where it has a share.
        weighting: 'iwr' (Mandlekar et al. 2020): half of each batch from interventions, the rest
            from all other rows. 'sirius' (Liu et al. 2023): half from interventions, 0.2 % from
            the 15 rows before each, demonstrations as often as they are, rollouts the rest. Both
            make the rows of the policy labels.
        tasks: Shares of each batch by task text; rows of tasks that are not named are left out.
        robots: Likewise by the robot that a dataset was recorded with.
        precision: Of Lightning Fabric: '32-true', 'bf16-mixed' or '16-mixed'. 'auto' is bf16-mixed
            for a policy with cameras where the hardware computes in bfloat16, else 32-true.
        accelerator: 'cpu', 'cuda' or 'auto'.
        threads: CPU threads of torch.
        loaders: Threads that build the next batches, at most two each; 0 builds none ahead.
        compile: Use torch.compile, which takes seconds at the first step. It helps with cameras:
            0.57 of the CPU time of a step of `bc` with two of 128x128, on one thread.
        pretrained: safetensors file with ResNet-18 as torchvision names it, which the image
            backbones start from; '' starts from random weights.
        start: Checkpoint folder that training goes on from, with its weights and normalisation;
            '' starts from scratch.
    """

    policy: PolicyConfig = field(default_factory=PolicyConfig)
    steps: int = 3000
    batch_size: int = 256
    accumulate: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    clip_norm: float = 1.0
    ema_decay: float = 0.995
    ema_power: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    validation_share: float = 0.1
    validate_every: int = 250
    sources: tuple[str, ...] = ('human',)
    correction_share: float | None = None
    mix: Mix | None = None
    weighting: str = 'none'
    tasks: Mapping[str, float] | None = None
    robots: Mapping[str, float] | None = None
    seed: int = 0
    precision: str = '32-true'
    accelerator: str = 'cpu'
    threads: int = 1
    loaders: int = 1
    compile: bool = False
    pretrained: str = ''
    start: str = ''

    def __post_init__(self) -> None:
        for name in ('steps', 'batch_size', 'learning_rate', 'clip_norm', 'validate_every',
                     'threads', 'accumulate'):
            if getattr(self, name) <= 0:
                raise ConfigError(f'{name}: expected more than 0, got {getattr(self, name)}')
        for name in ('ema_decay', 'validation_share', 'correction_share'):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ConfigError(f'{name}: expected 0 or more and less than 1, got {value}')
        if not 0 <= self.ema_power <= 2:
            raise ConfigError(f'ema_power: expected 0 to 2, got {self.ema_power:g}')
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ConfigError('betas: expected 0 or more and less than 1, got '
                              f'{self.betas[0]:g} and {self.betas[1]:g}')
        if min(self.seed, self.warmup_steps, self.weight_decay, self.loaders) < 0:
            raise ConfigError('seed, warmup_steps, weight_decay, loaders: expected 0 or more')
        if not self.sources:
            raise ConfigError(f'sources: expected at least one of {", ".join(SOURCES)}')
        for source in self.sources:
            one_of(source, tuple(SOURCES), 'source')
        one_of(self.precision, PRECISIONS, 'precision')
        one_of(self.accelerator, ('auto', 'cpu', 'cuda'), 'accelerator')
        one_of(self.weighting, WEIGHTINGS, 'weighting')
        for name in ('tasks', 'robots'):
            if (shares := getattr(self, name)) is not None:
                check_shares(shares, name)
        given = {'correction_share': self.correction_share is not None,
                 'mix': self.mix is not None, 'weighting': self.weighting != 'none'}
        if sum(given.values()) > 1:
            raise ConfigError(f'expected one of {", ".join(given)}, got '
                              f'{" and ".join(name for name in given if given[name])}')

    @property
    def labels(self) -> tuple[str, ...]:
        """Whose rows are labels: `sources`, and the policy where its rows are drawn by share.

        What a human says of a state, or leads the arm to by hand, counts like what a human does.
        """
        said = ('label', 'guided') if 'human' in self.sources else ()
        policy = self.weighting != 'none' or (self.mix is not None and self.mix.policy > 0)
        return tuple(dict.fromkeys((*self.sources, *said, *(('policy',) if policy else ()))))

    @staticmethod
    def preset(name: str) -> TrainConfig:
        """Return the settings of a name under config/training/ or a YAML file.

        Raises:
            ConfigError: It is not found or not valid.
        """
        path = find_config('training', name)
        return build(TrainConfig, parse_yaml(read_text(path), str(path)), str(path))
