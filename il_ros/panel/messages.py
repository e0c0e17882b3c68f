"""What a page may say: small JSON objects, each checked whole before any of it counts."""
from __future__ import annotations

from collections.abc import Callable, Mapping
import json
import re
from typing import Any

from il_ros.errors import MessageError

MAX_BYTES = 4096
PAGE = re.compile(r'[0-9a-f]{32}')
ID = re.compile(r'[0-9A-Za-z-]{1,40}')
NAME = re.compile(r'[a-z_]{1,20}')
EPISODE = re.compile(r'[0-9A-Za-z_-]{0,64}')
MOST = 1 << 53       # whole numbers that JavaScript knows exactly

Check = Callable[[Any], bool]


def _text(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -1 <= value < MOST


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 64 and all(map(_number, value))


def _seen(value: Any) -> bool:
    return isinstance(value, dict) and _fits(value, SEEN)


SEEN: dict[str, Check] = {'n': _number, 'epoch': _number, 'episode': _text(EPISODE),
                          'fault': _number}
KINDS: dict[str, dict[str, Check]] = {
    'hello': {'page': _text(PAGE), 'visible': _flag},
    'beat': {'n': _number, 'visible': _flag},
    'watch': {'cameras': _numbers, 'arm': _flag},
    'ack': {'camera': _number, 'number': _number},
    'press': {'id': _text(ID), 'action': _text(NAME)},
    'release': {'id': _text(ID)},
    'act': {'id': _text(ID), 'action': _text(NAME), 'visible': _flag, 'seen': _seen},
    'seat': {'what': _text(NAME)},
    'doctor': {},
}


def read(text: Any) -> Mapping[str, Any]:
    """Return a page's message, whose `kind` is one of `KINDS` and whose fields are as it says.

    Raises:
        MessageError: It is none.
    """
    if not isinstance(text, str) or len(text) > MAX_BYTES:
        raise MessageError(f'expected a text of at most {MAX_BYTES} characters')
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise MessageError('expected JSON') from None
    if not isinstance(message, dict) or not isinstance(kind := message.pop('kind', None), str):
        raise MessageError('expected an object with a kind')
    if kind not in KINDS or not _fits(message, KINDS[kind]):
        raise MessageError(f'expected {", ".join(KINDS)} with their fields')
    return {'kind': kind, **message}


def _fits(message: Mapping[str, Any], fields: Mapping[str, Check]) -> bool:
    return message.keys() == fields.keys() and all(
        check(message[name]) for name, check in fields.items())
