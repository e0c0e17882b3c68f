"""The interface that every policy has."""
from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from il_ros.contract import Contract
from il_ros.errors import ConfigError, ReachError
from il_ros.types import Floats, Observation
import numpy as np


class Policy(Protocol):
    """Turns what the robot knows into what it shall do next.

    Attributes:
        contract: The robot that it was made for.
        horizon: Rows of a chunk, H.
        cameras: Names of the cameras that `infer` needs.
    """

    contract: Contract
    horizon: int
    cameras: tuple[str, ...]

    def infer(self, observation: Observation) -> Floats:
        """Return the next joint targets, whatever space the policy itself thinks in.

        Returns:
            Absolute joint positions in contract order [rad] or [m], velocities of a base, row 0
            for the tick after the observation, one contract period between rows. Shape (H, J),
            float64.

        Raises:
            ReachError: The policy wants a tool where its arm cannot bring it.
        """
        ...

    def reset(self) -> None:
        """Forget everything before now: an episode starts or the control changed hands."""
        ...


class Continuation(NamedTuple):
    """What the robot does anyway, for a chunk that has to go on from it.

    Attributes:
        positions: Rows of the chunk in use from row 0 of the new one on. Shape (h, J), h > 0.
        delay: How many of them run, at most, before the new chunk is there.
    """

    positions: Floats
    delay: int


@runtime_checkable
class ContinuingPolicy(Policy, Protocol):
    """A policy whose chunks can go on from others: real-time chunking."""

    def continued(self, observation: Observation, previous: Continuation) -> Floats:
        """Return what `infer` does, as the continuation of what runs already. Shape (H, J).

        Raises:
            ConfigError: This policy cannot.
        """
        ...


@runtime_checkable
class Doubting(Protocol):
    """A policy that tells how little it knows.

    Attributes:
        uncertainty: Of the newest chunk, one value of 0 or more per row. Shape (H,); None where
            it cannot tell.
    """

    uncertainty: Floats | None


@runtime_checkable
class Seeded(Protocol):
    """A policy whose draws can be repeated."""

    def seed(self, seed: int) -> None:
        """Start the noise that chunks are drawn from anew."""
        ...


class Description(NamedTuple):
    """What is known of a policy before it is loaded.

    Attributes:
        contract: The robot that it drives.
        kind: Which network, for people.
        cameras: Names of the cameras that it needs.
        horizon: Most rows of its chunks, H.
        continues: Its chunks can go on from others.
        past: How many observations since the last one it can use besides the newest, at most.
    """

    contract: Contract
    kind: str
    cameras: tuple[str, ...]
    horizon: int
    continues: bool = False
    past: int = 0


def infer(policy: Policy, observation: Observation, previous: Continuation | None) -> Floats:
    """Return a policy's chunk, free or as a continuation. Shape (H, J).

    Raises:
        ConfigError: The policy has no chunks that go on from others.
    """
    if previous is None:
        return policy.infer(observation)
    if not isinstance(policy, ContinuingPolicy):
        raise cannot_continue(type(policy).__name__)
    return policy.continued(observation, previous)


def infer_or_hold(policy: Policy, observation: Observation,
                  previous: Continuation | None) -> Floats | None:
    """Return what `infer` does; None where a tool cannot reach what the policy wants.

    Then a robot holds, as the live one does without a chunk.
    """
    try:
        return infer(policy, observation, previous)
    except ReachError:
        return None


def cannot_continue(policy: str) -> ConfigError:
    """Return the error for a policy whose chunks cannot go on from others."""
    return ConfigError("scheduler 'realtime': expected a flow or diffusion policy of one member "
                       f"with the backend torch, got {policy}; take the scheduler 'asynchronous'")


def start_observation(contract: Contract, cameras: tuple[str, ...]) -> Observation:
    """Return the robot at its start pose with black images and poses at the origin."""
    environment = np.zeros(contract.environment_size)
    environment[6::7] = 1.0
    return Observation(0, np.array(contract.start), environment, {
        name: contract.camera(name).blank() for name in cameras})
