"""The parts of the robot as the contract will have them."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import math

from il_ros.drafting.chains import Chains, Limb
from il_ros.drafting.commands import Commands
from il_ros.drafting.heard import Heard, JointSource, Sink, Source
from il_ros.drafting.questions import Answers, Question
from il_ros.errors import ConfigError
from il_ros.urdf import Urdf

BASE = (('base_x', 'linear.x'), ('base_y', 'linear.y'), ('base_yaw', 'angular.z'))


@dataclass(frozen=True)
class Gripper:
    """A gripper, with its two ends and who said which is which."""

    joint: str
    open: float
    closed: float
    note: str


@dataclass(frozen=True)
class PlannedArm:
    """An arm that can be measured and moved."""

    limb: Limb
    tip: str
    tip_note: str
    gripper: Gripper | None


@dataclass(frozen=True)
class PlannedCommand:
    """A command interface with its joints, and why."""

    sink: Sink
    joints: tuple[str, ...]
    note: str
    fields: tuple[str, ...] = ()
    arm: str = ''
    by_velocity: bool = False


@dataclass(frozen=True)
class Parts:
    """The robot.

    Attributes:
        joints: In the contract's order, those of a base last.
        measured: Of each joint but a base's, where it is measured.
        base: Where a base is measured, with its joints' fields.
        left_out: What is there and not taken, and why.
    """

    joints: tuple[str, ...]
    measured: dict[str, JointSource]
    arms: tuple[PlannedArm, ...]
    commands: tuple[PlannedCommand, ...]
    base: tuple[Source, tuple[tuple[str, str], ...]] | None
    left_out: tuple[str, ...]


def find_parts(heard: Heard, urdf: Urdf, answers: Answers) -> Parts:
    """Return the parts of a robot.

    Raises:
        ConfigError: Nothing of it can be both measured and moved, or an answer is missing.
    """
    chains = Chains(urdf)
    limbs, measured = chains.limbs(), _measured(heard, chains.free)
    commands, moved = Commands(heard, limbs, answers), _Moved()
    left_out: list[str] = []
    arms = []
    for limb in limbs:
        if silent := [name for name in limb.joints if name not in measured]:
            left_out.append(f'{limb.name}: no JointState has a position of {", ".join(silent)}')
        elif (sink := commands.of_arm(limb)) is None:
            left_out.append(f'{limb.name}: {heard.nobody} of a kind that il_ros sends')
        else:
            moved.add(sink, limb.joints, commands)
            arms.append(_arm(limb, sink, heard, urdf, measured, commands, moved, answers,
                             left_out))
    for sink in commands.beside(moved.joints(), measured) if heard.bag else ():
        moved.add(sink, sink.joints, commands)      # heads and lifts: they were told something
    base = _base(heard, commands, moved, left_out)
    extra = [name for name in moved.joints() if name not in measured
             and not (base and name in dict(base[1]))]
    if extra:
        raise ConfigError(f'{moved.sink_of(extra[0]).name}: its controller also moves '
                          f'{extra[0]!r}, which no JointState measures or the URDF lacks')
    if not moved.joints():
        raise ConfigError('nothing that il_ros can measure and move: ' + '; '.join(
            [*left_out, *commands.left_out] or ['the URDF has no chain of joints']))
    order = [name for arm in arms for name in (
        *arm.limb.joints, *([arm.gripper.joint] if arm.gripper else []))]
    joints = tuple(dict.fromkeys([*order, *moved.joints()]))
    left_out += [f'{name}: neither in an arm nor moved by what was taken'
                 for name in chains.free if name not in joints and name in measured]
    return Parts(joints, {name: measured[name] for name in joints if name in measured},
                 tuple(arms), moved.commands(), base, (*left_out, *commands.left_out))


def _measured(heard: Heard, names: Iterable[str]) -> dict[str, JointSource]:
    """Return where each joint is measured: on the topic that has most of them."""
    wanted = set(names)
    best = sorted(heard.joints, key=lambda source: (
        -len(wanted & source.positions.keys()), -source.rate_hz, source.topic))
    found: dict[str, JointSource] = {}
    for source in best:
        for name in source.positions:
            if name in wanted and math.isfinite(source.positions[name]):
                found.setdefault(name, source)
    return found


def _arm(limb: Limb, sink: Sink, heard: Heard, urdf: Urdf, measured: dict[str, JointSource],
         commands: Commands, moved: _Moved, answers: Answers, left_out: list[str]) -> PlannedArm:
    tip, note = '' if heard.guess else limb.tips[0], 'the last link of its chain'
    if tip and len(limb.tips) > 1:
        key = f'tip.{limb.name}'
        tip = answers.ask(Question(key, f'on which link does the tool of {limb.name} sit?', tip,
                                   limb.tips))
        others = ', '.join(link for link in limb.tips if link != tip)
        note = f'{answers.notes[key]}; also at the end of its chain: {others}'
    if sink.type == 'geometry_msgs/PoseStamped':
        moved.name_arm(sink, limb.name)
    for joint in limb.grippers:
        if joint not in measured:
            left_out.append(f'{joint}: no JointState has a position of it')
            continue
        mover, why = commands.of_gripper(joint, limb, sink)
        if mover is None:
            left_out.append(f'{joint}: {heard.nobody} for it')
            continue
        moved.add(mover, (joint,), commands, why)
        return PlannedArm(limb, tip, note, _gripper(joint, limb, heard, urdf, answers))
    return PlannedArm(limb, tip, note, None)


def _gripper(joint: str, limb: Limb, heard: Heard, urdf: Urdf, answers: Answers) -> Gripper:
    lower, upper = urdf.joints[joint].limits
    ends = ('upper', 'lower') if urdf.joints[joint].kind == 'prismatic' else ('lower', 'upper')
    key = f'gripper.{limb.name}'
    end = answers.ask(Question(key, f'the gripper {joint} moves from {lower:g} (lower) to '
                               f'{upper:g} (upper): where is it open?', ends[0], ends))
    opened, closed = (lower, upper) if end == 'lower' else (upper, lower)
    return Gripper(joint, opened, closed,
                   f'ends: {heard.description}; which is open: {answers.notes[key]}')


def _base(heard: Heard, commands: Commands, moved: _Moved, left_out: list[str]
          ) -> tuple[Source, tuple[tuple[str, str], ...]] | None:
    if (sink := commands.of_base()) is None:
        left_out += [f'{source.topic}: no Twist topic that drives a base'
                     for source in heard.odometry]
        return None
    if not heard.odometry:
        left_out.append(f'{sink.name}: a base without odometry, which nothing measures')
        return None
    fields = BASE if commands.sideways(sink) else (BASE[0], BASE[2])
    moved.add(sink, tuple(name for name, _ in fields), commands,
              fields=tuple(field for _, field in fields))
    first, *more = heard.odometry
    left_out += [f'{source.topic}: {first.topic} was taken' for source in more]
    return first, fields


class _Moved:
    """Which interface moves which joints, so far."""

    def __init__(self) -> None:
        self._found: dict[str, PlannedCommand] = {}

    def add(self, sink: Sink, joints: Sequence[str], commands: Commands, why: str = '',
            fields: tuple[str, ...] = ()) -> None:
        known = None if fields else commands.joints_of(sink)
        before = self._found.get(sink.name)
        note = '; '.join(filter(None, [before.note if before else commands.source(sink), why]))
        together = (*(before.joints if before else ()), *joints)
        self._found[sink.name] = PlannedCommand(
            sink, tuple(dict.fromkeys(known or together)), note, fields,
            before.arm if before else '', commands.by_velocity(sink))

    def name_arm(self, sink: Sink, arm: str) -> None:
        before = self._found[sink.name]
        self._found[sink.name] = PlannedCommand(sink, before.joints, before.note, (), arm)

    def joints(self) -> list[str]:
        return [name for command in self._found.values() for name in command.joints]

    def sink_of(self, joint: str) -> Sink:
        return next(c.sink for c in self._found.values() if joint in c.joints)

    def commands(self) -> tuple[PlannedCommand, ...]:
        return tuple(self._found.values())
