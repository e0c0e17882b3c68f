"""Finished corrections: published, and kept as files."""
from __future__ import annotations

from pathlib import Path

from il_ros.intervention.corrections import Correction, CorrectionLog, write
from il_ros.intervention.state import ControlState, Step
from il_ros.msg import Correction as CorrectionMessage
from il_ros.nodes import shell
from il_ros.nodes.shared import control_messages as messages
from rclpy.node import Node


class Corrections:
    """Shell around `intervention.corrections.CorrectionLog`.

    Args:
        node: The arbiter.
        joint_names: Of every row.
        folder: For one JSON file per correction; '' for none.
    """

    def __init__(self, node: Node, joint_names: list[str], folder: str) -> None:
        self._node, self._names, self._folder = node, joint_names, folder
        self._log = CorrectionLog()
        self._publisher = node.create_publisher(CorrectionMessage, 'control/correction',
                                                shell.STREAM)

    def change(self, state: ControlState) -> None:
        """Take in a change of control."""
        self._keep(self._log.change(state, shell.now_ns(self._node)))

    def add(self, step: Step, now_ns: int) -> None:
        """Take in what was sent at a tick."""
        self._log.add(step, now_ns)

    def close(self) -> None:
        """Keep the correction that goes on."""
        self._keep(self._log.close('the arbiter was stopped', shell.now_ns(self._node)))

    def _keep(self, correction: Correction | None) -> None:
        if correction is None:
            return
        self._publisher.publish(messages.from_correction(
            correction, self._names, shell.now_ns(self._node)))
        if self._folder:
            try:
                write(correction, self._names, Path(self._folder))
            except OSError as error:
                self._node.get_logger().error(
                    f'a correction went to control/correction only: {error}')
