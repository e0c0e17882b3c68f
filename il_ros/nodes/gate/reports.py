"""What the gate says of its decisions."""
from __future__ import annotations

from collections import Counter

from il_ros.contract import Contract
from il_ros.msg import Command, CommandReport
from il_ros.nodes import shell
from il_ros.safety.rules import Decision
from il_ros.types import Verdict
from rclpy.node import Node

QUIET = ('disarmed', 'arming', 'guided')   # rejections that are no news
FOLLOWS = (*QUIET, 'latched')   # likewise of a fault that is told already
LOG_EVERY_S = 1.0


class Reports:
    """Publishes control/report, and logs what a person has to know.

    Attributes:
        counts: Decisions by verdict and rule.
        refused: Rule and detail of the newest refusal that is news; '' before.
        refusals: How many of them there were.
    """

    def __init__(self, node: Node, contract: Contract) -> None:
        """Advertise the topic."""
        self._node, self._joint_names = node, contract.joint_names
        self._report = node.create_publisher(CommandReport, 'control/report', shell.STREAM)
        self.counts = Counter[str]()
        self.refused, self.refusals = ('', ''), 0

    def tell(self, decision: Decision, asked: Command) -> None:
        """Report a decision about what was asked; empty where the gate acts by itself."""
        sent = [] if decision.sent is None else decision.sent.tolist()
        report = CommandReport(asked=asked, verdict=int(decision.verdict), rule=decision.rule,
                               joint_names=self._joint_names, sent=sent)
        report.header.stamp = shell.to_stamp(shell.now_ns(self._node))
        self._report.publish(report)
        self.counts[f'{decision.verdict.name} {decision.rule}'.strip()] += 1
        if decision.verdict is Verdict.REJECTED and decision.rule not in FOLLOWS:
            self.refused, self.refusals = (decision.rule, decision.detail), self.refusals + 1
        if decision.verdict in (Verdict.REJECTED, Verdict.HELD) and decision.rule not in QUIET:
            self._node.get_logger().error(
                f'{decision.verdict.name} {decision.rule}: {decision.detail}',
                throttle_duration_sec=LOG_EVERY_S)
