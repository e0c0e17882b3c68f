"""The observation at one tick from streams of different rates.

Rule: per stream the newest pushed sample whose stamp is not after the tick, and no older than the
stream's max_age_s. Of the state that holds for each joint by itself, since drivers may publish
their joints apart; its age is that of the oldest of these. Live, samples are pushed on arrival and
observed at the tick; offline, they are pushed in log-time order up to the tick and then observed.
So both see the same.
"""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
import math
from typing import Any, NamedTuple

from il_ros.contract import Contract, Stream
from il_ros.errors import MessageError
from il_ros.timing import to_ns, to_s
from il_ros.types import Observation
import numpy as np
from numpy.typing import NDArray


class Unavailable(NamedTuple):
    """Why there is no observation."""

    topic: str
    reason: str


class Aligner:
    """Keeps the newest samples of every stream that an observation needs."""

    def __init__(self, contract: Contract, cameras: Sequence[str] = ()) -> None:
        """Follow state, poses and the named cameras.

        Raises:
            ConfigError: The contract has no camera of a given name.
        """
        self.contract = contract
        self.cameras = {name: contract.camera(name).topic for name in cameras}
        streams: list[Stream] = [*([contract.poses] if contract.poses else []),
                                 *(contract.camera(name) for name in cameras)]
        self._joints = _JointSamples(contract)
        self._samples: dict[str, _Samples] = {
            stream.topic: _Samples(stream) for stream in streams}

    @property
    def topics(self) -> list[str]:
        """The topics that `push` takes."""
        return [*self.contract.state_topics, *self._samples]

    def push(self, topic: str, stamp_ns: int, value: NDArray[Any]) -> None:
        """Add one sample.

        Args:
            topic: One of `topics`.
            stamp_ns: Stamp of the message.
            value: What `StreamReader.read` returned; of the state NaN where a joint is not in the
                message.

        Raises:
            MessageError: The stamp is zero: its driver does not say when the sample was taken.
        """
        if stamp_ns <= 0:
            raise MessageError(f'{topic}: stamp is {stamp_ns}; its driver must fill in '
                               'header.stamp')
        samples = self._joints if topic in self.contract.state_topics else self._samples[topic]
        samples.add(stamp_ns, value)

    def observe(self, tick_ns: int) -> Observation | Unavailable:
        """Return the observation at a tick, or which stream prevents it and why."""
        joints = self._joints.at(tick_ns)
        if isinstance(joints, Unavailable):
            return joints
        state, stamps = joints
        found: dict[str, NDArray[Any]] = {}
        ages = {topic: tick_ns - stamp_ns for topic, stamp_ns in stamps.items()}
        for topic, samples in self._samples.items():
            sample = samples.at(tick_ns)
            if isinstance(sample, str):
                return Unavailable(topic, sample)
            stamp_ns, found[topic] = sample
            ages[topic] = tick_ns - stamp_ns
        poses = self.contract.poses
        return Observation(
            stamp_ns=tick_ns,
            state=state,
            environment=found[poses.topic] if poses else np.zeros(0),
            images={name: found[topic] for name, topic in self.cameras.items()},
            ages_ns=ages, task=self.contract.task)

    def reset(self) -> None:
        """Forget every sample, as after a jump of the clock."""
        self._joints.clear()
        for samples in self._samples.values():
            samples.clear()


class _Samples:
    """The newest samples of one stream, in the order of their stamps."""

    def __init__(self, stream: Stream) -> None:
        self.max_age_ns = to_ns(stream.max_age_s)
        # Twice the greatest age: ticks lie behind the newest sample by the latency. The least
        # number guards against one stamp far in the future, the greatest against a fast sender.
        self.least = math.ceil(2 * stream.rate_hz * stream.max_age_s) + 8
        self.stamps: list[int] = []
        self.values: list[NDArray[Any]] = []

    def add(self, stamp_ns: int, value: NDArray[Any]) -> None:
        at = bisect_right(self.stamps, stamp_ns)
        self.stamps.insert(at, stamp_ns)
        self.values.insert(at, value)
        while len(self.stamps) > self.least and (
                self.stamps[0] < self.stamps[-1] - 2 * self.max_age_ns
                or len(self.stamps) > 8 * self.least):
            del self.stamps[0], self.values[0]

    def at(self, tick_ns: int) -> tuple[int, NDArray[Any]] | str:
        at = bisect_right(self.stamps, tick_ns) - 1
        if not self.stamps:
            return 'no message yet'
        if at < 0:
            return f'the oldest sample lies {to_s(self.stamps[0] - tick_ns):.3f} s after the tick'
        age_ns = tick_ns - self.stamps[at]
        if age_ns > self.max_age_ns:
            return (f'the newest sample is {to_s(age_ns):.3f} s old, '
                    f'at most {to_s(self.max_age_ns):g} s is accepted')
        return self.stamps[at], self.values[at]

    def clear(self) -> None:
        self.stamps.clear()
        self.values.clear()


class _JointSamples:
    """The newest samples of each joint, in the order of their stamps."""

    def __init__(self, contract: Contract) -> None:
        self.names = contract.joint_names
        self.topics = [state.topic for state in contract.joint_states]
        self.joints = [_Samples(state) for state in contract.joint_states]

    def add(self, stamp_ns: int, value: NDArray[Any]) -> None:
        for samples, position in zip(self.joints, value, strict=True):
            if not math.isnan(position):
                samples.add(stamp_ns, position)

    def at(self, tick_ns: int) -> tuple[NDArray[Any], dict[str, int]] | Unavailable:
        """Return the state, and per topic the stamp of the oldest sample in it."""
        values, stamps = [], dict[str, int]()
        for i, samples in enumerate(self.joints):
            sample = samples.at(tick_ns)
            if isinstance(sample, str):
                return self._why(i, sample, tick_ns)
            stamp_ns, value = sample
            values.append(value)
            stamps[self.topics[i]] = min(stamps.get(self.topics[i], stamp_ns), stamp_ns)
        return np.array(values), stamps

    def _why(self, joint: int, problem: str, tick_ns: int) -> Unavailable:
        topic = self.topics[joint]
        beside = [samples.at(tick_ns) for samples, other in
                  zip(self.joints, self.topics, strict=True) if other == topic]
        alone = any(sample != problem for sample in beside)
        return Unavailable(topic, f'joint {self.names[joint]!r}: {problem}' if alone else problem)

    def clear(self) -> None:
        for samples in self.joints:
            samples.clear()
