"""Serialised messages to objects, by the definitions that the bag carries."""
from __future__ import annotations

from functools import lru_cache
import struct
from typing import Any

from il_ros.bags.storage import Source
from il_ros.errors import BagError, RecordingError
from il_ros.recording.definitions import full_type, message_definition
from rosbags.serde import SerdeError
from rosbags.typesys import (
    get_types_from_idl,
    get_types_from_msg,
    get_typestore,
    Stores,
    TypesysError,
)
import zstandard

SEPARATOR = '=' * 80 + '\n'
IDL = 'IDL: '
_ZSTD = b'\x28\xb5\x2f\xfd'     # how a message that rosbag2 compressed begins
MAX_MESSAGE = 1 << 30
LARGE = 1 << 16     # bytes: a picture, whose numbers are bytes themselves
_UNREADABLE = (TypesysError, RecordingError, ValueError, KeyError, IndexError, AssertionError,
               AttributeError, TypeError)
UNREADABLE_DATA = (SerdeError, ValueError, IndexError, KeyError, struct.error, AssertionError)


def require_readable(source: Source, where: str) -> None:
    """Check that the messages of a topic can be read.

    Raises:
        BagError: They are no CDR, or nothing says what their type is.
    """
    if source.serialization != 'cdr':
        raise BagError(f'{where}: {source.topic} is written as {source.serialization!r}, expected '
                       'cdr; record it with ros2 bag record')
    try:
        _store(source.type, source.encoding, source.definition)
    except _UNREADABLE as error:
        raise BagError(f'{where}: {source.topic}: the bag defines {source.type or "its type"} in '
                       f'{source.encoding or "no language"!r}, which cannot be read ({error}); '
                       'it is neither installed nor part of ROS 2 Jazzy; source its package'
                       ) from None


def plain(data: bytes) -> bytes:
    """Return a serialised message, unpacked where rosbag2 compressed it by itself.

    Raises:
        ValueError: It cannot be unpacked.
    """
    if data[:4] != _ZSTD:   # no CDR begins like this
        return data
    try:
        stream = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(data)
        unpacked = stream.read(MAX_MESSAGE)
    except (zstandard.ZstdError, MemoryError) as error:
        raise ValueError(f'compressed with zstd, cannot be unpacked: {error}') from None
    return bytes(unpacked)


def deserialize(source: Source, data: bytes) -> Any:
    """Return a message of a topic that `require_readable` passed.

    Raises:
        Exception: One of UNREADABLE_DATA: The data are no such message.
    """
    store = _store(source.type, source.encoding, source.definition)
    # Of bytes rosbags copies all but the head first; numbers of a small message lie aligned then.
    given = memoryview(data) if len(data) > LARGE else data
    return store.deserialize_cdr(given, full_type(source.type))


def serialize(source: Source, message: Any) -> bytes:
    """Return a message of such a topic as it lies in a bag."""
    store = _store(source.type, source.encoding, source.definition)
    return bytes(store.serialize_cdr(message, full_type(source.type)))


@lru_cache(maxsize=256)
def _store(kind: str, encoding: str, text: str) -> Any:
    """Return a type store with one type and what it consists of."""
    name = full_type(kind)
    try:
        return _registered(name, _types(name, encoding, text))
    except _UNREADABLE:
        known = get_typestore(Stores.ROS2_JAZZY)
        if name in known.fielddefs:
            return known
        return _registered(name, get_types_from_msg(message_definition(name).text, name))


def _types(name: str, encoding: str, text: str) -> Any:
    if not text.strip() or encoding not in ('ros2msg', 'ros2idl', 'omgidl'):
        raise ValueError('no definition')
    if encoding == 'ros2msg':
        return get_types_from_msg(text, name)
    types: dict[str, Any] = {}
    for part in text.split(SEPARATOR):
        header, _, rest = part.partition('\n')
        types.update(get_types_from_idl(rest if header.startswith(IDL) else part)
                     if part.strip() else {})
    return types


def _registered(name: str, types: Any) -> Any:
    store, known = get_typestore(Stores.EMPTY), get_typestore(Stores.ROS2_JAZZY)
    store.register(types)
    for part in known.fielddefs.keys() - store.fielddefs.keys():
        # A definition may name what it consists of without defining it.
        store.fielddefs[part], store.types[part] = known.fielddefs[part], known.types[part]
    store.get_msgdef(name)
    return store
