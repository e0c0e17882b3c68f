"""Where the tools of a robot are, were and shall be, for the monitor's markers."""
from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from il_ros.contract import Contract
from il_ros.kinematics import chain
from il_ros.nodes.display.colours import NEAR
from il_ros.nodes.display.markers import ArmView
from il_ros.types import Floats, Mode
import numpy as np

TRAIL = 50    # calls of `show`: five seconds


class Arms:
    """Makes one view per arm; one at the root for a robot whose tools are not known."""

    def __init__(self, contract: Contract) -> None:
        """Take the kinematics.

        Raises:
            ConfigError: The contract's URDF does not fit.
        """
        known = [arm for arm in contract.arms if contract.urdf and arm.tip]
        self._arms = [(arm, contract.indices(arm.joints), chain(contract, arm)) for arm in known]
        self._trails: list[deque[tuple[Floats, Mode]]] = [deque(maxlen=TRAIL) for _ in known]
        # Poses are in the frame of the root, which a base carries along: its way is not seen.
        self._stands = not contract.is_velocity.any()
        self._owner = {joint: arm.name for arm in known for joint in arm.all_joints}

    def show(self, state: Floats, rows: Floats, mode: Mode, near: Mapping[str, float],
             text: str) -> list[ArmView]:
        """Return the views of this moment.

        Args:
            state: Measured joints [rad] or [m]. Shape (J,).
            rows: Predicted joints; none where no policy speaks. Shape (N, J).
            mode: Who drives.
            near: How near each joint is to its limits, by name.
            text: For the first arm.
        """
        if not self._arms:
            return [ArmView('', np.zeros(3), '\n'.join([text, *_warnings(near)]),
                            max(near.values(), default=0.0))]
        views = []
        for number, (arm, columns, kinematics) in enumerate(self._arms):
            tool = kinematics.forward(state[columns])[0]
            if self._stands:
                self._trails[number].append((tool, mode))
            # A joint of no arm is told at the first one.
            own = {joint: value for joint, value in near.items()
                   if self._owner.get(joint, self._arms[0][0].name) == arm.name}
            name = arm.name if len(self._arms) > 1 else ''
            lines = [text if number == 0 else '', *_warnings(own)]
            views.append(ArmView(
                name, tool, '\n'.join(filter(None, lines)), max(own.values(), default=0.0),
                [kinematics.forward(row[columns])[0] for row in rows],
                tuple(self._trails[number]), arm.workspace))
        return views


def _warnings(near: Mapping[str, float]) -> list[str]:
    return [f'{name} near its limit' for name, value in near.items() if value > NEAR]
