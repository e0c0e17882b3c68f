"""The Fork as a robot: whole policies, schedulers and late chunks on it, as in `il_ros evaluate`.

The point moves by at most 0.25 per tick, so that a leap of the targets becomes a way through the
obstacle and not a jump over it. A first chunk that is late finds it where it started.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from il_ros.contract import Contract
from il_ros.evaluation.faults import Faults
from il_ros.evaluation.rollout import Conditions, roll_out
from il_ros.execution.schedulers.scheduler import ChunkScheduler
from il_ros.policies.checkpoint import Checkpoint
from il_ros.policies.config import PolicyConfig
from il_ros.policies.load import LearnedPolicy
from il_ros.policies.networks.network import Batch, Network
from il_ros.policies.networks.realtime_chunking import integrate, Previous, Velocity
from il_ros.policies.transforms import Normalize
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from benchmarks.tasks import fork

SPEED = 0.25
CONTRACT = Contract.from_text(f"""
robot: fork
task: pass the obstacle
rate_hz: 30.0
joints:
  - {{name: x, position: [-2.0, 2.0], velocity: {30 * SPEED}, acceleration: 1000.0}}
  - {{name: y, position: [-2.0, 2.0], velocity: {30 * SPEED}, acceleration: 1000.0}}
start: [-1.0, 0.0]
state: {{topic: joint_states, type: sensor_msgs/JointState, rate_hz: 30.0, max_age_s: 0.1}}
command: {{topic: command, type: std_msgs/Float64MultiArray}}
""")
STEPS = 10  # Euler steps of `Known`


class Env:
    """The point; as much of a Gymnasium environment as `roll_out` takes."""

    def reset(self, seed: int, options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start where the demonstration of a seed starts."""
        self.path = [fork.demonstrations(1, seed)[0][0].astype(np.float64)]
        self.targets: list[NDArray[np.float64]] = []
        return self._seen(), {}

    def step(self, target: NDArray[np.float64]) -> tuple[
            dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Go towards the target."""
        way = target - self.path[-1]
        self.path.append(self.path[-1] + way * min(1.0, SPEED / max(np.linalg.norm(way), 1e-9)))
        self.targets.append(target)
        done = len(self.path) > 2 * fork.HORIZON
        success = done and bool(fork.success(np.array(self.path)[None])[0])
        return self._seen(), 0.0, False, done, {'success': success}

    def _seen(self) -> dict[str, Any]:
        return {'observation.state': self.path[-1], 'observation.environment_state': np.zeros(0)}


class Driven(NamedTuple):
    """Over all episodes.

    Attributes:
        successes: Their number.
        leaps: Largest second difference of each's targets sideways. Shape (N,).
    """

    successes: int
    leaps: NDArray[np.float64]


def drive(policy: LearnedPolicy, make_scheduler: Callable[[], ChunkScheduler],
          seeds: Iterable[int], latency_ticks: int) -> Driven:
    """Roll a policy out with chunks that come late."""
    successes, leaps = 0, []
    conditions = Conditions(False, faults=Faults(latency_ticks=latency_ticks))
    for seed in seeds:
        env = Env()
        policy.seed(seed)
        successes += roll_out(env, CONTRACT, policy, make_scheduler(), seed, conditions).success
        leaps.append(np.abs(np.diff([y for _, y in env.targets[latency_ticks:]], 2)).max())
    return Driven(successes, np.array(leaps))


def whole(network: Network, kind: str, scale: Iterable[float]) -> LearnedPolicy:
    """Return the policy around a network for the Fork's sizes.

    Args:
        network: Its one input is 'state'.
        kind: Of the configuration.
        scale: What one unit of the network's actions is.
    """
    config = PolicyConfig(
        kind=kind, inputs=('state',), horizon=fork.HORIZON, relative_actions=False,
        normalization='min_max' if kind == 'diffusion' else 'mean_std')
    zero = {'state': np.zeros(2), 'actions': np.zeros((fork.HORIZON, 2))}
    units = {'state': np.ones(2), 'actions': np.tile(np.array(list(scale)), (fork.HORIZON, 1))}
    return LearnedPolicy(Checkpoint(config, CONTRACT, Normalize(zero, units)), network)


class Known(Network):
    """A flow whose velocity follows exactly from the demonstrations; nothing is learned."""

    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        states, chunks = map(torch.from_numpy, fork.windows(2000, 3))
        self.register_buffer('states', states)
        self.register_buffer('known', (chunks / scale).flatten(1))
        self.noise = (fork.HORIZON, fork.ACTIONS)

    def forward(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return a chunk. Shape (B, H, 2)."""
        return integrate(self._velocity(batch), self._start(batch, noise), STEPS)

    def continued(self, batch: Batch, previous: Previous, noise: Tensor | None = None) -> Tensor:
        """Return a chunk that continues the previous one. Shape (B, H, 2)."""
        with torch.inference_mode(False):
            batch = {key: value.clone() for key, value in batch.items()}
            return integrate(self._velocity(batch), self._start(batch, noise), STEPS, previous)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return 0: there is nothing to learn."""
        return batch['state'].new_zeros(()), {}

    def _start(self, batch: Batch, noise: Tensor | None) -> Tensor:
        return torch.randn(len(batch['state']), *self.noise) if noise is None else noise

    def _velocity(self, batch: Batch) -> Velocity:
        states, known = self.get_buffer('states'), self.get_buffer('known')
        near = -torch.cdist(batch['state'], states).square() / (2 * 0.02 ** 2)

        def velocity(x: Tensor, time: Tensor) -> Tensor:
            t = time[0].item()
            likely = torch.cdist(x.flatten(1), (1 - t) * known).square() / (-2 * t ** 2)
            chunk = (near + likely).softmax(1) @ known  # E[a | x_t, observation]
            return (x - chunk.view_as(x)) / t
        return velocity
