"""Particle-2D of the implicit BC paper: a point visits two goals, one after the other.

Florence et al. 2021 (arXiv:2109.00137), section 4 and appendix C.2, with the constants of the
authors' environment: a PD controller at 200 Hz follows the setpoint that the policy gives at
20 Hz. The setpoint is the first goal until the point is there and the second from then on: it
jumps, and a policy that is smooth in its observation points in between.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Policy = Callable[[Array], Array]  # observations (N, 8) to setpoints (N, 2)

STATE, ACTIONS = 8, 2   # position, velocity, first goal, second goal; the setpoint
STEPS = 50              # of a rollout, at 20 Hz
SUBSTEPS, DT = 10, 0.005
K_P, K_V = 10.0, 5.0
REACHED = 0.01          # distance at which the demonstrator turns to the second goal
TOLERANCE = 0.05        # distance at which a goal counts as visited


class Particles:
    """N points in the unit square, each with two goals."""

    def __init__(self, count: int, seed: int) -> None:
        self.position, self.first, self.second = np.random.default_rng(seed).uniform(
            size=(3, count, 2))
        self.velocity = np.zeros((count, 2))
        self.visited = np.zeros((2, count), bool)

    def observe(self) -> Array:
        """Return what a policy sees, of the order of [-1, 1]. Shape (N, 8)."""
        places = [2 * p - 1 for p in (self.position, self.first, self.second)]
        return np.concatenate([places[0], self.velocity, *places[1:]], 1).astype(np.float32)

    def step(self, setpoint: NDArray[np.floating]) -> None:
        """Follow setpoints in [-1, 1] for one step. Shape (N, 2)."""
        target = (setpoint + 1) / 2
        for _ in range(SUBSTEPS):
            force = K_P * (target - self.position) - K_V * self.velocity
            self.position = self.position + self.velocity * DT
            self.velocity = self.velocity + force * DT
        self.visited[0] |= self.near(self.first, TOLERANCE)
        self.visited[1] |= self.near(self.second, TOLERANCE)

    def near(self, goal: NDArray[np.floating], distance: float) -> NDArray[np.bool_]:
        """Return which points are within a distance of a place. Shape (N,)."""
        near: NDArray[np.bool_] = np.linalg.norm(self.position - goal, axis=1) < distance
        return near

    def success(self) -> NDArray[np.bool_]:
        """Return which points visited both goals and stand at the second. Shape (N,)."""
        done: NDArray[np.bool_] = self.visited.all(0) & self.near(self.second, TOLERANCE)
        return done


def demonstrations(count: int, seed: int) -> tuple[Array, Array]:
    """Return the steps of demonstrated rollouts.

    Returns:
        Observations (50 * count, 8) and setpoints as chunks of one row (50 * count, 1, 2).
    """
    particles, turned = Particles(count, seed), np.zeros(count, bool)
    observations, setpoints = [], []
    for _ in range(STEPS):
        turned |= particles.near(particles.first, REACHED)
        setpoint = 2 * np.where(turned[:, None], particles.second, particles.first) - 1
        observations.append(particles.observe())
        setpoints.append(setpoint)
        particles.step(setpoint)
    return (np.concatenate(observations),
            np.concatenate(setpoints)[:, None].astype(np.float32))


def rollouts(policy: Policy, count: int, seed: int) -> NDArray[np.bool_]:
    """Return which rollouts of a policy succeed. Shape (count,)."""
    particles = Particles(count, seed)
    for _ in range(STEPS):
        particles.step(policy(particles.observe()))
    return particles.success()
