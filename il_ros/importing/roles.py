"""What each topic of a bag is taken for."""
from __future__ import annotations

from collections.abc import Iterator, Mapping

from il_ros.bags.episodes.topic import READERS
from il_ros.contract.command import BASE_TOPICS, FORWARD, RECORDED
from il_ros.contract.streams import IMAGE_TYPES, JOINT_STATE, ODOMETRY, VIDEO_TYPES
from il_ros.drafting.cameras import name_cameras
from il_ros.drafting.heard import Heard
from il_ros.drafting.questions import Answers, Question
from il_ros.importing.alike import two_sides, words
from il_ros.importing.content import Topic
from il_ros.recording.definitions import full_type

STATE, COMMAND, CAMERA, BASE, URDF, FORCE, NONE = (
    'state', 'command', 'camera', 'state of a base', 'URDF', 'force', '')
TRAJECTORY = 'trajectory_msgs/JointTrajectory'
POSE = 'geometry_msgs/PoseStamped'
KINDS = {TRAJECTORY: COMMAND, FORWARD: COMMAND, ODOMETRY: BASE,
         'geometry_msgs/WrenchStamped': FORCE,
         **dict.fromkeys((*BASE_TOPICS, *RECORDED), COMMAND),
         **dict.fromkeys((*IMAGE_TYPES, *VIDEO_TYPES), CAMERA)}
TELLING = frozenset({'command', 'commands', 'cmd', 'leader', 'leaders', 'master', 'masters',
                     'target', 'targets', 'desired', 'goal', 'action', 'actions', 'reference',
                     'setpoint', 'teleop', 'gello'})   # words in the name of what moves a robot


def roles(topics: Mapping[str, Topic], joints: Mapping[str, tuple[str, ...]],
          answers: Answers) -> dict[str, str]:
    """Return what each topic is taken for.

    Args:
        topics: Of the bag, by name.
        joints: Which joints each JointState topic names.
        answers: Of the person who knows which of two that name the same joints is measured.
    """
    found = {name: _role(topic) for name, topic in topics.items()}
    told = {name for name in joints if TELLING & words(name)}
    if told == set(joints):
        told = set()
    for name, own in joints.items():
        rivals = [other for other in joints if other != name and other not in told
                  and set(joints[other]) & set(own) and not two_sides(name, other)]
        if name not in told and rivals:
            found[name] = answers.ask(Question(
                f'role.{name}', f'{name} and {", ".join(rivals)} name the same joints: what is '
                f'{name}, measured (state) or the command of a leader?', None,
                (STATE, COMMAND, 'none')))
        else:
            found[name] = COMMAND if name in told else STATE
    return found


def _role(topic: Topic) -> str:
    if topic.type == 'std_msgs/String' and topic.name.endswith('/robot_description'):
        return URDF
    return KINDS.get(topic.type, NONE)


def lines(topics: Mapping[str, Topic], found: Mapping[str, str], heard: Heard) -> Iterator[str]:
    """Yield a line for each topic: what it holds, and what it is taken for."""
    more = dict(_more(heard))
    width = max(map(len, topics))
    kinds = max(len(topic.type) for topic in topics.values())
    for name, topic in topics.items():
        yield (f'{name:{width}}  {topic.type:{kinds}}  {topic.count:7d}  {topic.rate_hz:7.1f} Hz  '
               f'{more.get(name) or found[name] or _otherwise(topic)}')


def _more(heard: Heard) -> Iterator[tuple[str, str]]:
    for source in heard.joints:
        silent = f', {len(source.without_position)} more without position'
        yield source.topic, (f'{STATE} of {len(source.positions)} joints'
                             + silent * bool(source.without_position))
    for sink in heard.sinks:
        for topic, _ in sink.integrated:
            yield topic, 'speeds of an arm, which il_ros convert adds up'
        if sink.joints:
            yield sink.name, f'{COMMAND} of {len(sink.joints)} joints'
        elif sink.type == POSE:
            yield sink.name, f'{COMMAND} of a tip, in {sink.frame or "no frame"}'
    cameras, left_out = name_cameras(heard.images)
    for name, image in cameras:
        yield image.topic, f'{CAMERA} {name!r}: {image.height}x{image.width} {image.encoding}'
    for text in left_out:
        topic, _, reason = text.partition(': ')
        yield topic, f'not used: {reason}'


def _otherwise(topic: Topic) -> str:
    if topic.type == POSE:
        return 'not used; the target of a tip is called so, and needs a URDF'
    if topic.type == JOINT_STATE:
        return 'not used, as you said'
    if full_type(topic.type) in READERS:
        return f'not used; may mark episodes (--split marker:{topic.name})'
    return 'not used'
