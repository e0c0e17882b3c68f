"""Real-time chunking (Black et al. 2025, arXiv:2506.07339): a chunk that continues the last one.

While the network computes, the robot executes `delay` more rows of the previous chunk. A chunk
drawn without regard to them may go another way, and the robot would leap. Here the flow from noise
to the new chunk is guided towards the previous one: hard where its rows will have been executed,
softly behind, not at all where it has no rows (section 3 and algorithm 1).

Time runs as in `il_ros.policies.flow`, from t = 1, noise, to t = 0, the chunk; the paper's is
1 - t and its velocity the negative of ours. All chunks are in the network's units.
"""
from __future__ import annotations

from collections.abc import Callable
import math
from typing import NamedTuple, Protocol, runtime_checkable

from il_ros.errors import ConfigError
import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
LARGEST_GUIDANCE = 5.0  # beta of the paper, for its 5 steps and for our 10


class Previous(NamedTuple):
    """What a new chunk shall continue.

    Attributes:
        chunk: The previous chunk from the first row that the new one covers, filled up to H rows
            with anything finite. Shape (B, H, A).
        weight: How much each row counts; see `soft_mask`. Shape (H,).
    """

    chunk: Tensor
    weight: Tensor


@runtime_checkable
class Continuing(Protocol):
    """A network whose chunks can continue others."""

    def continued(self, batch: dict[str, Tensor], previous: Previous,
                  noise: Tensor | None = None) -> Tensor:
        """Return a chunk that continues the previous one. Shape (B, H, A).

        Args:
            batch: The observation.
            previous: In normalised actions as seen from this observation, where they are
                relative.
            noise: To draw the chunk from; new when None. Shape (B, H, A).
        """
        ...


def soft_mask(horizon: int, delay: int, executed: int) -> Tensor:
    """Return how much each row of the previous chunk binds the new one (equation 5). Shape (H,).

    Args:
        horizon: Rows of a chunk, H.
        delay: Rows that run while the new chunk is computed, d: they bind fully.
        executed: Rows between the starts of the two chunks, s: the previous chunk has no opinion
            on the last s rows of the new one.

    Raises:
        ConfigError: Not 0 <= d <= s <= H - d: the previous chunk would end before the new one
            is there.
    """
    if not 0 <= delay <= executed <= horizon - delay:
        raise ConfigError(f'real-time chunking: expected 0 <= delay <= executed rows <= horizon - '
                          f'delay, got delay {delay}, executed {executed}, horizon {horizon}; '
                          'take a longer horizon or infer faster')
    row = torch.arange(horizon)
    share = ((horizon - executed - row) / (horizon - executed - delay + 1)).clamp(0, 1)
    soft = share * share.exp().sub(1) / (math.e - 1)
    return torch.where(row < delay, 1.0, torch.where(row < horizon - executed, soft, 0.0))


def guidance(time: float, largest: float = LARGEST_GUIDANCE) -> float:
    """Return the weight of the correction at a time, equations 2 and 4: at most `largest`.

    min(beta, (1 - tau) / (tau r^2)) with r^2 = (1 - tau)^2 / (tau^2 + (1 - tau)^2), tau = 1 - t.
    """
    tau = 1 - time
    below = tau * (1 - tau)
    return min(largest, (tau ** 2 + (1 - tau) ** 2) / below) if below > 0 else largest


def correction(velocity: Velocity, x: Tensor, time: Tensor, previous: Previous,
               bound: float = math.inf) -> tuple[Tensor, Tensor]:
    """Return the velocity at (x, t) and which way x must move for its chunk to meet the old one.

    The chunk that x is on its way to is a(x) = x - t v(x, t). The second value is the
    vector-Jacobian product of the weighted error with a THROUGH the network,
    (W (previous - a))^T da/dx: not the error itself, since other rows follow.

    Args:
        velocity: Of the flow.
        x: Where it is. Shape (B, H, A).
        time: Shape (B,).
        previous: What a(x) shall meet.
        bound: Largest absolute value that a sampler lets a(x) have; the error counts from there.

    Returns:
        Velocity and correction, each of shape (B, H, A), detached.
    """
    with torch.inference_mode(False), torch.enable_grad():
        # Required before the network runs: afterwards, a would depend on x directly alone.
        x = x.detach().clone().requires_grad_()
        v = velocity(x, time)
        chunk = x - time[:, None, None] * v
        error = (previous.chunk - chunk.clamp(-bound, bound)).detach()
        error = error * previous.weight[:, None]
        found, = torch.autograd.grad(chunk, x, error)
    return v.detach(), found


def integrate(velocity: Velocity, noise: Tensor, steps: int, previous: Previous | None = None,
              largest: float = LARGEST_GUIDANCE) -> Tensor:
    """Return the chunk that noise flows to in Euler steps from t = 1 to t = 0.

    Args:
        velocity: Of a chunk (B, H, A) at times (B,).
        noise: Where to start. Shape (B, H, A).
        steps: Euler steps, n.
        previous: What the chunk shall continue; free when None.
        largest: Bound of the guidance weight.
    """
    x = noise
    for step in range(steps):
        time = 1 - step / steps
        at = x.new_full((len(x),), time)
        if previous is None:
            x = x - velocity(x, at) / steps
        else:  # dx/dt = v - w g: the way to t = 0 is against the velocity and with g
            v, towards = correction(velocity, x, at, previous)
            x = x - (v - guidance(time, largest) * towards) / steps
    return x
