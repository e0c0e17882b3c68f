"""From what was heard to the text of a contract, every line with where it came from."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
import math
import re

from il_ros.drafting.cameras import name_cameras
from il_ros.drafting.heard import Heard, Source
from il_ros.drafting.parts import find_parts, Parts, PlannedArm, PlannedCommand
from il_ros.drafting.questions import Answers, Question
from il_ros.urdf import read_urdf, Urdf, UrdfJoint
from il_ros.urdf_text import UrdfSource, UrdfText

RATE_HZ = 30.0
COMMAND_HZ = 100.0
RAMP_S = 0.5     # the rule for accelerations: from rest to full speed
SLOW = {'prismatic': 0.1}, 0.5    # where the URDF gives no speed [m/s], [rad/s]
BASE = {'base_yaw': (0.5, 1.0)}, (0.25, 0.5)   # speed and acceleration of a base
BY_POINTS = ('trajectory_msgs/JointTrajectory', 'std_msgs/Float64MultiArray')
INSIDE = 1e6     # limits are rounded inwards to a millionth


@dataclass
class _Lines:
    """YAML with the remarks behind it."""

    lines: list[str] = field(default_factory=list)

    def add(self, text: str, note: str = '') -> None:
        self.lines.append(f'{text}  # {note}' if note else text)


def draft(heard: Heard, robot: str, answers: Answers, urdf_file: UrdfSource | None = None) -> str:
    """Return a contract as YAML.

    Args:
        heard: What was heard of the robot.
        robot: Its name.
        answers: Of the person who knows the rest.
        urdf_file: Its URDF where the robot tells none.

    Raises:
        ConfigError: There is no URDF, nothing can be both measured and moved, or an answer is
            missing.
    """
    if urdf_file is None and heard.guess:
        urdf, named = read_urdf(UrdfText('the data', heard.guess)), ''
    elif urdf_file is None:
        topic, text = heard.urdf()
        urdf, named = read_urdf(UrdfText(f'the URDF of {topic}', text)), heard.written(topic)
    else:
        urdf, named = read_urdf(urdf_file), ''
    task = answers.ask(Question('task', 'what is the robot to do, in words?', f'move {robot}'))
    parts = find_parts(heard, urdf, answers)
    answers.require_used()
    out = _Lines(list(_opening(robot, heard)))
    out.add(f'robot: {_word(robot)}', 'as you call it')
    out.add(f'task: {_word(task)}', answers.notes['task'])
    out.add(f'rate_hz: {RATE_HZ}', 'of observations and commands; the usual one')
    _joints(out, parts, heard, urdf)
    _states(out, parts, heard)
    _arms(out, parts, heard)
    _commands(out, parts, heard)
    left_out = [*parts.left_out, *_cameras(out, heard)]
    if named:
        out.add(f'urdf: topic:{named}', 'the robot tells it')
    elif urdf_file is not None:
        out.add(f'urdf: {_word(str(urdf_file))}', 'as given with --urdf')
    out.lines += _closing(left_out, heard)
    return '\n'.join(out.lines) + '\n'


def _opening(robot: str, heard: Heard) -> Iterator[str]:
    yield f'# {robot}, as ' + (
        f'`il_ros import` read it in {heard.bag}' if heard.bag else
        f'`il_ros init` heard it for {heard.seconds:g} s in the namespace {heard.namespace}'
    ) + '. Rates and positions: measured.'
    yield (f'# Limits: {heard.description}. Acceleration: the rule "full speed in {RAMP_S:g} s"; '
           f'{heard.description} has none. Check every line.').replace('data has', 'data have')
    yield '# Controllers: ' + (heard.silence if heard.controllers is None else
                               'as the controller manager lists them') + '.'


def _joints(out: _Lines, parts: Parts, heard: Heard, urdf: Urdf) -> None:
    base = dict(parts.base[1]) if parts.base else {}
    start = []
    out.add('joints:')
    for name in parts.joints:
        if name in base:
            speeds, other = BASE
            velocity, acceleration = speeds.get(name, other)
            start.append(0.0)
            out.add(f'  - {{name: {_word(name)}, velocity: {velocity}, '
                    f'acceleration: {acceleration}}}', 'slow, by il_ros: nothing says')
            continue
        joint = urdf.joints[name]
        velocity, note = _velocity(joint)
        limits, value = '', round(parts.measured[name].positions[name], 4)
        if joint.kind == 'continuous':
            limits, note = 'continuous: true', f'continuous in the URDF; {note}'
        else:
            lower, upper = _inside(joint)
            limits, value = f'position: [{lower}, {upper}]', min(max(value, lower), upper)
        start.append(value)
        out.add(f'  - {{name: {_word(name)}, {limits}, velocity: {velocity}, '
                f'acceleration: {_short(velocity / RAMP_S)}}}', heard.seen.get(name, note))
    out.add(f'start: [{", ".join(map(str, start))}]',
            'where it stood at first' if heard.bag else 'where it stood meanwhile')


def _velocity(joint: UrdfJoint) -> tuple[float, str]:
    try:
        given = float(joint.velocity)
    except ValueError:
        given = 0.0
    if math.isfinite(given) and given > 0:
        return _short(given), 'URDF'
    kinds, other = SLOW
    return kinds.get(joint.kind, other), 'URDF; it gives no speed: slow, by il_ros'


def _inside(joint: UrdfJoint) -> tuple[float, float]:
    lower, upper = joint.limits
    inside = math.ceil(lower * INSIDE) / INSIDE, math.floor(upper * INSIDE) / INSIDE
    return inside if inside[0] < inside[1] else (lower, upper)


def _states(out: _Lines, parts: Parts, heard: Heard) -> None:
    out.add('states:')
    topics = {source.topic: source for source in parts.measured.values()}
    for topic, source in topics.items():
        names = [name for name in parts.joints
                 if name in parts.measured and parts.measured[name].topic == topic]
        out.add(f'  - topic: {_word(heard.written(topic))}', heard.publisher(source))
        _stream(out, source, 4)
        out.add(f'    joints: {_list(names)}', 'its messages name them')
        if source.names:
            out.add(f'    names: {_list(source.names[name] for name in names)}', 'what they say')
    if parts.base:
        odometry, fields = parts.base
        out.add(f'  - topic: {_word(heard.written(odometry.topic))}', heard.publisher(odometry))
        _stream(out, odometry, 4)
        out.add(f'    joints: {_list([name for name, _ in fields])}', 'names by il_ros')
        out.add(f'    fields: {_list([f"twist.twist.{name}" for _, name in fields])}',
                'of its messages')


def _stream(out: _Lines, source: Source, indent: int) -> None:
    space, rate = ' ' * indent, max(round(source.rate_hz), 1)
    age_s = source.age_s if source.stamp is None and source.age_s is not None else 0.0
    out.add(f'{space}type: {source.type}', 'of its topic')
    out.add(f'{space}rate_hz: {rate}', f'measured: {source.rate_hz:.1f} Hz')
    out.add(f'{space}max_age_s: {source.max_age_s:.3g}',
            'five periods, at least 0.1' + ('' if source.stamp else
                                            f'; measured: {age_s * 1e3:.0f} ms old'))
    if source.stamp:
        out.add(f'{space}stamp: {source.stamp}', 'its header stamps are zero or of another clock')


def _arms(out: _Lines, parts: Parts, heard: Heard) -> None:
    if parts.arms:
        out.add('arms:')
    for arm in parts.arms:
        out.add(f'  - name: {arm.limb.name}', f'chains of {heard.description}')
        out.add(f'    joints: {_list(arm.limb.joints)}', 'from its root on')
        if arm.tip:
            out.add(f'    tip: {_word(arm.tip)}', arm.tip_note)
        _gripper(out, arm)


def _gripper(out: _Lines, arm: PlannedArm) -> None:
    if gripper := arm.gripper:
        out.add(f'    gripper: {{joint: {_word(gripper.joint)}, open: {gripper.open}, '
                f'closed: {gripper.closed}}}', gripper.note)


def _commands(out: _Lines, parts: Parts, heard: Heard) -> None:
    out.add('commands:')
    for command in parts.commands:
        key = 'action' if command.sink.action else 'topic'
        out.add(f'  - {key}: {_word(heard.written(command.sink.name))}', command.note)
        out.add(f'    type: {command.sink.type}', 'what it takes')
        out.add(f'    joints: {_list(command.joints)}', _order(command, heard))
        if command.sink.names:
            out.add(f'    names: {_list(command.sink.names)}', 'what its messages call them')
        if command.by_velocity:
            out.add('    interface: velocity', 'what its controller claims of each joint')
        if command.fields:
            out.add(f'    fields: {_list(command.fields)}', 'of a twist, in the same order')
        if command.arm:
            out.add(f'    arm: {command.arm}', 'whose tip it moves')
        if command.sink.frame:
            out.add(f'    frame: {_word(command.sink.frame)}', 'its messages name it')
        for topic, kind in command.sink.integrated:
            out.add(f'    integrated: {{topic: {_word(heard.written(topic))}, type: {kind}}}',
                    'speeds of a person; add scale: [0.4, 0.8] where they are unitless')
    if _points(parts.commands):
        out.add(f'command_hz: {COMMAND_HZ}', 'controllers like points closer than those of '
                                             'rate_hz; the usual one')


def _order(command: PlannedCommand, heard: Heard) -> str:
    controller = heard.controller_of(command.sink)
    return ('in the order of its controller' if controller and controller.interfaces else
            'in the order of its messages' if command.sink.joints else
            f'in the order of {heard.description}' if not command.fields else 'names by il_ros')


def _points(commands: tuple[PlannedCommand, ...]) -> bool:
    return any(c.sink.type in BY_POINTS for c in commands) and not any(c.fields for c in commands)


def _cameras(out: _Lines, heard: Heard) -> list[str]:
    cameras, left_out = name_cameras(heard.images)
    out.lines += ['cameras:'] if cameras else []
    for name, image in cameras:
        out.add(f'  - name: {name}', 'from its topic')
        out.add(f'    topic: {_word(heard.written(image.topic))}', heard.publisher(image))
        _stream(out, image, 4)
        for key in ('encoding', 'height', 'width'):
            out.add(f'    {key}: {getattr(image, key)}', 'its images')
    return left_out


def _closing(left_out: list[str], heard: Heard) -> Iterator[str]:
    for wrench in heard.wrenches:
        yield (f'# Not taken, forces come later: {heard.written(wrench.topic)} ({wrench.type}, '
               f'{wrench.rate_hz:.0f} Hz, {wrench.node}).')
    for text in left_out:
        yield f'# Left out: {" ".join(text.split())}.'
    yield ('# To add by hand: workspace of each arm, scene (table and walls) and jerk limits, see '
           'docs/robots.md.')


def _list(names: Iterable[str]) -> str:
    return f'[{", ".join(map(_word, names))}]'


def _word(text: str) -> str:
    """Return a text as YAML reads it back; names of ROS need no quotes."""
    plain = re.fullmatch(r'[A-Za-z_/][A-Za-z0-9_/.-]*', text) and text.lower() not in (
        'yes', 'no', 'on', 'off', 'true', 'false', 'null', 'y', 'n')
    quoted = text.replace("'", "''")
    return text if plain else f"'{quoted}'"


def _short(value: float) -> float:
    return float(f'{value:.6g}')
