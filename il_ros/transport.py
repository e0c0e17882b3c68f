"""How processes reach each other: on this machine only, images through shared memory.

Measured (`make bench ARGS='--only capture'`): Fast DDS's own 512 KB segment loses frames of three
VGA cameras, 64 MB lose none; UDP loses most. What carries no images uses UDP alone, since shared
memory lets a foreign process that joins, stops or is killed block the writers of all others
(https://github.com/eProsima/Fast-DDS/issues/6535).
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
LEAN = 'control_'   # in front of the name of a profile: for who has no images
PEERS = 'ROS_STATIC_PEERS'
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


def without_images(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep a process off shared memory where the profile is ours.

    rmw_fastrtps adds shared memory to whatever a profile says where the range is LOCALHOST, so
    the profile does what that range stands for.
    """
    given = Path(next((environ[name] for name in PROFILES if name in environ), ''))
    lean = given.with_name(f'{LEAN}{given.name.removeprefix(LEAN)}') if given.name else given
    if given.parent not in config_folders('transport') or not lean.is_file():
        return {}  # the user's own
    local = environ.get(RANGE) == 'LOCALHOST'
    if local and environ.get(PEERS):
        return {}  # only LOCALHOST and SUBNET know them
    values = dict.fromkeys(PROFILES, str(lean)) | ({RANGE: 'SYSTEM_DEFAULT'} if local else {})
    return {name: value for name, value in values.items() if environ.get(name) != value}


def for_children(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what `prepare` chose for this process alone."""
    own = {name: Path(environ[name]).name for name in PROFILES
           if Path(environ.get(name, '')).name.startswith(LEAN)
           and Path(environ[name]).parent in config_folders('transport')}
    local = {RANGE: 'LOCALHOST'} if f'{LEAN}local.xml' in own.values() else {}
    return {name: value for name, value in environ.items() if name not in own} | local


def prepare(*, images: bool = True) -> None:
    """Set the variables of this process and clean up after killed ones; before any context.

    Args:
        images: Whether it publishes or hears images.
    """
    os.environ.update(defaults(os.environ))
    if not images:
        os.environ.update(without_images(os.environ))
    for name in PROFILES:
        if not os.environ.get(name):  # Fast DDS takes an empty name for a missing file
            os.environ.pop(name, None)
    clean()


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
