"""The Fork driven chunk after chunk, each of them late: what real-time chunking is for."""
from __future__ import annotations

from collections.abc import Callable

from il_ros.policies.networks.realtime_chunking import Previous, soft_mask
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from benchmarks.tasks import fork

DEVIATION = torch.tensor([0.6, 0.33])  # of the actions, which learn as in `mean_std`
DELAY, EXECUTED = 5, 6

Draw = Callable[[Tensor, Previous | None], Tensor]


def drive(draw: Draw, starts: Tensor, guided: bool) -> tuple[NDArray[np.float32], Tensor]:
    """Drive with a new chunk every 6 steps that is 5 steps late.

    Args:
        draw: Chunks in the network's units for observations and what they continue, or None.
        starts: Shape (N, 2).
        guided: Give `draw` the previous chunk.

    Returns:
        Paths (N, T, 2), and how far each new chunk leaves the old course where it takes over,
        as the second difference of the first change of chunks. Shape (N,).
    """
    old = draw(starts, None) * DEVIATION
    path = [starts, *old[:, :EXECUTED].unbind(1)]
    leaps = []
    while len(path) <= fork.HORIZON:
        rest = torch.cat([old[:, EXECUTED:], old[:, -1:].expand(-1, EXECUTED, -1)], 1)
        previous = Previous(rest / DEVIATION, soft_mask(fork.HORIZON, DELAY, EXECUTED))
        new = draw(path[-1], previous if guided else None) * DEVIATION
        path += rest[:, :DELAY].unbind(1)  # runs while the new one is computed
        leaps.append((new[:, DELAY] - 2 * path[-1] + path[-2]).norm(dim=-1))
        path += new[:, DELAY:EXECUTED].unbind(1)
        old = new
    return torch.stack(path[1:], 1).numpy(), leaps[0]
