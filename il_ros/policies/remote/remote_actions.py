"""What a server's rows mean on a robot, and what it is told of the tools."""
from __future__ import annotations

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.policies.action_space import ActionSpace, TOOL_POSE
from il_ros.policies.inputs.joint_actions import RelativeActions
from il_ros.policies.inputs.tool_actions import ToolActions
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.policies.remote.remote_config import RemoteConfig
from il_ros.policies.transforms import WithinLimits
from il_ros.types import Floats
import numpy as np


class RemoteActions:
    """Turns chunks in the action space of a server into joint targets.

    Attributes:
        size: Values of a row, S.
        what: What they are, for people.
    """

    def __init__(self, config: RemoteConfig, contract: Contract) -> None:
        """Read the kinematics, where tools are among what is said or told.

        Raises:
            ConfigError: The URDF is missing or has no such joint or link.
        """
        space = config.space(contract)
        names = [contract.joint_names[i] for i in space.others]
        tools = space.size - len(names)
        self.size = space.size
        self.what = f'the joints of {contract.robot!r}'
        if tools:
            self.what = (f'{tools} for the tools of {", ".join(arm.name for arm in space.tools)}, '
                         f'then {", ".join(names)}')
        self._order = [*range(tools), *(tools + (list(config.joints) or names).index(name)
                                        for name in names)]
        self._said = _of_tools(space) if tools else RelativeActions.of(space)
        self._told = _of_tools(ActionSpace.of(
            TOOL_POSE, contract, rotation=space.rotation, turns=False)) \
            if config.tool_state else None
        self._limits, self._angles = WithinLimits.of(contract), Angles.of(contract)

    def targets(self, rows: Floats, state: Floats) -> Floats:
        """Return the joint targets of rows (H, S) within the contract's limits. Shape (H, J).

        Raises:
            ReachError: They want a tool where its arm cannot bring it.
        """
        data = self._said.backward({'actions': rows[None, :, self._order], 'state': state[None]})
        near = self._angles.along(data['actions'], state[None])
        targets: Floats = self._limits.backward({'actions': near})['actions'][0]
        return targets

    def tool_state(self, state: Floats) -> Floats:
        """Return where the tools are, as a row of `tool_pose`; empty if the server wants none."""
        if self._told is None:
            return np.empty(0)
        poses = self._told.frame.poses(state[None])
        found: Floats = self._told.forward({'state': state[None], 'actions': poses[None]}
                                           )['actions'][0, 0]
        return found


def _of_tools(space: ActionSpace) -> ToolActions:
    from il_ros.kinematics import find_urdf  # Pinocchio: only tools need it

    return ToolActions(ToolFrame.of(space, find_urdf(space.contract)), space)
