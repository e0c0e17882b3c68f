"""How processes reach each other: on this machine only, through shared memory that holds images.

Measured (`make bench ARGS='--only capture'`): Fast DDS's own 512 KB segment loses frames of three
VGA cameras, 64 MB lose none.
"""
from __future__ import annotations

from collections.abc import Mapping
import fcntl
import os
from pathlib import Path
import re
import time

from il_ros.config import config_folders

RANGE = 'ROS_AUTOMATIC_DISCOVERY_RANGE'
PROFILES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')  # Jazzy, later
SEGMENTS = Path('/dev/shm')
_LOCK = re.compile(r'fastrtps_[0-9a-f]{16}_el')
SETTLED_S = 60.0  # a process creates its lock a moment before it holds it


def defaults(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the user has not set, with our values.

    Discovery stays on this machine; Fast DDS takes config/transport/local.xml, or network.xml
    where the user has opened discovery to other machines.
    """
    values = {RANGE: environ.get(RANGE, 'LOCALHOST')}
    if not any(name in environ for name in PROFILES):
        name = 'local.xml' if values[RANGE] == 'LOCALHOST' else 'network.xml'
        found = [file for f in config_folders('transport') if (file := f / name).is_file()]
        values |= {variable: str(found[0]) for variable in PROFILES if found}
    return {name: value for name, value in values.items() if name not in environ}


def clean(folder: Path = SEGMENTS) -> list[str]:
    """Remove shared memory that this user's killed Fast DDS processes left; return the names.

    A living process holds a lock beside its segment, so what can be locked has no owner.
    """
    removed = []
    for lock in folder.iterdir() if folder.is_dir() else ():
        if not _LOCK.fullmatch(lock.name):
            continue
        try:
            with lock.open('rb') as file:
                found = os.fstat(file.fileno())
                if found.st_uid != os.getuid() or time.time() - found.st_mtime < SETTLED_S:
                    continue
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                segment = lock.with_name(lock.name.removesuffix('_el'))
                segment.unlink(missing_ok=True)
                lock.unlink()
                removed.append(segment.name)
        except OSError:
            continue  # its owner lives, or another process cleans it up
    return removed
