"""The pages that `inspect` and `evaluate` wrote, found below one folder."""
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

DEEP, MOST = 4, 200
MAX_BYTES = 200_000_000     # with their films inside
HEAD = 512                  # bytes in which its title stands


class Reports:
    """Lists pages and hands them out by ids that it made itself.

    Args:
        folder: Below which they are looked for, four folders deep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._known: dict[str, Path] = {}

    def listed(self) -> list[dict[str, Any]]:
        """Return the pages that are there now, the newest first, ready for JSON."""
        found = []
        for path in self._pages():
            try:
                stat = path.stat()
            except OSError:
                continue     # gone meanwhile
            relative = path.relative_to(self._folder)
            name = hashlib.sha256(str(relative).encode(errors='replace')).hexdigest()[:24]
            found.append((stat.st_mtime, name, path, {
                'id': name, 'name': str(relative), 'at': stat.st_mtime, 'bytes': stat.st_size}))
        found.sort(key=lambda entry: -entry[0])
        self._known = {name: path for _, name, path, _ in found[:MOST]}
        return [entry for *_, entry in found[:MOST]]

    def read(self, name: str) -> bytes | None:
        """Return a page; None where it was never listed, or is gone, or leads elsewhere."""
        path = self._known.get(name)
        try:
            if path is None or not self._inside(path) or path.stat().st_size > MAX_BYTES:
                return None
            return path.read_bytes()
        except OSError:
            return None

    def _pages(self) -> list[Path]:
        found, folders = list[Path](), [(self._folder, 0)]
        while folders and len(found) < 10 * MOST:
            folder, depth = folders.pop()
            try:
                entries = sorted(folder.iterdir())
            except OSError:
                continue
            for entry in entries:
                if entry.name.startswith('.') or entry.is_symlink():
                    continue
                if entry.is_dir() and depth < DEEP:
                    folders.append((entry, depth + 1))
                elif entry.suffix == '.html' and self._inside(entry):
                    found.append(entry)
        return found

    def _inside(self, path: Path) -> bool:
        return path.is_file() and path.resolve().is_relative_to(self._folder)
