"""Training of the gates' networks: SafeDAgger's classifier and ThriftyDAgger's Q."""
from __future__ import annotations

from typing import NamedTuple

from il_ros.errors import ConfigError
from il_ros.intervention.gates.models import Perceptron, Twin
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor

HIDDEN = 64
GAMMA, POLYAK, POSITIVES = 0.9999, 0.995, 0.1   # of ThriftyDAgger, appendix
LEAST_SCALE = 0.05   # what hardly moves in the data must not become a large number


class Transitions(NamedTuple):
    """Steps of episodes, whoever acted.

    Attributes:
        inputs: State and executed action. Shape (N, D).
        following: The next state and what the policy would do there, its members' mean. (N, D).
        goal: The task was done in this step. Shape (N,).
        done: The episode ended with this step. Shape (N,).
    """

    inputs: Floats
    following: Floats
    goal: NDArray[np.bool_]
    done: NDArray[np.bool_]


def fit_classifier(inputs: Floats, unsafe: NDArray[np.bool_], seed: int, *, steps: int = 500,
                   rate: float = 3e-3, batch: int = 128) -> Perceptron:
    """Return the probability that an action is safe.

    Args:
        inputs: State and the policy's action, at steps that it did not learn from. Shape (N, D).
        unsafe: Whether it differed from the person's there. Shape (N,).
        seed: Same seed and data, same network.
        steps: Of Adam.
        rate: Learning rate.
        batch: Steps drawn at a time.

    Raises:
        ConfigError: All steps are of one kind.
    """
    if unsafe.all() or not unsafe.any():
        raise ConfigError(f'the classifier: expected safe and unsafe steps, got {len(unsafe)} of '
                          'one kind; choose another tau or record more')
    random = np.random.default_rng(seed)
    offset, scale = _statistics(inputs)
    network = _Networks(1, inputs.shape[1], seed)
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2, fused=True)
    x, y = _tensor((inputs - offset) / scale), _tensor(~unsafe)
    for _ in range(steps):
        rows = random.integers(len(x), size=batch)
        loss = nn.functional.binary_cross_entropy_with_logits(network(x[rows])[0], y[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return network.to_numpy(offset, scale)[0]


def fit_value(transitions: Transitions, seed: int, *, steps: int = 2000, rate: float = 1e-3,
              batch: int = 64, gamma: float = GAMMA) -> Twin:
    """Return Q_G(s, a): the discounted probability that the policy does the task from here.

    Twin networks; the target is 1_G + gamma (1 - done) min Q'(s', pi(s')), Q' a moving average
    (Polyak 0.995); a tenth of each batch are steps that did the task.

    Args:
        transitions: Of demonstrations and rollouts, failures among them.
        seed: Same seed and data, same networks.
        steps: Of Adam.
        rate: Learning rate.
        batch: Transitions drawn at a time.
        gamma: Discount per step.

    Source: Hoque et al. 2021 (arXiv:2109.08273), section 4.3 and appendix.

    Raises:
        ConfigError: No step does the task.
    """
    positive = np.flatnonzero(transitions.goal)
    if not len(positive):
        raise ConfigError('Q: expected episodes that succeeded among the data, got none')
    random = np.random.default_rng(seed)
    offset, scale = _statistics(transitions.inputs)
    x, following = (_tensor((values - offset) / scale)
                    for values in (transitions.inputs, transitions.following))
    goal, proceeds = _tensor(transitions.goal), _tensor(~(transitions.done | transitions.goal))
    online, slow = (_Networks(2, x.shape[1], seed) for _ in range(2))
    optimizer = torch.optim.Adam(online.parameters(), rate, fused=True)
    wanted = max(1, round(POSITIVES * batch))
    for _ in range(steps):
        rows = np.concatenate([random.choice(positive, wanted),
                               random.integers(len(x), size=batch - wanted)])
        with torch.no_grad():
            lowest = torch.sigmoid(slow(following[rows])).min(0).values
            target = goal[rows] + gamma * proceeds[rows] * lowest
        loss = (torch.sigmoid(online(x[rows])) - target).square().mean(1).sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(slow.parameters()), list(online.parameters()), 1 - POLYAK)
    return Twin(online.to_numpy(offset, scale))


class _Networks(nn.Module):
    """A few networks of two hidden layers, side by side in one product of matrices."""

    def __init__(self, count: int, inputs: int, seed: int) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(seed)
        sizes = [(inputs, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 1)]
        self.weights = nn.ParameterList([
            torch.randn(count, a, b, generator=random) / a ** 0.5 for a, b in sizes])
        self.biases = nn.ParameterList([torch.zeros(count, 1, b) for _, b in sizes])

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits. Shape (B, D) -> (n, B)."""
        hidden = inputs.expand(len(self.weights[0]), -1, -1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = torch.tanh(torch.baddbmm(bias, hidden, weight))
        return torch.baddbmm(self.biases[-1], hidden, self.weights[-1])[..., 0]

    def to_numpy(self, offset: Floats, scale: Floats) -> list[Perceptron]:
        """Return each network."""
        weights, biases = ([value.detach().double().numpy() for value in values]
                           for values in (self.weights, self.biases))
        return [Perceptron(offset, scale, tuple(w[k] for w in weights),
                           tuple(b[k, 0] for b in biases)) for k in range(len(weights[0]))]


def _statistics(inputs: Floats) -> tuple[Floats, Floats]:
    return inputs.mean(0), np.maximum(inputs.std(0), LEAST_SCALE)


def _tensor(values: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))
