"""The Fork in the network's units, training on it, and driving it chunk after chunk."""
import copy
import math

from il_ros.policies.network import Sizes
from il_ros.policies.realtime_chunking import Previous, soft_mask
from il_ros.training.train import update_average
import torch

from benchmarks.tasks import fork

SIZES = Sizes({'state': fork.STATE}, {}, fork.HORIZON, fork.ACTIONS)
DEVIATION = torch.tensor([0.6, 0.33])  # of the actions, which learn as in `mean_std`
DELAY, EXECUTED = 5, 6


def train(network, observations, actions, *, steps, rate=4e-3, batch_size=64):
    """Return the average of the weights after a short training on one core."""
    average = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate)
    for step in range(steps):
        for group in optimizer.param_groups:
            group['lr'] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        rows = torch.randint(len(actions), (batch_size,))
        loss, _ = network.loss({
            'state': observations[rows], 'actions': actions[rows],
            'valid': torch.ones(batch_size, fork.HORIZON, dtype=torch.bool)})
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        update_average(average, network, step, 0.99)
    return average


def drive(draw, starts, guided):
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
    leap = None
    while len(path) <= fork.HORIZON:
        rest = torch.cat([old[:, EXECUTED:], old[:, -1:].expand(-1, EXECUTED, -1)], 1)
        previous = Previous(rest / DEVIATION, soft_mask(fork.HORIZON, DELAY, EXECUTED))
        new = draw(path[-1], previous if guided else None) * DEVIATION
        path += rest[:, :DELAY].unbind(1)  # runs while the new one is computed
        if leap is None:
            leap = (new[:, DELAY] - 2 * path[-1] + path[-2]).norm(dim=-1)
        path += new[:, DELAY:EXECUTED].unbind(1)
        old = new
    return torch.stack(path[1:], 1).numpy(), leap
