"""Episodes on a running system: demonstrations, and rollouts with an operator beside them."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import os
from pathlib import Path
import time
from types import TracebackType

from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.evaluation.rollout import Conditions, Rollout
from il_ros.nodes.clients.client import Client
from il_ros.policies.source import Place
from il_ros.timing import to_s
from il_ros.types import Mode
from il_ros.workflow.graph import environment, Graph

READY_TIMEOUT_S = 40.0
RESUME_TIMEOUT_S = 10.0
SETTLE_S = 0.3
TAIL_S = 0.7  # recorded after a success: letting go is part of the task
ARRIVED_S = 0.1       # what was sent before a reset has reached everybody, the recorder too


@dataclass(frozen=True)
class System:
    """What to start.

    Attributes:
        device: The operator's device, `scripted` or `keyboard`.
        checkpoint: Policy to run; None for plain teleoperation.
        speed: Simulated seconds per real second.
        instruction: What the policy is told to do, in words; the contract's task when ''.
    """

    robot: str
    task: str = 'PickPlace'
    device: str = 'scripted'
    checkpoint: Place | None = None
    seed: int = 0
    speed: float = 1.0
    scheduler: str = 'receding'
    execute_steps: int = 8
    instruction: str = ''


@dataclass(frozen=True, kw_only=True)
class Episode(Rollout):
    """A recorded rollout or demonstration."""

    bag: Path


def own_domain() -> int:
    """Return the ROS domain in use, or one that other users of this machine hardly pick."""
    return int(os.environ.get('ROS_DOMAIN_ID') or 60 + os.getpid() % 40)


class Session:
    """A running system: simulated arm, gate, arbiter, operator, recorder, policy.

    Args:
        bags: Folder that the recorder writes episodes to.
        logs: Folder for the nodes' output.
    """

    def __init__(self, system: System, bags: Path, logs: Path) -> None:
        self.system = system
        self._bags = bags
        self._period_ns = Contract.load(system.robot).period_ns
        domain = own_domain()
        variables = environment(domain)
        os.environ.update(variables)  # for the client, which is of this process
        self._graph = Graph(logs, variables)
        self._client = Client(self._graph.check, domain)

    def __enter__(self) -> Session:
        try:
            self._start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._close()

    def _close(self) -> None:
        self._client.close()
        self._graph.stop()

    def _start(self) -> None:
        system, autonomous = self.system, self.system.checkpoint is not None
        clock = {'speed': system.speed, 'use_sim_time': system.speed != 1.0}
        common = {'robot': system.robot, **clock}
        self._graph.start('sim_robot', {'robot': system.robot, 'task': system.task,
                                        'seed': system.seed, 'speed': system.speed})
        self._graph.start('command_gate', common)
        self._graph.start('dagger_intervention', {
            **common, 'mode': 'paused' if autonomous else 'teleop',
            **({'corrections': str(self._bags / 'corrections')} if autonomous else {})})
        keyboard = system.device == 'keyboard'
        self._graph.start('teleop', {
            **common, 'device': system.device, 'seed': system.seed, 'task': system.task,
            'engage': 'never' if autonomous else 'always'}, terminal=keyboard)
        self._graph.start('teleop_capture', {
            'robot': system.robot, 'output': str(self._bags), 'operator': system.device,
            'use_sim_time': clock['use_sim_time']})
        if autonomous:
            self._graph.start('policy_inference', {
                **common, 'checkpoint': str(system.checkpoint), 'autostart': True,
                'scheduler': system.scheduler, 'execute_steps': system.execute_steps,
                **({'task': system.instruction} if system.instruction else {})})
        if not self._client.wait(lambda: self._client.watch.mode is not None, READY_TIMEOUT_S):
            raise IlRosError('the arbiter did not report its mode; see the logs of the nodes')

    def demonstrate(self, seed: int, timeout_s: float) -> Episode:
        """Let the operator do the task once and record it."""
        return self._episode(seed, Conditions(disturb=False), timeout_s, self._go_on)

    def roll_out(self, seed: int, conditions: Conditions, timeout_s: float,
                 supervised: bool = True) -> Episode:
        """Let the policy do the task and record it; a supervising operator may take over."""
        self._client.trigger_until_accepted('dagger/pause', READY_TIMEOUT_S)
        return self._episode(seed, conditions, timeout_s, lambda: self._hand_over(supervised))

    def load(self, checkpoint: Path) -> None:
        """Let the running policy node take another checkpoint; no node is started anew."""
        self._client.load_policy(checkpoint)

    def rest(self) -> None:
        """Let the robot stand, and the operator's hands off, until the next episode."""
        self._client.trigger_until_accepted('dagger/pause', READY_TIMEOUT_S)
        self._client.trigger('gate/disarm')
        self._engage('never')

    def _go_on(self) -> None:
        if self._client.watch.mode is Mode.HOLD:
            self._resume((Mode.TELEOP,))

    def _hand_over(self, supervised: bool) -> None:
        """Let the policy drive, with the operator's hands off until it does."""
        self._engage('never')
        self._resume((Mode.AUTONOMOUS, Mode.CORRECTING))
        if supervised:
            self._engage('supervised')

    def _resume(self, moves: tuple[Mode, ...]) -> None:
        """Go on after HOLD or PAUSED, also where an operator, or the robot, was faster."""
        client = self._client
        try:
            client.trigger_until_accepted('dagger/resume', RESUME_TIMEOUT_S,
                                          unless=lambda: client.watch.mode in moves)
        except IlRosError:
            # The refusal may be here before the mode that it speaks of.
            if not client.wait(lambda: client.watch.mode in moves, SETTLE_S):
                raise

    def _engage(self, when: str) -> None:
        if self.system.device == 'scripted':  # a person needs no telling
            self._client.set_parameter('teleop', 'engage', when)

    def _recover(self, begin: Callable[[], None]) -> None:
        """Go on after a safety stop, as a person would who sees that nothing is in the way."""
        client = self._client
        client.trigger_until_accepted('gate/arm', READY_TIMEOUT_S)
        client.watch.forgive()
        if client.watch.mode is Mode.HOLD:
            begin()
        client.wait(lambda: not client.watch.stopped, SETTLE_S)

    def _episode(self, seed: int, conditions: Conditions, timeout_s: float,
                 begin: Callable[[], None]) -> Episode:
        client, watch = self._client, self._client.watch
        client.trigger('gate/disarm')
        client.reset('sim/reset', seed, conditions.disturb, conditions.action_noise)
        if self.system.device == 'scripted':
            client.reset('teleop/reset', seed)
        client.wait(lambda: False, ARRIVED_S)
        watch.begin()
        client.trigger_until_accepted('gate/arm', READY_TIMEOUT_S)
        client.start_capture(READY_TIMEOUT_S, self.system.instruction)
        start = time.monotonic()
        try:
            begin()
            end = start + timeout_s / self.system.speed
            while time.monotonic() < end and not watch.success:
                client.wait(lambda: watch.success or watch.stopped, end - time.monotonic())
                if watch.stopped and not watch.success:
                    self._recover(begin)
            if watch.success:
                client.wait(lambda: False, TAIL_S / self.system.speed)
        finally:
            duration_s = (time.monotonic() - start) * self.system.speed
            bag = client.stop_capture('success' if watch.success else 'failure')
        return Episode(seed, watch.success, duration_s, watch.interventions,
                       to_s(watch.human_steps * self._period_ns), bag=bag)
