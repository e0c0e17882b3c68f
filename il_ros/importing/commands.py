"""What a bag holds of commands: which joints each topic moves, and how that is known."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from il_ros.contract.command import FORWARD, GROUP, SINGLE
from il_ros.contract.streams import JOINT_STATE
from il_ros.drafting.chains import Chains
from il_ros.drafting.commands import TARGETS
from il_ros.drafting.heard import Sink
from il_ros.importing.alike import Alike
from il_ros.importing.content import Content
from il_ros.importing.guess import finger
from il_ros.importing.roles import COMMAND, POSE, TRAJECTORY
from il_ros.importing.tracks import (
    array_tracks,
    followers,
    moves,
    renamed,
    single_tracks,
    Track,
    trajectory_tracks,
)
from il_ros.urdf import Urdf

COUNTED = (FORWARD, GROUP)      # numbers in an order that no message says
NAMING = (TRAJECTORY, JOINT_STATE, SINGLE)
UNTOLD = ('made up: nothing tells it in the bag, as an action leaves no topic; name yours before '
          'the robot is to move')


def commands(content: Content, found: Mapping[str, str], said: Mapping[str, Mapping[str, Track]],
             measured: Mapping[str, Track], alike: Alike
             ) -> tuple[list[Sink], dict[str, list[Track]]]:
    """Return the commands, and where they sent each joint.

    Args:
        content: The bag, open.
        found: What each topic is taken for.
        said: Per JointState topic and joint as its messages call it, where it was.
        measured: Per joint as the contract calls it.
        alike: Of the arms whose drivers call their joints alike.
    """
    sinks: list[Sink] = []
    told: dict[str, list[Track]] = {}
    for name in [name for name, role in found.items() if role == COMMAND]:
        kind = content.topics[name].type
        if kind in COUNTED:
            columns = array_tracks(content.messages(name))
            names = followers(columns, measured)
            note = f'which joints: those that go where its {len(columns)} numbers say'
            sink = Sink(name, kind, joints=names, note=note if names else '')
            tracks = dict(zip(names, columns, strict=bool(names)))
        elif kind in NAMING:
            by_name = said.get(name) or (single_tracks if kind == SINGLE else trajectory_tracks)(
                content.messages(name))
            sink = _naming(name, kind, by_name, measured, alike)
            tracks = {joint: by_name[own] for joint, own in zip(
                sink.joints, sink.names or sink.joints, strict=True)}
        else:
            sink, tracks = Sink(name, kind, note='what drives the base'), {}
        if sink.joints or kind not in NAMING:
            sinks.append(sink)
        for joint, track in tracks.items():
            told.setdefault(joint, []).append(track)
    return sinks, told


def _naming(name: str, kind: str, tracks: Mapping[str, Track], measured: Mapping[str, Track],
            alike: Alike) -> Sink:
    """Return a command whose messages name joints, if not as the state does."""
    own = tuple(joint for joint, track in tracks.items() if track.values)
    if meant := alike.meant(name, own):
        return Sink(name, kind, joints=tuple(meant), names=tuple(meant.values()),
                    note='which joints: by its topic and its messages')
    joints, note = renamed(own, list(measured))
    return Sink(name, kind, joints=joints, names=() if set(joints) <= set(own) else own,
                note=f'which joints: {note}')


def targets(content: Content, urdf: Urdf) -> list[Sink]:
    """Return the poses that a tip was sent to, of which a URDF makes joints."""
    found = []
    for name in [topic.name for topic in content.topics.values() if topic.type == POSE]:
        frame = next(content.messages(name))[1].header.frame_id.removeprefix('/')
        if any(word in name.lower() for word in TARGETS) and frame in ('', *urdf.links):
            found.append(Sink(name, POSE, note='its messages say where the tip is to be',
                              frame=frame))
    return found


def untold_fingers(measured: Mapping[str, Track], sinks: Sequence[Sink], urdf: Urdf | None
                   ) -> list[Sink]:
    """Return a command that nobody sent for the first finger of each gripper that moved untold.

    Args:
        measured: Per joint of the contract.
        sinks: The commands of the bag.
        urdf: Of the robot; by their names where there is none.
    """
    told = {joint for sink in sinks for joint in sink.joints}
    if any(sink.type in COUNTED and not sink.joints for sink in sinks):
        return []       # a person will say which joints its numbers are of
    if urdf:
        hands = [list(limb.grippers) for limb in Chains(urdf).limbs()]
    else:
        first: dict[str, list[str]] = {}
        for name in filter(finger, measured):
            first.setdefault(name.split('_')[0], []).append(name)
        hands = list(first.values())
    return [Sink(f'/{moving[0]}/command', TRAJECTORY, joints=(moving[0],), note=UNTOLD)
            for hand in hands if not told & set(hand)
            if (moving := [name for name in hand if name in measured and moves(measured[name])])]
