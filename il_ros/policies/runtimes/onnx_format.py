"""What an exported policy says about itself, in the metadata of its ONNX file."""
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import BinaryIO

from il_ros.config import build
from il_ros.contract import Contract
from il_ros.errors import CheckpointError, ConfigError
from il_ros.policies.action_space import ActionSpace, ROW
from il_ros.policies.config import PolicyConfig

CONTRACT, CONFIG, URDF = 'il_ros.contract', 'il_ros.config', 'il_ros.urdf'  # in the metadata
TRAINED = 'il_ros.trained'
NOISE = 'noise'        # name of the input that a chunk is drawn from
MEMORY = 'memory'      # of the input that a recurrent policy's last answer left; begins with zeros
METADATA = 14          # field of a ModelProto (onnx.proto3)
MAX_ENTRY = 16_000_000  # bytes of one metadata entry
LENGTH_DELIMITED, VARINT, FIXED = 2, 0, {1: 8, 5: 4}  # wire types of protobuf


def read(path: Path) -> tuple[Contract, PolicyConfig, str]:
    """Return contract, settings and URDF text ('' for none) of an exported policy.

    Raises:
        CheckpointError: The file is missing, damaged or not from il_ros.
    """
    try:
        with path.open('rb') as file:
            found = _metadata(file)
    except OSError as error:
        raise CheckpointError(f'{path}: cannot be read: {error.strerror}') from None
    except (ValueError, IndexError) as error:
        raise CheckpointError(f'{path}: not an ONNX file, or damaged: {error}') from None
    if missing := [key for key in (CONTRACT, CONFIG) if key not in found]:
        raise CheckpointError(f'{path}: no {missing[0]!r} in its metadata: expected a file that '
                              '`il_ros export` wrote')
    try:
        config = build(PolicyConfig, json.loads(found[CONFIG]), f'{path}: {CONFIG}')
        contract = Contract.from_text(found[CONTRACT], f'{path}: {CONTRACT}')
        config.check_inputs(contract)
    except (ConfigError, ValueError) as error:
        raise CheckpointError(str(error)) from None
    return contract, config, found.get(URDF, '')


def says(space: ActionSpace) -> str:
    """Return how the output is called that holds what a policy says; '' where it is targets."""
    if space.tools:
        return 'tool_motions' if space.lenient else 'actions'
    return 'actions' if space.delta_from == ROW else ''


def _metadata(file: BinaryIO) -> dict[str, str]:
    """Return the metadata of a ModelProto without reading its graph.

    A node that publishes at 30 Hz cannot wait until megabytes of weights are parsed. A protobuf
    message is a row of fields, each a key (number * 8 + wire type) and a value.
    """
    found: dict[str, str] = {}
    size = os.fstat(file.fileno()).st_size
    while (key := _varint(file, end=True)) is not None:
        number, kind = divmod(key, 8)
        if kind == LENGTH_DELIMITED:
            length = _varint(file) or 0
            if number == METADATA:
                found.update([_entry(file, length)])
            else:
                file.seek(length, os.SEEK_CUR)
        elif kind == VARINT:
            _varint(file)
        elif kind in FIXED:
            file.seek(FIXED[kind], os.SEEK_CUR)
        else:
            raise ValueError(f'wire type {kind}')
        if file.tell() > size:
            raise ValueError('it ends early')
    return found


def _entry(file: BinaryIO, length: int) -> tuple[str, str]:
    """Return key and value of a StringStringEntryProto."""
    if length > MAX_ENTRY:
        raise ValueError(f'metadata of {length} bytes, expected at most {MAX_ENTRY}')
    end, values = file.tell() + length, {1: '', 2: ''}
    while file.tell() < end:
        number = (_varint(file) or 0) // 8
        values[number] = file.read(min(_varint(file) or 0, MAX_ENTRY)).decode()
    return values[1], values[2]


def _varint(file: BinaryIO, end: bool = False) -> int | None:
    value = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)
        if not byte:
            if end and not shift:
                return None
            raise ValueError('it ends early')
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
    raise ValueError('a number is too long')
