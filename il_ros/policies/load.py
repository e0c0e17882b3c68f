"""A checkpoint folder becomes a policy."""
from __future__ import annotations

from pathlib import Path

from il_ros.contract import Contract, require_same
from il_ros.errors import CheckpointError, ConfigError, install
from il_ros.policies.act import ACT
from il_ros.policies.bc import BC
from il_ros.policies.bc_rnn import BCRNN
from il_ros.policies.checkpoint import Checkpoint, read, read_weights, WEIGHTS, Weights
from il_ros.policies.config import PolicyConfig
from il_ros.policies.flow import Flow
from il_ros.policies.gmm import GMM
from il_ros.policies.ibc import IBC
from il_ros.policies.inputs.data import Data
from il_ros.policies.inputs.history import by_steps, History
from il_ros.policies.networks.ensemble import Ensemble
from il_ros.policies.networks.network import Batch, Network, Sizes
from il_ros.policies.networks.realtime_chunking import Continuing, Previous, soft_mask
from il_ros.policies.policy import cannot_continue, Continuation, start_observation
from il_ros.policies.transforms import features
from il_ros.types import Floats, Observation
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor


class LearnedPolicy:
    """A network between its transforms; the `Policy` that checkpoints hold.

    Attributes:
        task: The instruction where an observation has none; the contract's, unless told another.
        uncertainty: Of an ensemble's newest chunk, the mean of `spread` over each row. Shape
            (H,); None of one member, or of a chunk from given noise.
    """

    uncertainty: Floats | None = None

    def __init__(self, checkpoint: Checkpoint, network: Network, device: str = 'cpu') -> None:
        self.description = checkpoint
        self.contract = checkpoint.contract
        self.horizon = checkpoint.config.horizon
        self.cameras = checkpoint.config.cameras
        self.task = checkpoint.contract.task
        self._steps = checkpoint.config.observation_steps
        self._history = History(self._steps, checkpoint.config.inputs)
        self._memory: Tensor | None = None  # of a recurrent network
        self._said = torch.empty(0)         # its newest answer
        self._frame = checkpoint.frame
        self._features = features(checkpoint.config, checkpoint.contract, self._frame)
        self._normalize = checkpoint.normalize
        self.network = network.to(device).eval()
        self._device = device

    def infer(self, observation: Observation, noise: NDArray[np.float32] | None = None) -> Floats:
        """Return the next joint targets. Shape (H, J).

        Raises:
            ReachError: A tool cannot be brought where the network wants it.

        Args:
            observation: What the robot knows.
            noise: What decides the chunk of a policy that draws; see `Network.noise`. New
                from torch's generator when None.
        """
        targets: Floats = self._features.backward(self._run(observation, noise))['actions'][0]
        return targets

    def continued(self, observation: Observation, previous: Continuation) -> Floats:
        """Return a chunk that goes on from what runs already. Shape (H, J).

        Raises:
            ConfigError: The network has no real-time chunking.
        """
        if not isinstance(self.network, Continuing):
            raise cannot_continue(
                f'{self.description.config.kind} of {self.description.config.members} members')
        rows = previous.positions[:self.horizon]
        after = self.horizon - len(rows)  # the last rows are free
        weight = soft_mask(self.horizon, min(previous.delay, len(rows), after), after)
        actions = np.concatenate([rows, np.repeat(rows[-1:], after, 0)])
        if self._frame:
            actions = self._frame.poses(actions)
        batch = self._batch(self._window(observation))
        before = self._normalized({'state': observation.state[None], 'actions': actions[None]})
        found = self.network.continued(batch, Previous(
            self._batch(before)['actions'], weight.to(self._device)))
        targets: Floats = self._features.backward(
            self._denormalized(observation, found))['actions'][0]
        return targets

    def motions(self, observation: Observation, noise: NDArray[np.float32] | None = None
                ) -> Floats:
        """Return the same chunk as the network's own actions, in their units. Shape (H, A)."""
        actions: Floats = self._run(observation, noise)['actions'][0]
        return actions

    def spread(self, observation: Observation) -> Floats:
        """Return the variance among the members of an ensemble: how little the policy knows here.

        In units of the demonstrated actions' variance (of their half range squared, with
        'min_max'), so that joints, gripper and rows compare. Shape (H, A), A as in `motions`.

        Raises:
            ConfigError: The policy has one member.
        """
        if not isinstance(self.network, Ensemble):
            raise ConfigError('spread: expected an ensemble, got a policy of 1 member; train it '
                              'with --members 5')
        return _variance(self._each(self.network, observation)[:, 0])

    def _window(self, observation: Observation) -> Data:
        return by_steps(self._normalized(self._history.window(observation, self.task)),
                        self._steps)

    def _normalized(self, data: Data) -> Data:
        return self._normalize.forward(self._features.forward(data))

    def _denormalized(self, observation: Observation, chunk: Tensor) -> Data:
        return {'state': observation.state[None],
                **self._normalize.backward({'actions': chunk.float().cpu().numpy()})}

    def _batch(self, data: Data) -> Batch:
        return {key: torch.from_numpy(np.ascontiguousarray(value)).to(self._device)
                for key, value in data.items()}

    def _run(self, observation: Observation, noise: NDArray[np.float32] | None) -> Data:
        given = () if noise is None else (torch.from_numpy(noise[None]).to(self._device),)
        self.uncertainty = None
        if isinstance(self.network, Ensemble) and not given:
            chunks = self._each(self.network, observation)
            chunk = self.network.combined(chunks)
            self.uncertainty = _variance(chunks[:, 0]).mean(-1)
        elif isinstance(self.network, BCRNN):
            chunk = self._remember(self.network, observation)
        else:
            with torch.inference_mode():
                chunk = self.network(self._batch(self._window(observation)), *given)
        return self._denormalized(observation, chunk)

    def _each(self, network: Ensemble, observation: Observation) -> Tensor:
        """Return every member's chunk. Shape (N, 1, H, A)."""
        if self.description.config.recurrent:
            return self._remember(network, observation)
        with torch.inference_mode():
            return network.each(self._batch(self._window(observation)))

    def _remember(self, network: BCRNN | Ensemble, observation: Observation) -> Tensor:
        """Let a recurrent network see what is new and return what it says to the newest."""
        for data in self._history.new(observation, self.task):
            with torch.inference_mode():
                self._said, self._memory = network.step(
                    self._batch(self._normalized(data)), self._memory)
        return self._said

    def seed(self, seed: int) -> None:
        """Start the noise that chunks are drawn from, which is torch's, anew."""
        torch.manual_seed(seed)

    def reset(self) -> None:
        """Forget what was seen."""
        self._history.reset()
        self._memory = None


