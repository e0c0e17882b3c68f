"""Where the joints are, each as of its newest message, and how long it may be silent."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from il_ros.contract import Contract
from il_ros.errors import MessageError
from il_ros.joints import NewestJoints, Silence
from il_ros.safety.leaps import advice, Leap, Leaps
from il_ros.safety.rules import check_stamp, Refusal
from il_ros.timing import Now, SECOND, to_ns
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray


class Measured:
    """The gate's picture of the robot: per joint a position, an age and the topic it comes on.

    Args:
        contract: The states.
        speed: Robot time per steady time.
        publishers: Names who publishes a topic.
    """

    def __init__(self, contract: Contract, speed: float,
                 publishers: Callable[[str], Sequence[str]] = lambda topic: ()) -> None:
        states = contract.joint_states
        self._newest = NewestJoints(contract.joint_names, [state.topic for state in states])
        self._longest_ns = np.array([to_ns(state.max_age_s) for state in states])
        self._speed, self._publishers = speed, publishers
        self._leaps, self._doubt = Leaps(contract), ('', '')
        self._stamps_ns = np.zeros(len(states), dtype=np.int64)
        self._doubted_ns = -1

    def take(self, positions: Floats, stamp_ns: int, now: Now) -> None:
        """Take in positions of a ROS time [ns], NaN for joints that are not told. Shape (J,).

        Raises:
            MessageError: None is finite, or one infinite, stale, or of the future; none counts.
            Leap: Neither does one whose joints cannot have come from where they just were.
        """
        told = ~np.isnan(positions)
        topic = self._newest.topics[int(told.argmax())]
        if not told.any() or np.isinf(positions).any():
            raise MessageError(f'{topic}: expected finite positions')
        try:
            check_stamp(stamp_ns, now.ros_ns, round(self._longest_ns[told].min() * self._speed))
        except Refusal as refusal:
            raise MessageError(f'{topic}: {refusal.detail}; check the clock of the '
                               'robot driver') from None
        before = np.where(self.fresh(now), self._newest.positions, np.nan)
        if leap := self._leaps.find(before, positions, (stamp_ns - self._stamps_ns) / SECOND):
            self.doubt(topic, leap, now)
            raise Leap(self._doubt[1])
        self._stamps_ns[told] = stamp_ns
        self._newest.take(positions, now.steady_ns)

    def doubt(self, topic: str, leap: str, now: Now) -> str:
        """Believe a topic for a while no more, because of a leap; return it with what to do."""
        self._doubt = topic, f'{topic}: {leap}; {advice(topic, self._publishers(topic))}'
        self._doubted_ns = now.steady_ns
        return self._doubt[1]

    @property
    def whole(self) -> Floats | None:
        """The positions of all joints; None while one never came. Shape (J,)."""
        return self._newest.whole

    @property
    def positions(self) -> Floats:
        """The newest positions, NaN where none came yet. Shape (J,)."""
        return self._newest.positions

    def problem(self, now: Now) -> str:
        """Return why the robot's position is not known now, '' where it is."""
        if self._newest.absent:
            return f'{self._newest.absence()}; start the robot driver'
        if self._doubtful(now).any():
            return self._doubt[1]
        if silence := self.silence(now):
            return (f'{silence.text()}, expected at most {self._longest_ns.min() / 1e6:.0f} ms; '
                    'check the robot driver')
        return ''

    def silence(self, now: Now) -> Silence | None:
        """Return the joint that is silent for too long, None where none is."""
        return self._newest.silence(now.steady_ns, self._longest_ns)

    def fresh(self, now: Now) -> NDArray[np.bool_]:
        """Return which joints were heard in time. Shape (J,)."""
        return np.array(self._newest.fresh(now.steady_ns, self._longest_ns))

    def believed(self, now: Now) -> NDArray[np.bool_]:
        """Return which joints were heard in time, on a topic without leaps. Shape (J,)."""
        return self.fresh(now) & ~self._doubtful(now)

    def _doubtful(self, now: Now) -> NDArray[np.bool_]:
        of_topic = np.array([topic == self._doubt[0] for topic in self._newest.topics])
        found: NDArray[np.bool_] = of_topic & (self._doubted_ns >= 0) & (
            now.steady_ns - self._doubted_ns <= self._longest_ns)
        return found

    def unheard(self, since_ns: int) -> str:
        """Return the topic of a joint that was not heard since a steady time, '' for none."""
        late = self._newest.came_ns <= since_ns
        return self._newest.topics[int(late.argmax())] if late.any() else ''
