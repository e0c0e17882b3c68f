"""The gate while a person leads the arm by hand."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.msg import Command as CommandMessage
from il_ros.nodes import shell
from il_ros.nodes.gate.reports import Reports
from il_ros.nodes.gate.robot_command import RobotCommand
from il_ros.nodes.shared.preflight import other_publishers
from il_ros.safety.gate import Gate
from il_ros.safety.guided import Guided
from il_ros.safety.rules import Command, Decision, Refusal
from il_ros.types import Verdict
from rclpy.node import Node
from std_srvs.srv import SetBool


class Guiding:
    """Offers `gate/guide`, and decides in the gate's place while somebody leads.

    Attributes:
        on: Whether somebody does.
        problem: Says why the gate cannot be armed, '' where nothing is in the way.
    """

    def __init__(self, node: Node, contract: Contract, gate: Gate, robot: RobotCommand,
                 reports: Reports) -> None:
        """Offer the service.

        Args:
            node: The gate.
            contract: Names the grippers.
            gate: Which cannot be armed meanwhile.
            robot: Its grippers are sent what they are told.
            reports: Of what it does.
        """
        self._node, self._robot, self._reports = node, robot, reports
        self._guided = Guided(contract, gate)
        self.problem = self._guided.problem
        node.create_service(SetBool, 'gate/guide', self._serve)

    @property
    def on(self) -> bool:
        """Whether a person leads the arm."""
        return self._guided.on

    def take(self, command: Command, asked: CommandMessage) -> None:
        """Have a gripper do what a command says, or report why not."""
        try:
            self._guided.take(command, shell.now(self._node))
        except Refusal as refusal:
            self._reports.tell(Decision(Verdict.REJECTED, refusal.rule, refusal.detail), asked)

    def look(self) -> None:
        """Send and report the next row, where one is due."""
        if decision := self._guided.look(shell.now(self._node)):
            if self._guided.told and decision.sent is not None:
                self._robot.grip(decision.sent)
            self._reports.tell(decision, CommandMessage())

    def _serve(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        try:
            if request.data:
                self._guided.begin(other_publishers(self._node, self._robot.topics),
                                   shell.now(self._node))
            else:
                self._guided.end()
            response.success, response.message = True, 'guided' if request.data else 'disarmed'
        except IlRosError as error:
            response.success, response.message = False, str(error)
        return response
