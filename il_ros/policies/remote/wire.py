"""openpi's wire format: msgpack with arrays as plain bytes. What comes in is never executed.

An array is a map of b'__ndarray__', b'data', b'dtype' (such as '<f4') and b'shape', a NumPy scalar
one of b'__npgeneric__', b'data' and b'dtype'. Read off openpi-client's msgpack_numpy
(github.com/Physical-Intelligence/openpi, packages/openpi-client, Apache-2.0), which the tests talk
to. Narrower than it on purpose: numbers only, and every length is checked.
"""
from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

from il_ros.errors import RemoteError
import msgpack
import numpy as np

KINDS = 'biuf'      # booleans, integers, floats
MAX_ITEMS = 10_000  # of one list or map
MAX_TEXT = 100_000  # bytes of one text
MAX_DIMENSIONS = 8
ARRAY, SCALAR = b'__ndarray__', b'__npgeneric__'


def pack(value: Any) -> bytes:
    """Return a mapping of numbers, texts, lists, mappings and arrays as bytes.

    Raises:
        RemoteError: It holds something else.
    """
    try:
        packed: bytes = msgpack.packb(value, default=_from_numpy)
    except (TypeError, ValueError, OverflowError) as error:
        raise RemoteError(f'cannot be sent: {error}') from None
    return packed


def unpack(data: bytes) -> dict[str, Any]:
    """Return the mapping that a message holds; its arrays are read-only.

    Raises:
        RemoteError: It is damaged, larger than the limits, or holds anything but plain values and
            arrays of numbers.
    """
    try:
        value = msgpack.unpackb(data, object_hook=_to_numpy, max_str_len=MAX_TEXT,
                                max_array_len=MAX_ITEMS, max_map_len=MAX_ITEMS, max_ext_len=0)
    except (ValueError, TypeError, KeyError, RecursionError, msgpack.UnpackException) as error:
        raise RemoteError(f'not a message of numbers, texts and arrays: {error}') from None
    if not isinstance(value, dict):
        raise RemoteError(f'expected a mapping, got {type(value).__name__}')
    return value


def _from_numpy(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind not in KINDS:
        raise ValueError(f'dtype {value.dtype}: expected numbers')
    if isinstance(value, np.ndarray):
        return {ARRAY: True, b'data': value.tobytes(), b'dtype': value.dtype.str,
                b'shape': value.shape}
    if isinstance(value, np.generic):
        return {SCALAR: True, b'data': value.item(), b'dtype': value.dtype.str}
    raise TypeError(f'{type(value).__name__} is no number, text, list, mapping or array')


def _to_numpy(found: Mapping[Any, Any]) -> Any:
    if ARRAY in found:
        kind, shape, data = _number(found[b'dtype']), found[b'shape'], found[b'data']
        if len(shape) > MAX_DIMENSIONS or not all(
                type(length) is int and length >= 0 for length in shape):
            raise ValueError(f'shape {shape!r}')
        if len(data) != math.prod(shape) * kind.itemsize:
            raise ValueError(f'{len(data)} bytes for shape {tuple(shape)} of {kind}')
        return np.frombuffer(data, kind).reshape(shape)
    if SCALAR in found:
        return _number(found[b'dtype']).type(found[b'data'])
    return found


def _number(text: Any) -> np.dtype[Any]:
    if not isinstance(text, str) or len(text) > 4:  # '<f4'; longer is a structure or a text
        raise ValueError(f'dtype {text!r}')
    kind = np.dtype(text)
    if kind.kind not in KINDS:
        raise ValueError(f'dtype {text!r}: expected numbers')
    return kind
