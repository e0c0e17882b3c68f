"""Which of the topics and actions that somebody listens to moves which joints."""
from __future__ import annotations

from collections.abc import Collection, Sequence
import re

from il_ros.contract.command import BASE_TOPICS, POSITION_TOPICS, RECORDED
from il_ros.drafting.chains import Limb
from il_ros.drafting.heard import Heard, Sink
from il_ros.drafting.questions import Answers, Question

*SENT, LEADER, POSE = POSITION_TOPICS
JOINTS = (*SENT, *RECORDED, LEADER)     # the likeliest first: a JointState may be a leader's
NAMING = ('trajectory_msgs/JointTrajectory', 'sensor_msgs/JointState')
ARRAY = 'std_msgs/Float64MultiArray'
SERVO = ('servo', 'delta')    # MoveIt's takes twists of a tool, not of a base
TARGETS = ('target', 'reference')   # of a Cartesian controller; nav2 takes other poses
HOLONOMIC = ('mecanum', 'omni')


class Commands:
    """Chooses, and asks where several would do.

    Attributes:
        left_out: What is not used and why.
    """

    def __init__(self, heard: Heard, limbs: Sequence[Limb], answers: Answers) -> None:
        self._heard, self._limbs, self._answers = heard, limbs, answers
        self.left_out: list[str] = []
        self._silence = ('nothing in the bag says' if heard.bag else
                         'no controller manager says')
        self._sinks = []
        for sink in heard.sinks:
            if reason := self._problem(sink):
                self.left_out.append(f'{sink.name} ({sink.type}): {reason}')
            else:
                self._sinks.append(sink)

    def joints_of(self, sink: Sink) -> tuple[str, ...] | None:
        """Return the joints that a controller or its messages name, in this order, else None."""
        controller = self._heard.controller_of(sink)
        if controller is None or not controller.interfaces:
            return sink.joints or None
        names = [name.rpartition('/')[0] for name in controller.interfaces]
        return tuple(dict.fromkeys(names))

    def source(self, sink: Sink) -> str:
        """Return who says what a sink moves, for people."""
        if sink.note:
            return sink.note
        controller = self._heard.controller_of(sink)
        return (f'{controller.name} ({controller.type}, {controller.state})' if controller else
                f'{sink.node or "its server"} listens; which joints: by name')

    def by_velocity(self, sink: Sink) -> bool:
        """Return whether a controller takes velocities of its joints."""
        controller = self._heard.controller_of(sink)
        return bool(sink.type == ARRAY and controller and controller.interfaces
                    and controller.interfaces[0].endswith('/velocity'))

    def of_arm(self, limb: Limb) -> Sink | None:
        """Return what moves an arm; positions before velocities where there are both."""
        found = []
        for kind in JOINTS:
            for sink in self._sinks:
                known = self.joints_of(sink)
                if sink.type == kind and (
                        set(limb.joints) <= set(known) if known is not None
                        else self._fits(sink, limb) and 'grip' not in sink.name.lower()):
                    found.append(sink)
        found.sort(key=self.by_velocity)
        found += [sink for sink in self._sinks if sink.type == POSE and self._fits(sink, limb)
                  and any(word in sink.name.lower() for word in TARGETS)]
        return self._choose(found, limb.name, f'which topic moves the joints of {limb.name}?')

    def of_gripper(self, joint: str, limb: Limb, arm: Sink | None) -> tuple[Sink | None, str]:
        """Return what moves a gripper, and why."""
        if arm is not None and joint in (self.joints_of(arm) or ()):
            return arm, ''
        alone = sum(len(each.grippers) > 0 for each in self._limbs) == 1
        found = []
        for sink in sorted(self._sinks, key=lambda each: (
                not each.action, JOINTS.index(each.type) if each.type in JOINTS else 0)):
            known = self.joints_of(sink)
            if sink.type in BASE_TOPICS or sink.type == POSE or sink == arm or (
                    self.by_velocity(sink)):
                continue
            if joint in known if known is not None else (
                    (alone or self._fits(sink, limb))
                    and (sink.action or 'grip' in sink.name.lower())):
                found.append(sink)
        chosen = self._choose(found, f'{limb.name}.gripper', f'what moves the gripper {joint}?')
        if chosen is None and arm and self.joints_of(arm) is None and arm.type in NAMING:
            return arm, 'no gripper of its own is there: assumed to move with the arm; check it'
        return chosen, ''

    def beside(self, moved: Collection[str], measured: Collection[str]) -> list[Sink]:
        """Return what moves joints that are measured and that nothing else was taken for."""
        return [sink for sink in self._sinks if sink.type in JOINTS and sink.joints
                and set(sink.joints) <= set(measured) and not set(sink.joints) & set(moved)]

    def of_base(self) -> Sink | None:
        """Return what drives a base."""
        found = [sink for sink in self._sinks if sink.type in BASE_TOPICS and not any(
            word in f'{sink.name} {sink.node}'.lower() for word in SERVO)]
        return self._choose(found, 'base', 'which topic drives the base?')

    def sideways(self, sink: Sink) -> bool:
        """Return whether a base goes sideways, too."""
        controller = self._heard.controller_of(sink)
        if controller is not None:
            return any(word in controller.type.lower() for word in HOLONOMIC)
        return self._answers.ask(Question('base.sideways', 'does the base go sideways, too?', 'no',
                                          ('yes', 'no'))) == 'yes'

    def _choose(self, found: Sequence[Sink], what: str, text: str) -> Sink | None:
        if not found:
            return None
        sink = found[0]
        if len(found) > 1:
            names = [each.name for each in found]
            answer = self._answers.ask(Question(f'command.{what}', text, names[0], tuple(names)))
            sink = found[names.index(answer)]
            self.left_out += [f'{name}: {answer} was taken' for name in names if name != answer]
        if sink.type == ARRAY and self.joints_of(sink) is None and self._answers.ask(Question(
                f'positions.{what}', f'{self._silence} what {sink.name} takes: '
                f'positions of {what}, in the order of {self._heard.description}?', None,
                ('yes', 'no'))) == 'no':
            self.left_out.append(f'{sink.name}: it takes no positions, as you said')
            return None
        return sink

    def _fits(self, sink: Sink, limb: Limb) -> bool:
        """Tell whether a name speaks of an arm, or there is but one."""
        return len(self._limbs) == 1 or bool(
            re.search(rf'(^|[/_]){re.escape(limb.name)}([/_]|$)', sink.name))

    def _problem(self, sink: Sink) -> str:
        controller = self._heard.controller_of(sink)
        if controller is None:
            return ''
        if controller.state != 'active':
            return (f'{controller.name} is {controller.state} (ros2 control switch_controllers '
                    f'--activate {controller.name})')
        kinds = sorted({name.rpartition('/')[2] for name in controller.interfaces})
        able = ('position', 'velocity') if sink.type == ARRAY else ('position',)
        if sink.type in JOINTS and kinds and not (len(kinds) == 1 and kinds[0] in able):
            return f'takes {" and ".join(kinds)}, expected {" or ".join(able)} alone'
        return ''
