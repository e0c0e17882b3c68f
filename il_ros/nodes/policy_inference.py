"""policy_inference: runs a checkpoint and publishes its chunks on a steady grid."""
from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
import sys
import time

from il_ros.execution.chunk import Chunk, Silent
from il_ros.execution.chunk_scheduler import make_scheduler, REALTIME
from il_ros.execution.plan import Plan
from il_ros.execution.player import ChunkPlayer, Job
from il_ros.execution.runner import PolicyRunner
from il_ros.execution.worker import InferenceWorker
from il_ros.msg import ControlMode
from il_ros.nodes import shell
from il_ros.nodes.policy.loading import PolicyLoading
from il_ros.nodes.policy.parameters import Parameters
from il_ros.nodes.shared.robot import load_contract
from il_ros.nodes.shared.services import Diagnostics, ERROR, OK, trigger, WARN
from il_ros.nodes.shared.streams import Streams
from il_ros.policies.source import Options, parse_place
from il_ros.scheduling import run_first
from il_ros.timing import Tick, to_ns
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

LOG_EVERY_S = 1.0


class PolicyInference(Node):
    """Shell around `execution.runner.PolicyRunner`."""

    def __init__(self) -> None:
        super().__init__('policy_inference')
        self._settings = p = shell.declare(self, Parameters, self._change)
        contract = load_contract(self, p.robot)
        contract = replace(contract, task=p.task or contract.task)
        self.period_ns = round(contract.period_ns / p.speed)
        self._runner = PolicyRunner(
            contract,
            make_scheduler(p.scheduler, contract, p.execute_steps, ensemble_m=p.ensemble_m,
                           refill_s=p.refill_s, join=p.join),
            partial(InferenceWorker, deadline_s=p.deadline_s, options=Options(
                p.backend, p.threads, p.device, p.scheduler == REALTIME)))
        self._streams = Streams(self, contract, self._runner.push)
        self._streams.follow(self._runner.topics)
        self.player = ChunkPlayer(Job(contract.to_text(), time.monotonic_ns(), self.period_ns,
                                      p.priority, to_ns(p.watchdog_s)), sys.argv[1:])
        # Half of it: neither the player nor the gate waits for an image.
        if p.priority and (notice := run_first(max(p.priority // 2, 1), children=False)):
            self.get_logger().warning(notice)
        self._diagnostics = Diagnostics(self)
        self._loading = PolicyLoading(self, self._runner)
        self._newest: Chunk | Silent = Silent('starting')
        self.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        trigger(self, 'policy/activate', self._runner.activate)
        trigger(self, 'policy/deactivate', self._runner.deactivate)
        self.create_timer(1.0, self._diagnose, clock=Clock(clock_type=ClockType.STEADY_TIME))
        if p.checkpoint:
            self._runner.load(parse_place(p.checkpoint))

    def destroy_node(self) -> None:
        """End the other processes, too."""
        self.player.close()
        self._runner.close()
        super().destroy_node()

    def tick(self, tick: Tick) -> None:
        """Plan what the player publishes at its next tick."""
        self._finish_load()
        due_ns = tick.due_ns + self.player.lead_ns
        ahead_ns = round((due_ns - time.monotonic_ns()) * self._settings.speed)
        self._newest = due = self._runner.tick(shell.now_ns(self) + ahead_ns)
        if isinstance(due, Chunk):
            self.player.play(Plan(due_ns, self._runner.kind, due))
            return
        self.player.play(None)
        if due.event:
            self.get_logger().error(f'no chunk: {due.reason}')
        elif due.problem:
            self.get_logger().warning(f'no chunk: {due.reason}',
                                      throttle_duration_sec=LOG_EVERY_S)

    def _change(self, settings: Parameters) -> None:
        self._settings = settings

    def _on_mode(self, message: ControlMode) -> None:
        self._runner.change_epoch(message.epoch, shell.stamp_ns(message.header.stamp))

    def _finish_load(self) -> None:
        if found := self._loading.finish(self._settings.autostart):
            self._streams.follow(self._runner.topics)
            self.get_logger().info(f'loaded {found}')

    def _diagnose(self) -> None:
        newest = self._newest
        level, text = OK, 'publishing chunks'
        if isinstance(newest, Silent):
            level, text = ERROR if newest.problem else WARN, newest.reason
        values = asdict(self._runner.counters) | {
            'checkpoint': self._runner.checkpoint, **self.player.played()._asdict()}
        self._diagnostics.publish(level, text, values)


def main() -> int:
    """Run the node."""
    return shell.main(PolicyInference, lambda node: shell.spin_on_grid(
        node, node.period_ns, node.tick, node.player.first_ns), images=True)


if __name__ == '__main__':
    raise SystemExit(main())
