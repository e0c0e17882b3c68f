"""Message definitions as text, for the schema records of a bag."""
from __future__ import annotations

from functools import lru_cache
import os
from pathlib import Path
import re
import sys
from typing import NamedTuple

from il_ros.errors import RecordingError
from rosbags.typesys import get_types_from_msg, get_typestore, Stores

SEPARATOR = '=' * 80
SERVICES = ('Trigger', 'SetBool')     # of std_srvs
# What a bag of Humble may hold without a definition, and neither ROS 2 nor rosbags brings along.
ELSEWHERE = {
    'foxglove_msgs/msg/CompressedVideo':
        'builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format\n',
    'ffmpeg_image_transport_msgs/msg/FFMPEGPacket':
        'std_msgs/Header header\nint32 width\nint32 height\nstring encoding\nuint64 pts\n'
        'uint8 flags\nbool is_bigendian\nuint8[] data\n',
    # Events of service introspection, whose definition a bag gives as that of the service.
    'service_msgs/msg/ServiceEventInfo':
        'uint8 event_type\nbuiltin_interfaces/Time stamp\nuint8[16] client_gid\n'
        'int64 sequence_number\n',
    'std_srvs/msg/Trigger_Request': 'uint8 structure_needs_at_least_one_member\n',
    'std_srvs/msg/SetBool_Request': 'bool data\n',
    **{f'std_srvs/msg/{name}_Response': 'bool success\nstring message\n' for name in SERVICES},
    **{f'std_srvs/msg/{name}_Event':
        f'service_msgs/ServiceEventInfo info\n{name}_Request[<=1] request\n'
        f'{name}_Response[<=1] response\n' for name in SERVICES}}
_FIELD = re.compile(r'^\s*([A-Za-z]\w*(?:/[A-Za-z]\w*)?)(?:<=\d+)?(?:\[[^\]]*\])?\s+\w+')
_PRIMITIVES = frozenset((
    'bool', 'byte', 'char', 'float32', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32',
    'uint32', 'int64', 'uint64', 'string', 'wstring'))


class Definition(NamedTuple):
    """A message definition with everything that it refers to."""

    text: str       # ros2msg, dependencies appended as rosbag2 does
    hash: str       # RIHS01 type hash


def full_type(name: str) -> str:
    """Return `package/msg/Name` for `package/Name` or itself."""
    package, _, rest = name.partition('/')
    return f'{package}/msg/{rest.rpartition("/")[2]}'


@lru_cache
def message_definition(type_name: str) -> Definition:
    """Return the definition of a message type.

    Args:
        type_name: `package/Name` or `package/msg/Name`.

    Raises:
        RecordingError: The type is neither installed nor part of ROS 2 Jazzy.
    """
    root = full_type(type_name)
    texts = {root: _text(root)}
    pending = [root]
    while pending:
        for needed in _references(pending[0], texts[pending.pop(0)]):
            if needed not in texts:
                texts[needed] = _text(needed)
                pending.append(needed)
    parts = [texts.pop(root)]
    parts += [f'{SEPARATOR}\nMSG: {name.replace("/msg/", "/")}\n{text}'
              for name, text in texts.items()]
    text = '\n'.join(parts)
    store = get_typestore(Stores.EMPTY)
    store.register(get_types_from_msg(text, root))
    return Definition(text, store.hash_rihs01(root))


def _references(type_name: str, text: str) -> list[str]:
    package = type_name.partition('/')[0]
    found = [match[1] for line in text.splitlines() if (match := _FIELD.match(line))]
    return [full_type(name if '/' in name else f'{package}/{name}')
            for name in found if name not in _PRIMITIVES]


def _text(type_name: str) -> str:
    package, _, name = type_name.split('/')
    prefixes = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    places = [Path(p, 'share', package, 'msg', f'{name}.msg') for p in prefixes if p]
    if package == 'il_ros':
        places.append(Path(__file__).resolve().parents[2] / 'msg' / f'{name}.msg')
    for place in places:
        if place.is_file():
            return place.read_text(encoding='utf-8')
    if type_name in ELSEWHERE:
        return ELSEWHERE[type_name]
    store = get_typestore(Stores.ROS2_JAZZY)
    if type_name not in store.fielddefs:
        raise RecordingError(f'no definition of {type_name}: expected share/{package}/msg/{name}'
                             f'.msg below AMENT_PREFIX_PATH; install or source {package}')
    return str(store.generate_msgdef(type_name, ros_version=2)[0]).split(SEPARATOR)[0]