def _variance(chunks: Tensor) -> Floats:
    variance: Floats = chunks.double().var(0, correction=0).cpu().numpy()
    return variance


def make_network(config: PolicyConfig, contract: Contract) -> Network:
    """Return an untrained network of the policy's kind, members and the robot's sizes."""
    sizes = Sizes.of(config, contract)
    members = [_make_member(config, sizes) for _ in range(config.members)]
    return Ensemble(members) if len(members) > 1 else members[0]


def _make_member(config: PolicyConfig, sizes: Sizes) -> Network:
    if config.kind == 'diffusion':
        try:  # here, since diffusers takes a second to import
            from il_ros.policies.diffusion import Diffusion
        except ModuleNotFoundError as error:
            raise ConfigError(f"kind 'diffusion': expected the package {error.name!r}, got none; "
                              f'{install("train", str(error.name))}') from None
        return Diffusion(config.diffusion, sizes)
    if config.kind == 'flow':
        return Flow(config.flow, sizes)
    if config.kind == 'bc_rnn':
        return BCRNN(config.bc_rnn, config.bc, sizes)
    if config.kind == 'gmm':
        return GMM(config.gmm, config.bc, sizes)
    if config.kind == 'ibc':
        return IBC(config.ibc, config.bc, sizes)
    return ACT(config.act, sizes) if config.kind == 'act' else BC(config.bc, sizes)


def load(checkpoint: Path, contract: Contract | None = None, device: str = 'cpu') -> LearnedPolicy:
    """Return the policy of a checkpoint folder, after a dry run.

    Args:
        checkpoint: A folder that training wrote.
        contract: The robot it shall drive, and what it shall do; the checkpoint's own when None.
        device: Where the network runs.

    Raises:
        CheckpointError: A file is missing or damaged, sizes disagree, or weights or outputs are
            not finite.
        ContractMismatchError: It was trained for another robot; the text shows the difference.
    """
    description = read(checkpoint)
    if contract is not None:
        require_same(contract, description.contract, 'this robot', 'the checkpoint')
    network = make_network(description.config, description.contract)
    set_weights(network, read_weights(checkpoint / WEIGHTS),
                str(checkpoint / WEIGHTS))
    _check_statistics(description, checkpoint)
    policy = LearnedPolicy(description, network, device)
    if contract is not None:
        policy.task = contract.task
    if not np.isfinite(policy.motions(sample_observation(description))).all():
        raise CheckpointError(f'{checkpoint}: the dry run gave targets that are not finite')
    policy.reset()
    return policy


def set_weights(network: Network, weights: Weights, where: str) -> None:
    """Put weights into a network.

    Raises:
        CheckpointError: Names or shapes differ; the text shows them.
    """
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    got = {name: value.shape for name, value in weights.items()}
    wrong = [f'{name}: expected {expected.get(name, "none")}, got {got.get(name, "none")}'
             for name in sorted(expected.keys() | got.keys())
             if expected.get(name) != got.get(name)]
    if wrong:
        raise CheckpointError(f'{where}: weights do not fit config.json and contract.yaml: '
                              + '; '.join(wrong[:4])
                              + (f'; and {len(wrong) - 4} more' if len(wrong) > 4 else ''))
    network.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})


def sample_observation(description: Checkpoint) -> Observation:
    """Return the robot at its start pose with black images and poses at the origin."""
    return start_observation(description.contract, description.config.cameras)


def _check_statistics(description: Checkpoint, folder: Path) -> None:
    sizes = Sizes.of(description.config, description.contract)
    contract = description.contract
    expected = {'state': (len(contract.joints) + int(contract.continuous.sum()),),
                **{k: (n,) for k, n in sizes.inputs.items()},
                'actions': (sizes.horizon, sizes.actions)}
    got = {key: value.shape for key, value in description.normalize.offset.items()}
    if got != expected:
        raise CheckpointError(f'{folder}/statistics.json: expected {expected}, got {got}')
