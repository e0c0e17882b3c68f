"""The graph's side of `il_ros guide`: the arm is led by hand, shown and armed again."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import time
from typing import Any

from il_ros.contract import Contract, State
from il_ros.errors import IlRosError
from il_ros.joints import NewestJoints
from il_ros.nodes.clients.client import Client
from il_ros.nodes.clients.record import RecordClient
from il_ros.nodes.guiding.gripper_key import GripperKey
from il_ros.nodes.shared.state_topics import StateTopics
from il_ros.recording.metadata import Led
from il_ros.teaching.guide import Guide, GuideError, Stage, Want
from il_ros.teaching.rows import Doable
from il_ros.teaching.steps import perform, Step, way_back
from il_ros.types import Floats
from std_srvs.srv import SetBool

ARM_S = 3.0


class GuideClient(RecordClient):
    """Leads the arm by hand, with the gate disarmed meanwhile, and records what is shown.

    Attributes:
        guide: Where it stands.
        doable: What of the running episode the arm could not do by itself.
    """

    def __init__(self, contract: Contract, steps: Callable[[Client, Contract], list[Step]],
                 led: Led, namespace: str = '') -> None:
        """Join the graph.

        Args:
            contract: The robot.
            steps: Makes what leads it.
            led: What its episodes say.
            namespace: Of the robot.

        Raises:
            IlRosError: This robot cannot be led, or there is no recorder.
        """
        super().__init__(namespace)
        self._contract, self._led = contract, led
        self.guide, self.doable = Guide(contract), Doable(contract)
        self._newest = NewestJoints(contract.joint_names)
        try:
            self._steps = steps(self, contract)
        except IlRosError:
            self.close()
            raise
        self._gate = Step('gate/guide on', 'gate/guide off', lambda: self._tell_gate(True),
                          lambda: self._tell_gate(False))
        self._gripper = GripperKey(self.node, contract)
        StateTopics(self.node, contract, self._measure)

    def toggle(self) -> None:
        """Ask for guiding, or for its end as soon as the arm stands still; or a GuideError."""
        if self.guide.stage is Stage.GUIDED:
            self.guide.end(time.monotonic_ns())
        else:
            self.guide.begin()

    def go_on(self) -> str:
        """Do what is due; return what to tell the person, '' for nothing."""
        try:
            want = self.guide.tick(time.monotonic_ns())
        except GuideError as error:
            if self.guide.stage is Stage.DISARMED:
                with suppress(IlRosError):      # arming says so then
                    self._tell_gate(False)
            return str(error)
        if want is None:
            return ''
        try:
            if want is Want.ARM:
                self._tell_gate(False)
                self.trigger_until_accepted('gate/arm', ARM_S)
            else:
                perform([self._gate, *self._steps] if want is Want.SWITCH else
                        way_back(self._steps))
        except IlRosError as error:
            self.guide.failed()
            return str(error)
        self.guide.done(time.monotonic_ns())
        return self.guide.stage.value

    def grip(self, which: int = 0) -> str:
        """Close a gripper, or open it; return what to tell the person."""
        measured = self._newest.whole
        if self.guide.stage is not Stage.GUIDED or measured is None:
            return 'lead the arm first'
        return self._gripper.press(which, measured)

    def show(self, task: str = '') -> str:
        """Start an episode of the led arm; return 'recording', or why not."""
        if self.guide.stage is not Stage.GUIDED:
            return 'lead the arm first'
        try:
            self._state(self._led)
            try:
                self.start_capture(0.0, task)
            finally:
                self._state(Led())      # what is recorded otherwise is none of ours
        except IlRosError as error:
            return str(error)
        self.doable.begin()
        return 'recording'

    def shown(self, outcome: str) -> tuple[str, str]:
        """End the episode of the led arm; return its folder and what to tell the person.

        The folder is '' where nothing was kept, as of what the arm could not do by itself.
        """
        problem = self.doable.problem
        try:
            folder = self.stop_capture(outcome, keep=not problem)
        except IlRosError as error:
            return '', str(error)
        return ('', f'discarded: {problem}') if problem else (str(folder), f'kept {folder.name}')

    def leave(self) -> None:
        """Hold the arm again, disarmed, and leave the graph."""
        try:
            if self.guide.stage in (Stage.GUIDED, Stage.SETTLING):
                perform(way_back(self._steps))
            if self.guide.stage not in (Stage.DISARMED, Stage.ARMED):
                self._tell_gate(False)
        finally:
            self.close()

    def _measure(self, positions: Floats, state: State, message: Any) -> None:
        now_ns = time.monotonic_ns()
        self.guide.measure(positions, now_ns)
        self._newest.take(positions, now_ns)
        whole = self._newest.whole
        if self.recording and self.guide.stage is Stage.GUIDED and whole is not None:
            self.doable.add(whole, now_ns)

    def _tell_gate(self, on: bool) -> None:
        self.call(SetBool, 'gate/guide', SetBool.Request(data=on))

    def _state(self, led: Led) -> None:
        self.set_parameter('teleop_capture', 'lead_s', led.lead_s)
        self.set_parameter('teleop_capture', 'hand_images', led.hand_images)
