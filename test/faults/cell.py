"""A robot cell: the nodes as processes; this process is the pad and the eyes."""
from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
import os
from pathlib import Path
import shutil
import signal
from tempfile import mkdtemp
import time
from typing import TypeVar

from builtin_interfaces.msg import Time
from checkpoint_factory import describe, SMALL
from faults.oracle import RobotLog, Sent
from il_ros.contract import Contract
from il_ros.msg import ActionChunk, Command, CommandReport, ControlMode, TeleopCommand
from il_ros.nodes import shell
from il_ros.policies.checkpoint import write
from il_ros.policies.load import make_network
from il_ros.policies.runtimes.onnx_cache import cached
from il_ros.scheduling import run_first
from il_ros.timing import SECOND
from nodes.harness import NodeProcess
from nodes.robot import Robot
import numpy as np
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
import yaml

LOOP = 60        # rows of the policy's motion, which ends where it begins
REST = 10        # of them at rest before it, and after it
SWING = np.array([0.3, 0.0, 0.0, 0.2, 0.0, -0.3, 0.0])   # of each arm, there and back
ASIDE = np.array([0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0])    # and another way back: no row comes twice
ASK_S = 0.1
NODES = (     # what a cell starts by itself
    'sim_robot', 'command_gate', 'dagger_intervention', 'policy_inference')
T = TypeVar('T')
SENT = (CommandReport.PASSED, CommandReport.CLAMPED)


def loop(contract: Contract) -> np.ndarray:
    """Return what the policy says, whatever it sees. Shape (LOOP, J)."""
    swing, aside = (np.tile(way, len(contract.arms)) for way in (SWING, ASIDE))
    way = np.clip((np.arange(LOOP) - REST) / (LOOP - 2 * REST), 0, 1)
    out = np.sin(np.pi * way)[:, None] ** 2
    return np.array(contract.start) + out * swing + out * np.sin(2 * np.pi * way)[:, None] * aside


def contract_of(robot: str, cameras: bool, impatient: bool) -> Contract:
    """Return a simulated robot, by default blind and with patience: this machine may be busy."""
    data = yaml.safe_load(Contract.load(robot).to_text())
    if not cameras:
        del data['cameras']
    states = data['states'] if 'states' in data else [data['state']]
    for stream in () if impatient else (*states, data['poses']):
        stream |= {'max_age_s': 1.0, 'rate_hz': 10.0}
    return Contract.from_text(yaml.safe_dump(data))


@cache
def looping(contract_text: str, cameras: tuple[str, ...]) -> Path:
    """Write a checkpoint, and its ONNX form, that goes round and round from the start.

    Once per process, for all its cells.
    """
    folder, contract = Path(mkdtemp()), Contract.from_text(contract_text)
    atexit.register(shutil.rmtree, folder)
    config = replace(SMALL, horizon=LOOP, inputs=('state', *cameras), relative_actions=False,
                     image_size=(32, 32) if cameras else SMALL.image_size)
    described = describe(config, contract)
    described.normalize.offset['actions'][:] = loop(contract)
    described.normalize.scale['actions'][:] = 1e-9
    weights = make_network(config, contract).state_dict()
    write(folder, described, {k: np.zeros_like(v.numpy()) for k, v in weights.items()}, {})
    cached(folder)
    return folder


