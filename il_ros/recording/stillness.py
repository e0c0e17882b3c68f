"""Whether the robot has moved in an episode."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.contract import Contract
from il_ros.timing import to_s
import numpy as np

SHARE = 0.1   # of what a joint covers in a control period at its velocity limit: more is motion


class Stillness:
    """The way of each joint from its least to its greatest measured position.

    Attributes:
        topics: Where JointStates tell of joints.
        moved: Whether a joint went further than noise does.
        seen: Whether any position came.
    """

    def __init__(self, contract: Contract) -> None:
        steps = SHARE * contract.velocity * to_s(contract.period_ns)
        self.topics = {topic for topic, states in contract.state_topics.items()
                       if states[0].fields is None}
        self._least = dict(zip(contract.joint_names, steps.tolist(), strict=True))
        self.begin()

    def begin(self) -> None:
        """Forget what was seen: an episode begins."""
        self.moved = self.seen = False
        self._ways: dict[str, tuple[float, float]] = {}

    def add(self, names: Sequence[str], positions: Sequence[float]) -> None:
        """Take in measured positions [rad] or [m], of any joints in any order."""
        for name, position in zip(names, positions, strict=False):
            if name in self._least and np.isfinite(position):
                low, high = self._ways.get(name, (position, position))
                low, high = min(low, position), max(high, position)
                self._ways[name], self.seen = (low, high), True
                self.moved |= high - low > self._least[name]
