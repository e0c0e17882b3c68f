"""The ONNX form of a checkpoint, exported once."""
from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
import shutil
import tempfile

import il_ros
from il_ros.disk.digest import feed
from il_ros.errors import CheckpointError, install


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
        from il_ros.policies.runtimes.onnx import export

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
        feed(digest, path)
    return digest.hexdigest()[:16]


def _temporary_folder() -> Path:
    """Return a folder that only this user can write."""
    folder = Path(tempfile.gettempdir(), f'il_ros-{os.getuid()}')
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o777 != 0o700 or folder.is_symlink():
        return Path(tempfile.mkdtemp(prefix='il_ros-'))  # somebody else may write what we run
    return folder