class Cell(Robot):
    """sim_robot, gate, arbiter and policy; other nodes on request.

    Attributes:
        contract: Of its robot.
        nodes: The processes by name.
        parts: Of the robot, each with what reached it.
        engaged: Whether the pad's dead-man switch is held; None: the pad is silent.
        wanted: What the pad asks for [rad] or [m]. Shape (J,).
    """

    def __init__(self, folder: Path, domain: int, *, robot: str = 'sim_arm',
                 cameras: bool = False, impatient: bool = False, nodes: tuple[str, ...] = NODES,
                 is_pad: bool = True,
                 **parameters: dict[str, object]) -> None:
        """Start the nodes.

        Args:
            folder: For logs, contract and checkpoint.
            domain: Of ROS.
            robot: One of arms that are all alike, as sim_arm or sim_two_arms.
            cameras: The robot has cameras, and the policy sees the last.
            impatient: Watchdogs as they are on a robot, not as a starved machine needs them.
            nodes: Which to start.
            is_pad: Whether this process is the pad, and as quick as what it looks at; else it
                only looks on, and `engaged` stays None.
            parameters: Of a node, beside what it gets anyway.
        """
        super().__init__(domain, follow=False)
        self.sends_states, self._domain, self.folder = False, domain, folder
        self._is_pad, self.engaged = is_pad, False if is_pad else None
        self.chunks: list[ActionChunk] = []
        self._asked, self._kept = 0.0, None
        self.contract = contract = contract_of(robot, cameras, impatient)
        self.joint_names = contract.joint_names
        self.wanted, self.measured = np.array(contract.start), np.array(contract.start)
        log, path = folder / 'robot.jsonl', folder / 'robot.yaml'
        self.parts = [RobotLog(log, contract.indices(command.joints))
                      for command in contract.commands if command.topic]
        path.write_text(contract.to_text())
        wait: dict[str, object] = {} if impatient else {'watchdog_s': 0.5}
        silent: dict[str, object] = {} if impatient else {'silent_s': 0.5}
        defaults: dict[str, dict[str, object]] = {
            'sim_robot': {'robot': path, 'cameras': cameras, 'log': log},
            'command_gate': {'robot': path, **wait},
            'dagger_intervention': {'robot': path, 'mode': 'paused', **silent},
            'policy_inference': {
                'robot': path, 'autostart': True, 'backend': 'onnx', 'join': 0.0, **wait,
                'scheduler': 'receding', 'execute_steps': LOOP - REST,
                'checkpoint': looping(
                    contract.to_text(), (contract.cameras[-1].name,) if cameras else ())},
            'teleop_capture': {'robot': path, 'output': folder / 'bags'},
            'monitor': {'robot': path},
            'teleop': {'robot': path, 'device': 'scripted', 'engage': 'never'}}
        self._parameters = {name: {**given, **parameters.get(name, {})}
                            for name, given in defaults.items()}
        if is_pad:
            run_first(children=False)
        self._clients = {name: self.node.create_client(Trigger, name) for name in (
            'gate/arm', 'dagger/resume', 'dagger/pause')}
        self._pad = self.sender(
            self.node.create_publisher(TeleopCommand, 'teleop/command', 10), self._sample)
        self._stamps: list[Time] = []
        self._subscribe(ActionChunk, 'policy/chunk', self.chunks.append)
        for state in contract.states:
            self._subscribe(JointState, state.topic,
                            partial(self._on_state, contract.indices(state.joints)))
        self.nodes: dict[str, NodeProcess] = {}
        self._started = nodes
        for name in nodes:
            self.start(name)

    def __exit__(self, *_: object) -> None:
        for node in self.nodes.values():
            node.send(signal.SIGCONT)
            node.send(signal.SIGINT)
        for node in self.nodes.values():
            node.stop()
        super().__exit__()
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))

    def start(self, name: str, **changes: object) -> NodeProcess:
        """Start a node of the cell, or start it again, with changed parameters."""
        parameters = {**self._parameters[name], **changes}
        self.nodes[name] = NodeProcess(name, self._domain, self.folder / f'{name}.txt',
                                       parameters=parameters)
        return self.nodes[name]

    def observation_ages_ms(self) -> list[float]:
        """Return how old the joint states were that each chunk was inferred from [ms]."""
        seen = np.array(sorted(set(map(shell.stamp_ns, self._stamps))))
        observed = {shell.stamp_ns(chunk.observation_stamp) for chunk in self.chunks}
        at = np.array(sorted(o for o in observed if o > seen[0]))
        return ((at - seen[np.searchsorted(seen, at, side='right') - 1]) / SECOND * 1e3).tolist()

    def keep_nothing(self) -> None:
        """Let nobody arm or resume from now on."""
        self._kept = None

    def stop(self, name: str) -> None:
        """Stop a node with SIGSTOP; from now on nobody arms or resumes."""
        self.keep_nothing()
        self.nodes[name].send(signal.SIGSTOP)

    def kill(self, name: str) -> int:
        """End a node with SIGKILL; return the steady time just before [ns].

        From now on nobody arms or resumes.
        """
        self.keep_nothing()
        now_ns = time.monotonic_ns()
        self.nodes[name].send(signal.SIGKILL)
        self.nodes[name].process.wait()
        return now_ns

    def _sample(self) -> TeleopCommand:
        return self.fill(TeleopCommand(), self.wanted, source_id='pad', engaged=self.engaged)

    def _on_state(self, columns: list[int], message: JointState) -> None:
        self.measured[columns] = message.position
        self._stamps.append(message.header.stamp)

    def __call__(self) -> None:
        """Do what is due between two messages: the pad speaks."""
        if self.engaged is not None:
            self._pad()
        if self._kept is not None and not self._as_wanted(self._kept):
            self._recover(self._kept)

    def wait(self, condition: Callable[[], T], what: str | Callable[[], str],
             timeout_s: float = 60.0) -> T:
        """Serve messages and speak as the pad until the condition holds; return what it says."""
        return self.until(condition, what, timeout_s, self)

    def reported(self, number: int) -> None:
        """Wait for that many further decisions of the gate."""
        goal = len(self.reports) + number
        self.wait(lambda: len(self.reports) >= goal, 'decisions of the gate')

    @property
    def mode(self) -> int | None:
        """The newest mode of the arbiter."""
        return self.modes[-1].mode if self.modes else None

    def sent(self, since_ns: int = 0, part: int = 0) -> list[Sent]:
        """Return what reached a part of the robot from a steady time on [ns]."""
        self.parts[part].read(self.reports)
        return [s for s in self.parts[part].sent if s.monotonic_ns >= since_ns]

    def driving(self, source: int) -> bool:
        """Tell whether the newest ten decisions let commands of a source through."""
        return len(self.reports) >= 10 and all(
            r.verdict in SENT and r.asked.source == source for r in self.reports[-10:])

    def drive(self, source: int = Command.POLICY, timeout_s: float = 60.0) -> None:
        """Start what has ended, arm and resume until a source drives, and again until a kill."""
        for name in self._started:
            if self.nodes[name].process.poll() is not None:
                self.start(name)
        self.engaged = source == Command.HUMAN if self._is_pad else None
        self._kept, self._asked = source, time.monotonic()
        self.wait(lambda: self._as_wanted(source), 'somebody drives', timeout_s)

    def _as_wanted(self, source: int) -> bool:
        return self.driving(source) and (   # an arbiter that holds holds the arm, too
            source != Command.HOLD or self.mode == ControlMode.PAUSED)

    def arm_again(self) -> None:
        """Arm the gate if it lets nothing through, at most every `ASK_S`."""
        newest = self.reports[-1] if self.reports else None
        if time.monotonic() - self._asked >= ASK_S and (
                newest is None or newest.verdict == CommandReport.HELD
                or newest.rule in ('disarmed', 'latched')):
            self._asked = time.monotonic()
            self._call('gate/arm')

    def _recover(self, source: int) -> None:
        if time.monotonic() - self._asked < ASK_S:
            return
        self.arm_again()
        self._asked = time.monotonic()
        if source == Command.POLICY and self.mode in (ControlMode.HOLD, ControlMode.PAUSED):
            self._call('dagger/resume')
        if source == Command.HOLD and self.mode != ControlMode.PAUSED:
            self._call('dagger/pause')
        if not self._is_pad:
            return
        if source == Command.HUMAN and self.mode in (
                ControlMode.HOLD, ControlMode.PAUSED, ControlMode.AUTONOMOUS):
            self.engaged = not self.engaged   # begin to engage
        elif source == Command.HUMAN:
            self.engaged = True

    def _call(self, name: str) -> None:
        if self._clients[name].service_is_ready():
            self._clients[name].call_async(Trigger.Request())

    def first_hold(self, since_ns: int, timeout_s: float = 10.0) -> Sent:
        """Return the first command after a steady time [ns] that holds every part."""
        end = time.monotonic() + timeout_s
        while not all(held := [[s for s in self.sent(since_ns, part) if s.holds]
                               for part in range(len(self.parts))]):
            assert time.monotonic() < end, 'no hold'
            self.reported(3)
        return max((of_part[0] for of_part in held), key=lambda s: s.monotonic_ns)


def milliseconds(sent: Sent, since_ns: int) -> float:
    """Return how long after a steady time a command reached the robot [ms]."""
    return (sent.monotonic_ns - since_ns) / SECOND * 1e3
