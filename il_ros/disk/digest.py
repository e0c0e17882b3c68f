"""What files hold, as one short text."""
from __future__ import annotations

from collections.abc import Iterable
import hashlib
from pathlib import Path
from typing import Protocol

BLOCK = 1 << 20     # bytes in memory at once


class Digest(Protocol):
    """A digest of hashlib."""

    def update(self, data: bytes, /) -> None: ...  # noqa: D102


def feed(digest: Digest, file: Path) -> None:
    """Add the contents of a file to a digest."""
    with file.open('rb') as stream:
        while block := stream.read(BLOCK):
            digest.update(block)


def digest_of(files: Iterable[Path]) -> str:
    """Return the SHA-256 of the contents of files, one after the other, in hex."""
    digest = hashlib.sha256()
    for file in files:
        feed(digest, file)
    return digest.hexdigest()
