"""What goes wrong between the robot and its policy: noise, lost frames, late chunks."""
from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, replace

from il_ros.contract import Contract, POSE_SIZE
from il_ros.errors import ConfigError
from il_ros.types import Floats, Observation, Pixels, View
import numpy as np

STREAM = 10   # of random numbers per seed; the simulation has the first ones


@dataclass(frozen=True)
class Faults:
    """What disturbs the policy's view of the robot; 0 everywhere is nothing.

    Attributes:
        joint_noise: Standard deviation on measured joint positions, as a share of a joint's range.
        pose_noise: Standard deviation on each coordinate of each pose [m], and as much on each
            component of its quaternion: 0.01 is 1 cm and about 1 degree.
        image_noise: Standard deviation on every pixel, of 255.
        dropped: Share of ticks at which nothing new arrives: the observation before stands.
        latency_ticks: Ticks between an observation and its chunk.
    """

    joint_noise: float = 0.0
    pose_noise: float = 0.0
    image_noise: float = 0.0
    dropped: float = 0.0
    latency_ticks: int = 0

    def __post_init__(self) -> None:
        for name in ('joint_noise', 'pose_noise', 'image_noise', 'latency_ticks'):
            if not 0 <= (value := getattr(self, name)) < float('inf'):
                raise ConfigError(f'{name}: expected 0 or more, got {value}')
        if not 0 <= self.dropped < 1:
            raise ConfigError(f'dropped: expected 0 or more and less than 1, got {self.dropped}')

    def __or__(self, more: Faults) -> Faults:
        """Return these faults with those of another that are not 0 in their place."""
        return replace(self, **{name: value for name, value in asdict(more).items() if value})

    @property
    def noisy(self) -> bool:
        """Whether values are disturbed."""
        return bool(self.joint_noise or self.pose_noise or self.image_noise)


class Sensors:
    """Observations as a robot with faults would make them.

    Args:
        faults: What goes wrong.
        contract: The robot.
        seed: Decides everything; dropping does not depend on whether there is noise.
    """

    def __init__(self, faults: Faults, contract: Contract, seed: int) -> None:
        self._faults, self._range = faults, contract.span
        self._noise, self._drops = (np.random.default_rng([seed, STREAM + i]) for i in range(2))
        self._before: Observation | None = None

    def see(self, observation: Observation) -> Observation:
        """Return what arrives of an observation; its stamp stays that of the tick."""
        faults, now_ns = self._faults, observation.stamp_ns
        lost = bool(faults.dropped and self._drops.random() < faults.dropped)
        if self._before is None or not lost:
            self._before = self._disturb(observation) if faults.noisy else observation
        return self._before if not lost else replace(self._before, stamp_ns=now_ns)

    def _disturb(self, seen: Observation) -> Observation:
        faults, noise = self._faults, self._noise
        state = seen.state + noise.normal(size=seen.state.shape) * faults.joint_noise * self._range
        poses = seen.environment.reshape(-1, POSE_SIZE).copy()
        poses[:, :3] += noise.normal(size=(len(poses), 3)) * faults.pose_noise
        poses[:, 3:] += noise.normal(size=(len(poses), 4)) * faults.pose_noise
        poses[:, 3:] /= np.linalg.norm(poses[:, 3:], axis=1, keepdims=True)
        return replace(seen, state=state, environment=poses.reshape(-1), images={
            name: self._grain(image) for name, image in seen.images.items()})

    def _grain(self, image: View) -> View:
        if not self._faults.image_noise or image.dtype != np.uint8:
            return image    # distances have no brightness
        noise = self._noise.normal(size=image.shape, scale=self._faults.image_noise)
        grainy: Pixels = np.clip(image + noise, 0, 255).round().astype(np.uint8)
        return grainy


class Delay:
    """Chunks on their way from the policy; one at a time, as one process computes them.

    Args:
        ticks: How long each takes.
    """

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks
        self._way: deque[tuple[int, Floats, int]] = deque()

    @property
    def busy(self) -> bool:
        """Whether a chunk is on its way."""
        return bool(self._way)

    def send(self, chunk: Floats, tick: int, start_ns: int) -> None:
        """Take a chunk that was computed from the observation of a tick."""
        self._way.append((tick + self.ticks, chunk, start_ns))

    def arrived(self, tick: int) -> tuple[Floats, int] | None:
        """Return the chunk that arrives at or before a tick, and when its row 0 is due [ns]."""
        if self._way and self._way[0][0] <= tick:
            return self._way.popleft()[1:]
        return None

    def clear(self) -> None:
        """Forget what is on its way."""
        self._way.clear()
