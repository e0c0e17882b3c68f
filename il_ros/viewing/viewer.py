"""Rerun's viewer, with its usage data switched off."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory

from il_ros.errors import ConfigError

RERUN = (sys.executable, '-m', 'rerun')
HERE = ('--web-viewer', '--bind', '127.0.0.1')     # it would listen everywhere


@contextmanager
def recorded(save: Path | None, web: bool = False) -> Iterator[Path]:
    """Give the file that a recording goes to; open the viewer on it where it is not to be kept.

    Raises:
        ConfigError: The viewer ends with an error.
    """
    if save is not None:
        yield save
        return
    with TemporaryDirectory(prefix='il_ros-view-') as folder:
        path = Path(folder, 'episode.rrd')
        yield path
        subprocess.run([*RERUN, 'analytics', 'disable'], check=True, capture_output=True)
        ended = subprocess.run([*RERUN, str(path), *(HERE if web else ())], check=False)
        if ended.returncode:
            raise ConfigError("Rerun's viewer ended with an error; where there is no window, take "
                              '--web, or --save it and open the file elsewhere')
