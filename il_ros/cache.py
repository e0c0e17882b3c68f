"""Where this machine keeps what can be had again: decoded images, files of buckets."""
from __future__ import annotations

import os
from pathlib import Path

from il_ros.errors import ConfigError

FOLDER, BOUND_GB = 'IL_ROS_CACHE', 'IL_ROS_CACHE_GB'  # in the environment
DISK_SHARE = 0.8  # of what the files and the free space are together


def cache_folder(part: str) -> Path:
    """Return the folder of one kind of files: in $IL_ROS_CACHE, else in ~/.cache/il_ros."""
    base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(os.environ.get(FOLDER) or Path(base, 'il_ros'), part)


def cache_bound() -> int | None:
    """Return how many bytes the files of one kind may take, $IL_ROS_CACHE_GB; None: DISK_SHARE.

    Raises:
        ConfigError: It is no number.
    """
    text = os.environ.get(BOUND_GB)
    try:
        return int(float(text) * 1e9) if text else None
    except (ValueError, OverflowError):
        raise ConfigError(f'{BOUND_GB}: expected gigabytes, got {text!r}') from None
