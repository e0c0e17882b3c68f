"""What rebuilds a policy, together with contract, statistics and weights. Free of torch."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.policies.action_space import (
    ActionSpace,
    check_names,
    JOINT_DELTA,
    JOINT_POSITION,
    TOOL_DELTA,
    VELOCITY,
)

KINDS = ('bc', 'bc_rnn', 'act', 'diffusion', 'flow', 'gmm', 'ibc')
BOUNDED = ('diffusion', 'gmm', 'ibc')  # they need actions within [-1, 1]
CONTINUING = ('diffusion', 'flow')
TOOL_POSE = 'end_effector'  # the pose of the tool among a contract's poses
VECTORS = ('state', 'environment', 'gripper', 'task')
NORMALIZATIONS = ('mean_std', 'min_max')
DENOISERS = ('unet', 'transformer')
SAMPLERS = ('derivative_free', 'langevin')
IMAGE_NORMS = ('group', 'folded')
CELLS = ('lstm', 'gru')


def _within(low: float, high: float, **values: float) -> None:
    for name, value in values.items():
        if not low <= value <= high:
            raise ConfigError(f'{name}: expected {low:g} to {high:g}, got {value:g}')


def one_of(value: str, valid: tuple[str, ...], what: str) -> None:
    """Check that a value is one of the valid ones.

    Raises:
        ConfigError: It is not; the text names the nearest.
    """
    if value not in valid:
        raise ConfigError(f'{what} {value!r}: {nearest(value, list(valid))}')


@dataclass(frozen=True)
class BCConfig:
    """The chunked MLP (policies/bc.py).

    Attributes:
        hidden: Width of the trunk.
        layers: Residual blocks of the trunk.
        dropout: Share of units left out in training.
        image_widths: Channels of the image encoder's stages, each halving the image.
        keypoints: Spatial-softmax points per camera.
    """

    hidden: int = 256
    layers: int = 2
    dropout: float = 0.0
    image_widths: tuple[int, ...] = (32, 64, 64)
    keypoints: int = 32

    def __post_init__(self) -> None:
        _within(1, 8192, hidden=self.hidden, keypoints=self.keypoints)
        _within(1, 64, layers=self.layers)
        _within(0, 0.9, dropout=self.dropout)
        _within(1, 6, image_widths=len(self.image_widths))
        for width in self.image_widths:
            _within(1, 1024, image_widths=width)


@dataclass(frozen=True)
class RNNConfig:
    """Recurrent behaviour cloning (policies/bc_rnn.py); `bc` encodes the observation.

    Attributes:
        cell: 'lstm' or 'gru'.
        hidden: Size of the memory.
        layers: Recurrent layers.
        window: Ticks that training looks at together: what lies further back than this cannot be
            learned.
    """

    cell: str = 'lstm'
    hidden: int = 256
    layers: int = 2
    window: int = 16

    def __post_init__(self) -> None:
        one_of(self.cell, CELLS, 'cell')
        _within(1, 8192, hidden=self.hidden)
        _within(1, 16, layers=self.layers)
        _within(2, 1000, window=self.window)


@dataclass(frozen=True)
class ACTConfig:
    """Action chunking with transformers (policies/act.py); the defaults train on a CPU.

    Attributes:
        width: Size of a token.
        heads: Attention heads.
        feedforward: Hidden size of the feed-forward layers.
        encoder_layers: Layers of the encoder and of the CVAE encoder.
        decoder_layers: Layers of the decoder; all of them are used.
        latent: Size of the style variable z.
        kl_weight: Weight of the KL term.
        dropout: Share of units left out in training.
        image_widths: Channels of the backbone's stages; (64, 128, 256, 512) is ResNet-18.
        image_blocks: Residual blocks per stage; 2 in ResNet-18.
        image_norm: Of the backbone: 'group', or 'folded' for none, which is faster and, with
            pretrained weights, the paper's; see `vision.ResNet`.
        share_backbone: All cameras have one backbone, as in the authors' code, or each its own.
    """

    width: int = 128
    heads: int = 4
    feedforward: int = 256
    encoder_layers: int = 2
    decoder_layers: int = 2
    latent: int = 32
    kl_weight: float = 10.0
    dropout: float = 0.1
    image_widths: tuple[int, ...] = (32, 64, 128, 128)
    image_blocks: int = 1
    image_norm: str = 'group'
    share_backbone: bool = True

    def __post_init__(self) -> None:
        _within(4, 4096, width=self.width)
        _within(1, 64, heads=self.heads, encoder_layers=self.encoder_layers,
                decoder_layers=self.decoder_layers, image_blocks=self.image_blocks)
        _within(1, 16384, feedforward=self.feedforward, latent=self.latent)
        _within(0, 1e6, kl_weight=self.kl_weight)
        _within(0, 0.9, dropout=self.dropout)
        _within(1, 6, image_widths=len(self.image_widths))
        for width in self.image_widths:
            _within(1, 1024, image_widths=width)
        one_of(self.image_norm, IMAGE_NORMS, 'image_norm')
        if self.width % self.heads or self.width % 4:
            raise ConfigError(f'width: expected a multiple of heads ({self.heads}) and of 4, '
                              f'got {self.width}')


@dataclass(frozen=True)
class AugmentationConfig:
    """What training may do to samples; all but the shift of images is off.

    Images: policies/augmentation.py; poses: training/pose_augmentation.py.

    Attributes:
        shift: Most pixels that an image moves by, at the size that the network sees.
        brightness: Its factor is 1 - this to 1 + this.
        contrast: The same.
        saturation: The same.
        camera_dropout: Probability that a view is replaced by its mean colour; one always stays.
        scene_motion: Turn and shift the whole scene on the table: what was shown at one place
            holds at all. Takes `tool_actions` and neither 'state' nor cameras among the inputs.
        tool_stray: Standard deviations of how far the tool of half of the samples has strayed,
            along [m] and about [rad] each axis; the labels lead back. Takes the same, and one
            observation at a time with the tool's pose.
    """

    shift: int = 4
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    camera_dropout: float = 0.0
    scene_motion: bool = False
    tool_stray: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        _within(0, 1024, shift=self.shift)
        _within(0, 1, brightness=self.brightness, contrast=self.contrast,
                saturation=self.saturation, camera_dropout=self.camera_dropout)
        for spread in self.tool_stray:
            _within(0, 1, tool_stray=spread)

    @property
    def of_poses(self) -> bool:
        """Whether poses are among what changes."""
        return self.scene_motion or any(self.tool_stray)


@dataclass(frozen=True)
class DenoiserConfig:
    """The network that diffusion and flow share (policies/denoisers.py).

    Attributes:
        denoiser: 'unet', convolutions along the chunk, or 'transformer'.
        width: Size of the tokens for the time and for each input, and of the transformer.
        unet_widths: Channels of the U-Net's levels, each of half the rows of the one before.
        kernel: Rows that a convolution of the U-Net sees; odd.
        layers: Layers of the transformer.
        heads: Attention heads of the transformer.
        dropout: Share of units that the transformer leaves out in training.
        image_widths: Channels of the image encoder's stages, each halving the image.
        keypoints: Spatial-softmax points per camera.
    """

    denoiser: str = 'unet'
    width: int = 128
    unet_widths: tuple[int, ...] = (64, 128, 128)
    kernel: int = 5
    layers: int = 4
    heads: int = 4
    dropout: float = 0.0
    image_widths: tuple[int, ...] = (32, 64, 64)
    keypoints: int = 32

    def __post_init__(self) -> None:
        one_of(self.denoiser, DENOISERS, 'denoiser')
        _within(4, 4096, width=self.width)
        _within(1, 64, layers=self.layers, heads=self.heads, kernel=self.kernel)
        _within(0, 0.9, dropout=self.dropout)
        _within(1, 8192, keypoints=self.keypoints)
        for name in ('unet_widths', 'image_widths'):
            _within(1, 6, **{name: len(getattr(self, name))})
            for width in getattr(self, name):
                _within(1, 4096, **{name: width})
        if self.width % self.heads or self.width % 2:
            raise ConfigError(f'width: expected an even multiple of heads ({self.heads}), '
                              f'got {self.width}')
        if not self.kernel % 2:
            raise ConfigError(f'kernel: expected an odd number, got {self.kernel}')


@dataclass(frozen=True)
class DiffusionConfig(DenoiserConfig):
    """Diffusion Policy (policies/diffusion.py); the defaults train on a CPU.

    Attributes:
        noise_steps: Steps from data to noise, in training.
        sample_steps: Steps from noise to a chunk, at inference (DDIM).
    """

    noise_steps: int = 100
    sample_steps: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        _within(2, 10_000, noise_steps=self.noise_steps)
        _within(1, self.noise_steps, sample_steps=self.sample_steps)


@dataclass(frozen=True)
class FlowConfig(DenoiserConfig):
    """Flow matching (policies/flow.py); the defaults train on a CPU.

    Attributes:
        sample_steps: Euler steps from noise to a chunk.
        noise_emphasis: First parameter of the Beta distribution that training draws time from; 1
            draws all times alike, more draws more noise.
    """

    sample_steps: int = 10
    noise_emphasis: float = 1.5

    def __post_init__(self) -> None:
        super().__post_init__()
        _within(1, 1000, sample_steps=self.sample_steps)
        _within(0.1, 10, noise_emphasis=self.noise_emphasis)


@dataclass(frozen=True)
class GMMConfig:
    """The Gaussian mixture over whole chunks (policies/gmm.py); its trunk is that of `bc`.

    Attributes:
        modes: Gaussians of the mixture.
        least_sigma: Floor of the standard deviation, in half ranges of the actions.
        eval_sigma: Standard deviation at inference, in place of the learned one.
    """

    modes: int = 5
    least_sigma: float = 0.01
    eval_sigma: float = 1e-4

    def __post_init__(self) -> None:
        _within(1, 100, modes=self.modes)
        _within(1e-6, 1, least_sigma=self.least_sigma)
        _within(0, 1, eval_sigma=self.eval_sigma)


@dataclass(frozen=True)
class IBCConfig:
    """The energy of observation and chunk (policies/ibc.py); `bc` encodes the observation.

    Attributes:
        hidden: Width of the energy network.
        layers: Residual blocks of the energy network.
        negatives: Counter-examples per sample in training.
        found_share: Share of them that a round of the derivative-free search finds, near low
            energies; the others are uniform.
        sampler: 'derivative_free', or 'langevin' (all negatives from the chain).
        samples: Candidates at inference.
        iterations: Rounds of the derivative-free optimiser.
        sigma: Spread of its first round, in half ranges of the actions; halved in each.
        langevin_steps: Length of a Langevin chain.
        bound_margin: How far candidates may leave the range of the training data, in ranges.
    """

    hidden: int = 128
    layers: int = 2
    negatives: int = 64
    found_share: float = 0.0
    sampler: str = 'derivative_free'
    samples: int = 512
    iterations: int = 3
    sigma: float = 0.33
    langevin_steps: int = 100
    bound_margin: float = 0.05

    def __post_init__(self) -> None:
        one_of(self.sampler, SAMPLERS, 'sampler')
        _within(1, 8192, hidden=self.hidden, negatives=self.negatives)
        _within(2, 65536, samples=self.samples)
        _within(1, 64, layers=self.layers, iterations=self.iterations)
        _within(1e-3, 2, sigma=self.sigma)
        _within(2, 1000, langevin_steps=self.langevin_steps)
        _within(0, 1, bound_margin=self.bound_margin, found_share=self.found_share)


@dataclass(frozen=True)
class PolicyConfig:
    """One policy.

    Attributes:
        kind: Which network.
        inputs: 'state' (all joints), 'gripper' (its joint alone), 'environment' (poses), 'task'
            (the instruction, policies/language.py) and names of cameras.
        horizon: Rows of a chunk, H.
        relative_actions: Where `action_space` is unset: 'joint_delta', or 'joint_position'.
        tool_actions: Where `action_space` is unset: 'tool_delta' with rotation vectors.
        pose_differences: Append the differences between the positions of all poses.
        difference_scales: Lengths [m] at which a policy sees these differences once more, each as
            tanh(difference / length): millimetres count where it is near, and far is far. Takes
            `pose_differences`.
        normalization: 'mean_std', or 'min_max' to [-1, 1], which 'diffusion', 'gmm' and 'ibc'
            need.
        image_size: Height and width that images are resized to; the contract's when None.
        augmentation: What training does to samples.
        observation_steps: Ticks that the policy sees at once, the newest last. More than 1 where
            one observation does not tell what to do, as when something was shown before or
            moves; Diffusion Policy takes 2. 'bc_rnn' remembers by itself.
        members: Networks of the kind, each trained on its own bootstrap of the episodes;
            `LearnedPolicy.spread` is what they disagree about.
        action_space: What the network says: 'joint_position', 'joint_delta', 'tool_pose' or
            'tool_delta', for all arms or for each by its name; see `policies.action_space`.
        delta_from: What deltas are counted from: 'chunk', the measured pose as it begins, or
            'row', the row before; 'chunk' when None.
        delta_axes: Along which axes a tool's delta is: those of the 'root' of the URDF, or the
            tool's own ('tool'); 'root' when None.
    """

    kind: str = 'bc'
    inputs: tuple[str, ...] = ('state', 'environment')
    horizon: int = 16
    relative_actions: bool = True
    tool_actions: bool = False
    pose_differences: bool = True
    normalization: str = 'mean_std'
    image_size: tuple[int, int] | None = None
    bc: BCConfig = field(default_factory=BCConfig)
    act: ACTConfig = field(default_factory=ACTConfig)
    diffusion: DiffusionConfig = field(default_factory=DiffusionConfig)
    flow: FlowConfig = field(default_factory=FlowConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    members: int = 1
    gmm: GMMConfig = field(default_factory=GMMConfig)
    ibc: IBCConfig = field(default_factory=IBCConfig)
    bc_rnn: RNNConfig = field(default_factory=RNNConfig)
    observation_steps: int = 1
    difference_scales: tuple[float, ...] = ()
    action_space: str | Mapping[str, str] | None = None
    delta_from: str | None = None
    delta_axes: str | None = None

    def __post_init__(self) -> None:
        one_of(self.kind, KINDS, 'kind')
        check_names(self.action_space, self.delta_from, self.delta_axes)
        if self.action_space is not None and (self.tool_actions or not self.relative_actions):
            old = 'tool_actions' if self.tool_actions else 'relative_actions'
            raise ConfigError(f'action_space and {old}: expected one of them; take {old} out: '
                              f'action_space: {self.action_space} says it all')
        one_of(self.normalization, NORMALIZATIONS, 'normalization')
        if self.kind in BOUNDED and self.normalization != 'min_max':
            raise ConfigError(f'normalization: kind {self.kind!r} clips to [-1, 1], expected '
                              f"'min_max', got {self.normalization!r}")
        _within(1, 1000, horizon=self.horizon)
        _within(1, 100, members=self.members)
        _within(1, 100, observation_steps=self.observation_steps)
        if self.recurrent and self.observation_steps > 1:
            raise ConfigError("observation_steps: kind 'bc_rnn' remembers by itself, expected 1, "
                              f'got {self.observation_steps}; bc_rnn.window is how far back it '
                              'learns')
        for length in self.difference_scales:
            _within(1e-4, 10, difference_scales=length)
        if self.difference_scales and not self.pose_differences:
            raise ConfigError('difference_scales: expected pose_differences: true, of which they '
                              'are the scales, or none of them')
        if not self.inputs or len(set(self.inputs)) < len(self.inputs):
            raise ConfigError(f'inputs: expected each input once, got {list(self.inputs)}')
        if self.augmentation.of_poses and (
                not self.only_tool_deltas or {'state', *self.cameras} & set(self.inputs)):
            raise ConfigError(
                'augmentation: scene_motion and tool_stray expect action_space: tool_delta and '
                'inputs that move with the scene (environment, gripper, task), got '
                f'{self.action_space or "motions of the joints"} and {list(self.inputs)}')
        if any(self.augmentation.tool_stray) and (
                self.window > 1 or 'environment' not in self.inputs):
            raise ConfigError(
                "augmentation.tool_stray: expected 'environment' among the inputs and one "
                f'observation at a time, got {list(self.inputs)} and {self.window}')
        if self.image_size:
            _within(8, 4096, height=self.image_size[0], width=self.image_size[1])

    @property
    def heights_only(self) -> bool:
        """Whether of positions themselves, not of their differences, only heights are features.

        Where scenes move about on the table, where on it something is tells nothing.
        """
        return self.augmentation.scene_motion and self.pose_differences

    @property
    def only_tool_deltas(self) -> bool:
        """Whether of every arm the network says how its tool moves."""
        named = self.action_space
        return self.tool_actions or bool(named) and {TOOL_DELTA} == (
            {named} if isinstance(named, str) else {*(named or {}).values()} - {VELOCITY})

    def space(self, contract: Contract) -> ActionSpace:
        """Return what the values of the network's rows are on a robot.

        Raises:
            ConfigError: The robot has no such arm, or the tool of one is unknown.
        """
        if self.action_space is not None:
            return ActionSpace.of(self.action_space, contract, delta_from=self.delta_from,
                                  delta_axes=self.delta_axes)
        if self.tool_actions:
            return ActionSpace.of(TOOL_DELTA, contract, rotation='vector', turns=False,
                                  lenient=True)
        return ActionSpace.of(JOINT_DELTA if self.relative_actions else JOINT_POSITION, contract)

    @property
    def continues(self) -> bool:
        """Whether chunks can go on from others (real-time chunking)."""
        return self.kind in CONTINUING and self.members == 1

    @property
    def recurrent(self) -> bool:
        """Whether the network keeps a memory from tick to tick."""
        return self.kind == 'bc_rnn'

    @property
    def window(self) -> int:
        """Ticks that training looks at together."""
        return self.bc_rnn.window if self.recurrent else self.observation_steps

    @property
    def past(self) -> int:
        """Observations since the last one that inference can use, at most."""
        return self.horizon if self.recurrent else self.observation_steps - 1

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras among the inputs."""
        return tuple(i for i in self.inputs if i not in VECTORS)

    def check_inputs(self, contract: Contract) -> None:
        """Check that the contract has every input, and each tool that is to be moved.

        Raises:
            ConfigError: It has not; the text names the valid inputs.
        """
        valid = ['state', *(['environment'] if contract.poses else []),
                 *(['gripper'] if contract.grippers else []), 'task',
                 *(camera.name for camera in contract.cameras)]
        if unknown := [i for i in self.inputs if i not in valid]:
            raise ConfigError(f'robot {contract.robot!r} has no input {unknown[0]!r}; '
                              f'valid: {", ".join(valid)}')
        self.space(contract)
        if any(self.augmentation.tool_stray) and len(contract.arms) != 1:
            raise ConfigError('augmentation.tool_stray: expected a robot with one arm, '
                              f'{contract.robot!r} has {len(contract.arms)}')
        if any(self.augmentation.tool_stray) and (
                contract.poses is None or TOOL_POSE not in contract.poses.names):
            raise ConfigError(f'augmentation.tool_stray: expected {TOOL_POSE!r} among the poses '
                              f'of robot {contract.robot!r}, got '
                              f'{list(contract.poses.names if contract.poses else [])}')
