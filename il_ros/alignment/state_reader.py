"""The messages of the state topics, of which several drivers may each publish some joints."""
from __future__ import annotations

from typing import Any

from il_ros.alignment.decode import joint_positions
from il_ros.contract import Contract
from il_ros.joints import JointNames
from il_ros.types import Floats


class StateReader:
    """Reads states and remembers which joints they named.

    Args:
        contract: The robot.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._names = {topic: JointNames(name for state in states for name in state.told)
                       for topic, states in contract.state_topics.items()}

    def read(self, topic: str, message: Any) -> Floats | None:
        """Return the positions in contract order, NaN for joints that are not in the message.

        Shape (J,); None for a message of other joints only.

        Raises:
            MessageError: It does not fit the contract.
        """
        if hasattr(message, 'name'):
            self._names[topic].see(message.name)
        positions = joint_positions(self._contract, topic, message)
        return None if (positions != positions).all() else positions

    def problem(self, topic: str) -> str:
        """Return which joints no message has named so far, '' for none or before any message."""
        names = self._names[topic]
        return names.problem() if names.heard else ''
