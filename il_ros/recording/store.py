"""Where episodes lie: names, atomic closing, nothing overwritten, nothing deleted."""
from __future__ import annotations

import os
from pathlib import Path
import re
import shutil

from il_ros.config import path_name
from il_ros.disk.atomic import sync
from il_ros.errors import ConfigError, RecordingError

PARTIAL = '.partial'
DISCARDED = 'discarded'
QUARANTINE = 'quarantine'
RECOVERED = 'recovered'
ASIDE = (DISCARDED, QUARANTINE, RECOVERED)


class EpisodeStore:
    """The folder that holds one bag directory per episode."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def next_name(self, prefix: str = 'episode') -> str:
        """Return the first unused `<prefix>_<number>`, counting set-aside episodes too."""
        folders = [self.root, *(self.root / name for name in ASIDE)]
        found = [p.name for f in folders if f.is_dir() for p in f.iterdir()]
        pattern = re.compile(re.escape(prefix) + r'_(\d+)(\W|$)')
        numbers = [int(match[1]) for name in found if (match := pattern.match(name))]
        return f'{prefix}_{max(numbers, default=0) + 1:04d}'

    def begin(self, name: str, min_free_bytes: int) -> Path:
        """Return the `.partial` folder to write, which does not exist yet.

        Raises:
            RecordingError: The name is not allowed or taken, or the disk is full or not writable.
        """
        try:
            path_name(name, 'episode name')
            self.root.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.root).free
        except ConfigError as error:
            raise RecordingError(str(error)) from None
        except OSError as error:
            raise RecordingError(f'{self.root}: cannot be written: {error.strerror}') from None
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise RecordingError(f'{self.root}: cannot be written: Permission denied')
        partial = self.root / (name + PARTIAL)
        if partial.resolve().parent != self.root.resolve():
            raise RecordingError(f'episode {name!r} would lie outside {self.root}')
        if taken := [p for p in (self.root / name, partial) if p.exists()]:
            raise RecordingError(f'{taken[0]} exists already and is not overwritten; '
                                 'choose another name')
        if free < min_free_bytes:
            raise RecordingError(
                f'{self.root}: {free / 1e9:.2f} GB free, expected at least '
                f'{min_free_bytes / 1e9:.2f} GB; free space or record to another disk')
        return partial

    def keep(self, partial: Path) -> Path:
        """Give a closed episode its name, atomically."""
        return self._move(partial, self.root)

    def discard(self, partial: Path) -> Path:
        """Move an episode that nobody wants to discarded/."""
        return self._move(partial, self.root / DISCARDED)

    def quarantine(self, partial: Path, reason: str) -> Path:
        """Move an episode that cannot be used to quarantine/, with the reason beside it."""
        (partial / 'reason.txt').write_text(reason + '\n', encoding='utf-8')
        return self._move(partial, self.root / QUARANTINE)

    def set_aside(self, partial: Path) -> Path:
        """Move a partial episode that was recovered elsewhere to recovered/."""
        return self._move(partial, self.root / RECOVERED)

    @staticmethod
    def _move(partial: Path, folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        name = partial.name.removesuffix(PARTIAL)
        target, number = folder / name, 1
        while target.exists():
            number += 1
            target = folder / f'{name}_{number}'
        sync(partial)
        partial.rename(target)
        sync(folder)
        return target
