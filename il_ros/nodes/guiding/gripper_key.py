"""A gripper that a key closes and opens while the arm is led by hand: through the gate."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.msg import Command
from il_ros.nodes import shell
from il_ros.nodes.shared import control_messages as messages
from il_ros.types import ControlSource, Floats
from rclpy.node import Node


class GripperKey:
    """Says what the gripper shall do; the gate lets commands of grippers through, and no other."""

    def __init__(self, node: Node, contract: Contract) -> None:
        """Advertise control/command."""
        self._node, self._contract = node, contract
        self._command = node.create_publisher(Command, 'control/command', shell.STREAM)
        self._session, self._seq = shell.new_session(), 0
        self._closed: dict[str, bool] = {}

    def press(self, which: int, measured: Floats) -> str:
        """Close a gripper, or open it.

        Args:
            which: Of the contract's grippers.
            measured: Positions [rad] or [m]. Shape (J,).

        Returns:
            What to tell the person.
        """
        grippers = list(self._contract.grippers.values())
        if which >= len(grippers):
            return f'no gripper {which + 1}: this robot has {len(grippers)}'
        gripper = grippers[which]
        at = measured[self._contract.joint_names.index(gripper.joint)]
        nearer = abs(at - gripper.closed) < abs(at - gripper.open)
        closes = self._closed[gripper.joint] = not self._closed.get(gripper.joint, nearer)
        self._command.publish(Command(
            header=messages.header(shell.now_ns(self._node)), source_id='guide',
            session=self._session, seq=self._seq, source=int(ControlSource.HUMAN),
            joint_names=[gripper.joint],
            positions=[float(gripper.closed if closes else gripper.open)]))
        self._seq += 1
        return f'{gripper.joint} {"closes" if closes else "opens"}'
