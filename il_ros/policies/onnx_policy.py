"""Policies that ONNX Runtime or OpenVINO runs: an exported file, or a checkpoint's cached form.

The same outputs as the network in PyTorch, sooner on a CPU, and without PyTorch.
"""
from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any, BinaryIO

import il_ros
from il_ros.config import build
from il_ros.contract import Contract
from il_ros.errors import CheckpointError, ConfigError, install
from il_ros.policies.config import PolicyConfig, VECTORS
from il_ros.policies.data import Data
from il_ros.policies.history import History
from il_ros.policies.onnx_runtimes import load_graph
from il_ros.policies.policy import Description, start_observation
from il_ros.policies.tool_frame import ToolFrame
from il_ros.policies.transforms import Chain, features
from il_ros.types import Floats, Observation
import numpy as np

CONTRACT, CONFIG, URDF = 'il_ros.contract', 'il_ros.config', 'il_ros.urdf'  # in the metadata
NOISE = 'noise'        # name of the input that a chunk is drawn from
MEMORY = 'memory'      # of the input that a recurrent policy's last answer left; begins with zeros
METADATA = 14          # field of a ModelProto (onnx.proto3)
MAX_ENTRY = 16_000_000  # bytes of one metadata entry
BLOCK = 1 << 20        # bytes read at once
LENGTH_DELIMITED, VARINT, FIXED = 2, 0, {1: 8, 5: 4}  # wire types of protobuf


class OnnxPolicy:
    """An exported policy; equal to the one that it was exported from."""

    def __init__(self, path: Path, *, threads: int = 1, seed: int = 0, backend: str = 'onnx'
                 ) -> None:
        """Load the file and run it once.

        Args:
            path: What `onnx.export` wrote.
            threads: CPU threads of the network.
            seed: Of the noise, where the policy draws its chunks.
            backend: What computes; see `onnx_runtimes.load_graph`.

        Raises:
            CheckpointError: The backend is missing, or the file is damaged, not from il_ros or
                gives targets that are not finite.
        """
        self.contract, self._config, urdf = _read(path)
        self.horizon = self._config.horizon
        self.cameras = self._config.cameras
        self._backward = _tool_targets(self._config, self.contract, urdf, path)
        self._graph = load_graph(path, backend, threads)
        self._no_memory = np.zeros(self._graph.inputs.get(MEMORY, ()), np.float32)
        self._history = History(self._config.observation_steps, self._config.inputs)
        self.reset()
        self.seed(seed)
        if not np.isfinite(self.infer(start_observation(self.contract, self.cameras))).all():
            raise CheckpointError(f'{path}: the dry run gave targets that are not finite')
        self.reset()
        self.seed(seed)

    def infer(self, observation: Observation) -> Floats:
        """Return the next joint targets. Shape (H, J)."""
        task = self.contract.task
        for seen in (self._history.new(observation, task) if self._config.recurrent
                     else [self._history.window(observation, task)]):
            self._chunk, *memory = self._graph.run({
                name: self._value(seen, name) for name in self._graph.inputs})
            self._memory = memory[0] if memory else self._no_memory
        chunk = self._chunk
        if self._backward is None:
            targets: Floats = chunk[0].astype(np.float64)
            return targets
        data = self._backward.backward({'actions': chunk, 'state': observation.state[None]})
        return data['actions'][0]  # type: ignore[no-any-return]

    def seed(self, seed: int) -> None:
        """Start the noise that chunks are drawn from anew."""
        self._random = np.random.default_rng(seed)

    def reset(self) -> None:
        """Forget what was seen."""
        self._history.reset()
        self._memory = self._no_memory

    def _value(self, seen: Data, name: str) -> Any:
        if name == NOISE:
            return self._random.standard_normal(self._graph.inputs[NOISE], np.float32)
        if name == MEMORY:
            return self._memory
        return seen[name].astype(np.float32) if name in VECTORS else seen[f'images.{name}']


def describe(path: Path) -> Description:
    """Return what an exported policy says about itself; takes no ONNX Runtime.

    Raises:
        CheckpointError: The file is missing, damaged or not from il_ros.
    """
    contract, config, _ = _read(path)
    return Description(contract, config.kind, config.cameras, config.horizon, past=config.past)


def cached(checkpoint: Path) -> Path:
    """Return the exported form of a checkpoint; export it on first use, which takes seconds.

    It lies in the checkpoint's folder or, where that cannot be written, in a temporary folder of
    this user, which a warning names. Its name holds a hash of the checkpoint: a file under that
    name is this checkpoint, and one that was trained on is exported anew.

    Raises:
        CheckpointError: The checkpoint is damaged or has no ONNX form.
    """
    name = f'policy-{_fingerprint(checkpoint)}.onnx'
    beside, temporary = checkpoint / name, _temporary_folder() / name
    for path in (beside, temporary):
        if path.is_file():
            return path
    made = temporary.with_name(f'.{os.getpid()}.{name}')  # several nodes may start at once
    part = beside.with_name(f'.{os.getpid()}.{name}')
    try:
        from il_ros.policies.load import load
        from il_ros.policies.onnx import export

        export(load(checkpoint), made)
    except ModuleNotFoundError as error:
        raise CheckpointError(f'{checkpoint}: to export it takes {error.name}: '
                              f'{install("train,export")}; or export it elsewhere with `il_ros '
                              'export` and name the .onnx file') from None
    try:
        shutil.copyfile(made, part)
        part.replace(beside)
        made.unlink()
        return beside
    except OSError as error:
        part.unlink(missing_ok=True)
        made.replace(temporary)
        logging.getLogger(__name__).warning('%s: cannot be written (%s); its ONNX form is %s',
                                            checkpoint, error.strerror, temporary)
        return temporary


def _fingerprint(checkpoint: Path) -> str:
    from il_ros.policies.checkpoint import FILES  # an exported file needs no safetensors

    digest = hashlib.sha256(il_ros.__version__.encode())
    for path in (checkpoint / name for name in (*FILES, 'robot.urdf')):
        if not path.is_file():
            continue  # only the URDF may be absent; `load` says so
        digest.update(f'\n{path.name} {path.stat().st_size}\n'.encode())
        with path.open('rb') as file:
            while block := file.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()[:16]


def _temporary_folder() -> Path:
    """Return a folder that only this user can write."""
    folder = Path(tempfile.gettempdir(), f'il_ros-{os.getuid()}')
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o777 != 0o700 or folder.is_symlink():
        return Path(tempfile.mkdtemp(prefix='il_ros-'))  # somebody else may write what we run
    return folder


def _tool_targets(config: PolicyConfig, contract: Contract, urdf: str, path: Path) -> Chain | None:
    """Return what turns motions of the tool into joint targets; None for other policies."""
    if not config.tool_actions:
        return None
    if not urdf:
        raise CheckpointError(f'{path}: moves the tool but holds no URDF: it was exported by an '
                              'older il_ros; export it again')
    with tempfile.NamedTemporaryFile('w', suffix='.urdf') as file:  # Pinocchio reads files
        file.write(urdf)
        file.flush()
        return features(config, contract, ToolFrame(contract, Path(file.name)))


def _read(path: Path) -> tuple[Contract, PolicyConfig, str]:
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
