"""The networks of the gates, in numpy: small, and a node that asks for help needs no torch."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from il_ros.errors import CheckpointError
from il_ros.types import Floats
import numpy as np


@dataclass(frozen=True)
class Perceptron:
    """Layers with tanh between them; its answer is a probability.

    Attributes:
        offset: Subtracted from the inputs. Shape (D,).
        scale: The inputs are divided by it. Shape (D,).
        weights: Per layer, (in, out).
        biases: Per layer, (out,).
    """

    offset: Floats
    scale: Floats
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def __call__(self, inputs: Floats) -> Floats:
        """Return probabilities. Shape (N, D) -> (N,)."""
        hidden = (inputs - self.offset) / self.scale
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = np.tanh(hidden @ weight + bias)
        logits = (hidden @ self.weights[-1] + self.biases[-1])[:, 0]
        probabilities: Floats = 0.5 * (1 + np.tanh(0.5 * logits))
        return probabilities

    def arrays(self, name: str) -> dict[str, Floats]:
        """Return what `of` makes it from again, under names that begin with `name`."""
        return {f'{name}.offset': self.offset, f'{name}.scale': self.scale,
                **{f'{name}.{i}.weight': value for i, value in enumerate(self.weights)},
                **{f'{name}.{i}.bias': value for i, value in enumerate(self.biases)}}

    @staticmethod
    def of(arrays: dict[str, Floats], name: str, inputs: int) -> Perceptron:
        """Return the network whose arrays begin with `name`.

        Raises:
            CheckpointError: Arrays are missing, or do not fit each other or the inputs.
        """
        values = {key.removeprefix(f'{name}.'): np.asarray(value, np.float64)
                  for key, value in arrays.items() if key.startswith(f'{name}.')}
        layers = range(sum(key.endswith('weight') for key in values))
        try:
            network = Perceptron(values['offset'], values['scale'],
                                 tuple(values[f'{i}.weight'] for i in layers),
                                 tuple(values[f'{i}.bias'] for i in layers))
            fits = network(np.zeros((1, inputs))).shape == (1,)
        except (KeyError, ValueError, IndexError):
            fits = False
        if not fits:
            raise CheckpointError(f'{name}: expected a network of {inputs} inputs, got '
                                  f'{ {key: value.shape for key, value in values.items()} }')
        return network


@dataclass(frozen=True)
class Twin:
    """ThriftyDAgger's Q: the lower of two networks' answers, as in TD3 (Fujimoto et al. 2018)."""

    networks: Sequence[Perceptron]

    def __call__(self, inputs: Floats) -> Floats:
        """Return probabilities. Shape (N, D) -> (N,)."""
        lowest: Floats = np.min([network(inputs) for network in self.networks], 0)
        return lowest
