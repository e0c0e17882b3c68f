"""Which steps of a run are done, so that the same command goes on after any crash."""
from __future__ import annotations

from collections.abc import Callable, Mapping
import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from il_ros.disk.atomic import write_atomically
from il_ros.errors import ConfigError, IlRosError

FORMAT = 1
FILE, LOCK = 'journal.json', '.journal.lock'
Result = dict[str, Any]


class Journal:
    """Results of completed steps in a file that is always whole.

    A step has a name and does its work again until it is recorded; so the work must be such that
    doing it twice is doing it once. The first step that is recorded binds the settings. The folder
    is locked while a journal is open: the system frees the lock of a killed process.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Begin a journal, or go on with the one in the folder.

        Args:
            folder: Of the run; new or empty, or with a journal.
            settings: Plain data that the steps follow from.

        Raises:
            ConfigError: The folder holds something else, or a run with other settings, or one
                that goes on in another process.
            IlRosError: The journal is damaged.
        """
        self._path = folder / FILE
        if folder.exists() and any(folder.iterdir()) and not self._path.exists() \
                and not (folder / LOCK).exists():
            raise ConfigError(f'{folder} is not empty; name a new folder with --out')
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise ConfigError(f'{folder}: another process is at this run; wait for it, or name '
                              'another folder with --out') from None
        wanted = json.loads(json.dumps(settings))
        try:
            self._steps = self._read(wanted)
        except BaseException:
            os.close(self._lock)
            raise
        self._settings = wanted
        self._write()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        os.close(self._lock)

    @property
    def steps(self) -> Mapping[str, Result]:
        """Results by step, in the order in which they were recorded."""
        return self._steps

    def record(self, step: str, result: Mapping[str, Any]) -> None:
        """Note that a step is done, with plain data that it made."""
        self._steps = {**self._steps, step: json.loads(json.dumps(result))}
        self._write()

    def do(self, step: str, work: Callable[[], Mapping[str, Any]]) -> Result:
        """Return the result of a step, after doing it unless it is done."""
        if step not in self._steps:
            self.record(step, work())
        return self._steps[step]

    def _read(self, wanted: Mapping[str, Any]) -> dict[str, Result]:
        if not self._path.exists():
            return {}
        try:
            found = json.loads(self._path.read_text(encoding='utf-8'))
            settings, steps = found['settings'], dict(found['steps'])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IlRosError(f'{self._path}: damaged: {error}; name a new folder with --out, '
                             'nothing that was recorded is lost') from None
        if steps and settings != wanted:
            changed = [f'{key}: {settings.get(key)!r}, now {wanted.get(key)!r}'
                       for key in sorted(settings.keys() | wanted.keys())
                       if settings.get(key) != wanted.get(key)]
            raise ConfigError(f'{self._path.parent}: was begun with other settings: '
                              f'{"; ".join(changed)}; give the same ones to go on, or name a new '
                              'folder with --out')
        return steps

    def _write(self) -> None:
        write_atomically(self._path, json.dumps(
            {'format': FORMAT, 'settings': self._settings, 'steps': self._steps}, indent=1) + '\n')
