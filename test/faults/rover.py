"""Two arms and a base that a policy drives; any part and any sender can be made to fail."""
from __future__ import annotations

from pathlib import Path
import subprocess
import sys
import time
from typing import Any

from il_ros.msg import Command, CommandReport, ControlMode
from il_ros.nodes import shell
from il_ros.scheduling import end_with_parent, run_first
from nodes.harness import environment, NodeProcess
from nodes.pair import Pair, patient, SAMPLE
import numpy as np
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

SPEED = 0.3      # at which the policy drives the base [m/s]
ASK_S = 0.2
STILL = 1e-3     # [rad]
CUT = 'uplink/command'   # where the arbiter publishes; the link to the gate is here
LEFT, RIGHT = 'left/joint_states', 'right/joint_states'
MODULES = {'policy': ('faults.chunks', f'base_x={SPEED}', 'left_1~0.2', 'right_1~0.2'),
           'left': ('faults.arm_driver', LEFT, 'left_jtc/joint_trajectory')}
TEST = Path(__file__).parents[1]


class Rover(Pair):
    """The drivers of two arms and a base in this process; gate, arbiter and policy beside it.

    Attributes:
        link: Whether what the arbiter sends reaches the gate.
    """

    def __init__(self, folder: Path, domain: int, impatient: bool = True) -> None:
        super().__init__(domain)
        self.folder, self._domain, self.link = folder, domain, True
        self._robot = SAMPLE if impatient else patient(folder)
        self.mode: int | None = None
        self._asked = 0.0
        run_first(children=False)
        self.nodes: dict[str, Any] = {}
        uplink = self.node.create_publisher(Command, 'control/command', shell.STREAM)
        self.node.create_subscription(
            Command, CUT, lambda m: uplink.publish(m) if self.link else None, shell.STREAM)
        self.node.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        self.node.create_subscription(Float64MultiArray, 'right_forward/commands', self._follow,
                                      shell.STREAM)
        self._clients = [self.node.create_client(Trigger, name)
                         for name in ('gate/arm', 'dagger/resume')]
        for name in (*MODULES, 'command_gate', 'dagger_intervention'):
            self.start(name)

    def __exit__(self, *_: object) -> None:
        for node in self.nodes.values():
            node.kill()
            node.wait()
        super().__exit__()

    def _follow(self, message: Float64MultiArray) -> None:
        self.position[3:5] = message.data

    def _on_mode(self, message: ControlMode) -> None:
        self.mode = message.mode

    def start(self, name: str) -> None:
        """Start a process, or start it again."""
        if name in MODULES:
            with (self.folder / f'{name}.txt').open('ab') as log:
                module, *arguments = MODULES[name]
                self.nodes[name] = subprocess.Popen(
                    [sys.executable, '-m', module, str(self._domain), str(self._robot),
                     *arguments], cwd=TEST, stdout=log, stderr=log,
                    env=environment(self._domain), preexec_fn=end_with_parent)
            return
        arbiter = name == 'dagger_intervention'
        self.nodes[name] = NodeProcess(
            name, self._domain, self.folder / f'{name}.txt',
            parameters={'robot': self._robot, **({'mode': 'autonomous'} if arbiter else {})},
            remaps={'control/command': CUT} if arbiter else None).process

    def drives(self) -> bool:
        """Tell whether the policy drives the base at its speed."""
        return bool(self.mode == ControlMode.AUTONOMOUS and self.twists
                    and self.twists[-1][0] > SPEED - 1e-6)

    def drive(self) -> None:
        """Start what has ended, arm and resume until the policy drives the base."""
        self.link = True
        self.silent = {LEFT}   # it has a driver of its own
        self.lies.clear()
        self.until(self.drives, 'the base is driven', each=self._ask, timeout_s=60.0)

    def _ask(self) -> None:
        if time.monotonic() - self._asked > ASK_S:
            self._asked = time.monotonic()
            for name, process in list(self.nodes.items()):
                if process.poll() is not None:
                    self.start(name)
            for client in self._clients:
                if client.service_is_ready():
                    client.call_async(Trigger.Request())

    def kill(self, name: str) -> int:
        """End a process with SIGKILL; return the steady time just before [ns]."""
        now_ns = time.monotonic_ns()
        self.nodes[name].kill()
        return now_ns

    def cut(self, _: str = '') -> int:
        """Let nothing of the arbiter reach the gate any more; return the steady time [ns]."""
        self.link = False
        return time.monotonic_ns()

    def zero_ns(self, since_ns: int) -> int:
        """Return when the base was told zero first after a steady time [ns]."""
        def zeros() -> list[int]:
            return [at for x, yaw, at in self.twists if at >= since_ns and x == yaw == 0.0]
        self.until(zeros, 'a zero for the base')
        return zeros()[0]

    def break_arm(self, how: str) -> int:
        """Let one arm fail: 'killed', 'silent' or 'told NaN'; return the steady time [ns]."""
        now_ns = time.monotonic_ns()
        if how == 'killed':
            return self.kill('left')
        if how == 'silent':
            self.silent.add(RIGHT)
        else:
            self.lies[RIGHT] = float('nan')
        return now_ns

    def held_ns(self) -> int:
        """Wait until the gate holds; return the steady time [ns]."""
        def held() -> bool:
            return bool(self.reports) and self.reports[-1].verdict == CommandReport.HELD and (
                self.reports[-1].rule != 'base')
        self.until(held, 'a hold of the gate')
        return time.monotonic_ns()

    def stands(self, decisions: int) -> bool:
        """Tell whether, under a hold and once they have braked, no part is told to move.

        Args:
            decisions: Of the gate, after as many in which the arms brake.
        """
        for _ in range(2):
            del self.left[:], self.right[:], self.twists[:]
            goal = len(self.reports) + decisions
            self.until(lambda n=goal: len(self.reports) >= n, 'decisions of the gate')
        arms = [np.array([m.points[0].positions for m in self.left]), np.array(self.right)]
        return len(self.twists) > 0 and not any(x or yaw for x, yaw, _ in self.twists) and all(
            len(told) and np.ptp(told, axis=0).max() < STILL for told in arms)
