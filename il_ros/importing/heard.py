"""A bag as `drafting` wants it: what would have been heard of the robot."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from il_ros.bags.clocks import clock_problem, compare
from il_ros.contract.integrated import JOG, TWISTS
from il_ros.contract.streams import JOINT_STATE, ODOMETRY, Stream, VIDEO_TYPES
from il_ros.drafting.chains import Chains
from il_ros.drafting.commands import SERVO
from il_ros.drafting.heard import Heard, ImageSource, JointSource, Sink, Source
from il_ros.drafting.questions import Answers
from il_ros.errors import BagError, ConfigError, MessageError
from il_ros.images.header import Header
from il_ros.images.messages import read_header
from il_ros.images.video import coding, PictureMissing, Video
from il_ros.importing.alike import Alike
from il_ros.importing.commands import commands, COUNTED, NAMING, targets, untold_fingers
from il_ros.importing.content import Content, Times
from il_ros.importing.guess import chains, made_up
from il_ros.importing.roles import (
    BASE,
    CAMERA,
    FORCE,
    POSE,
    roles,
    STATE,
    TRAJECTORY,
    URDF,
)
from il_ros.importing.tracks import joint_tracks, Track
from il_ros.timing import SECOND, to_s
from il_ros.urdf import read_urdf
from il_ros.urdf_text import UrdfSource, UrdfText
import numpy as np

PICTURES = 200      # of a video, among which one is a key picture
SILENCE = 'a bag does not tell; which joints a command moves is what its messages say'
MADE_UP = 'made up: the bag holds no commands; name yours before the robot is to move'
NO_COMMAND = '/joint_commands'


@dataclass(frozen=True)
class Imported:
    """What a bag was taken for.

    Attributes:
        roles: Of each topic.
        shown: It holds no commands: the arm was moved by hand.
        untold: Fingers that moved while no topic told them to, as of an action's server.
    """

    heard: Heard
    roles: Mapping[str, str]
    shown: bool
    untold: tuple[str, ...] = ()


def hear(content: Content, answers: Answers, urdf: UrdfSource | None = None) -> Imported:
    """Return what a bag says of its robot.

    Args:
        content: The bag, open.
        answers: Of the person who knows the rest.
        urdf: The robot's URDF, where the bag has none.

    Raises:
        BagError: The bag has no joint that was measured, or is damaged.
        ConfigError: An answer is missing, or two arms call their joints alike.
    """
    said = {name: joint_tracks(content.messages(name))
            for name, topic in content.topics.items() if topic.type == JOINT_STATE}
    found = roles(content.topics, {name: tuple(tracks) for name, tracks in said.items()}, answers)
    alike = Alike({name: tracks for name, tracks in said.items() if found[name] == STATE})
    states = {name: {alike.named(name, joint): track for joint, track in tracks.items()}
              for name, tracks in said.items() if found[name] == STATE}
    measured = {joint: track for tracks in states.values() for joint, track in tracks.items()
                if track.values}
    if not measured:
        raise BagError(f'{content.path}: no position of a joint: expected a '
                       f'sensor_msgs/JointState with positions, got {", ".join(content.topics)}')
    _require_once(states)
    stamps = content.stamps([name for name, role in found.items()
                             if role in (STATE, CAMERA, BASE, FORCE)])
    sources = {name: _source(content, name, *times) for name, times in stamps.items()}
    joints = [JointSource(**vars(sources[name]), positions={
        joint: track.values[0] for joint, track in tracks.items() if track.values},
        names=({alike.named(name, joint): joint for joint in said[name]}
               if name in alike.sides else {}),
        without_position=tuple(joint for joint, track in tracks.items() if not track.values))
        for name, tracks in states.items() if name in sources]
    urdfs = {name: next(content.messages(name))[1].data
             for name, role in found.items() if role == URDF}
    source = urdf or _description(urdfs)
    if source is not None:
        free = Chains(read_urdf(source)).free    # what mimics another joint is none of its own
        measured = {joint: track for joint, track in measured.items() if joint in free}
    sinks, told = commands(content, found, said, measured, alike)
    sinks += targets(content, read_urdf(source)) if source else []
    shown = not any(sink.type in (*COUNTED, *NAMING, POSE) for sink in sinks)
    untold = [] if shown else untold_fingers(measured, sinks,
                                             read_urdf(source) if source else None)
    sinks += untold
    heard = Heard(
        joints=tuple(joints), images=tuple(_images(content, found, sources)),
        odometry=tuple(s for s in sources.values() if s.type == ODOMETRY),
        wrenches=tuple(sources[name] for name, role in found.items()
                       if role == FORCE and name in sources),
        silence=SILENCE, urdfs=urdfs, bag=content.path.name)
    if source is None:
        groups = chains([*([] if shown else [s.joints for s in sinks]),
                         *(list(tracks) for tracks in states.values())])
        known = all(sink.joints for sink in sinks if sink.type in COUNTED)
        moved = {joint for sink in sinks for joint in sink.joints if known}
        kept = [[j for j in group if j in measured and (shown or not moved or j in moved)]
                for group in groups]
        text, seen = made_up([group for group in kept if group], {
            joint: [track, *told.get(joint, [])] for joint, track in measured.items()})
        heard = replace(heard, guess=text, seen=seen)
    if shown:
        chain = Chains(read_urdf(source or UrdfText('the data', heard.guess)))
        speeds = _speeds(content) if source and len(chain.limbs()) == 1 else ()
        names = tuple(name for limb in chain.limbs()
                      for name in (*limb.joints, *(() if speeds else limb.grippers))
                      if name in measured)
        sinks = [*sinks, Sink(NO_COMMAND, TRAJECTORY, joints=names, note=MADE_UP,
                              integrated=speeds)]
        shown = not speeds
    return Imported(replace(heard, sinks=tuple(sinks)), found, shown,
                    tuple(joint for sink in untold for joint in sink.joints))


def _speeds(content: Content) -> tuple[tuple[str, str], ...]:
    """Return topic and type of the speeds that somebody gave an arm, as to moveit_servo."""
    found = [(name, topic.type) for name, topic in content.topics.items() if topic.type == JOG or (
        topic.type in TWISTS and any(word in name.lower() for word in SERVO))]
    return tuple(found) if len(found) == 1 else ()


def _description(urdfs: Mapping[str, str]) -> UrdfText | None:
    if len(set(urdfs.values())) > 1:
        raise ConfigError(f'{" and ".join(urdfs)} hold different URDFs: several robots; name the '
                          'file of one with --urdf')
    return next((UrdfText(f'the URDF of {topic}', text) for topic, text in urdfs.items()), None)


def _require_once(states: Mapping[str, Mapping[str, Track]]) -> None:
    of: dict[str, str] = {}
    for topic, tracks in states.items():
        for joint in tracks:
            if (other := of.setdefault(joint, topic)) != topic:
                raise ConfigError(
                    f'joint {joint!r} is measured on {other} and on {topic}: two arms that call '
                    'their joints alike need names of their own; write the contract by hand, with '
                    'names (docs/robots.md)')


def _source(content: Content, name: str, log_ns: Times, header_ns: Times) -> Source:
    """Return a topic with its rate; without an age where its stamps cannot be believed."""
    steps = np.diff(log_ns)
    rate_hz = float(SECOND / np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
    stamped = header_ns > 0
    age_s = to_s(int(np.median((log_ns - header_ns)[stamped]))) if stamped.any() else None
    source = Source(name, content.topics[name].type, '', rate_hz, age_s)
    stream = Stream(name, source.type, rate_hz, source.max_age_s, stamp=source.stamp)
    wrong = clock_problem(stream, compare(stream, log_ns, header_ns))
    return replace(source, age_s=None) if wrong else source


def _images(content: Content, found: Mapping[str, str],
            sources: Mapping[str, Source]) -> Iterator[ImageSource]:
    for name in [name for name, role in found.items() if role == CAMERA and name in sources]:
        try:
            header = _header(content, name)
        except (MessageError, BagError) as error:
            yield ImageSource(**vars(sources[name]), problem=str(error))
        else:
            yield ImageSource(**vars(sources[name]), height=header.height, width=header.width,
                              encoding=header.encoding)


def _header(content: Content, name: str) -> Header:
    first: Any = next(content.messages(name))[1]
    if content.topics[name].type not in VIDEO_TYPES and not coding(first):
        return read_header(first)
    video = Video()
    for _, message in islice(content.messages(name), PICTURES):
        try:
            height, width, _ = video.read(message).shape
            return Header(height, width, 'rgb8')
        except PictureMissing:
            continue
    raise MessageError(f'no picture could be shown of its first {PICTURES} messages')


def checked_urdf(file: UrdfSource | None) -> UrdfSource | None:
    """Return a URDF that can be read.

    Raises:
        ConfigError: It cannot.
    """
    if file is not None and not read_urdf(file).moving:
        raise ConfigError(f'{file}: no joint of it moves')
    return file
