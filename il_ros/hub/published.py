"""That something was made public although it is forbidden, and why: it stands in the folder."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from il_ros.datasets.files.history import (
    HISTORY_FILE,
    next_change,
    now,
    person,
    PUBLISH,
    read_history,
    write_history,
)
from il_ros.hub.address import Address, DATASET
from il_ros.hub.content import Content
from il_ros.policies.checkpoint import read_json, write_json

PUBLISHED_FILE = 'published.json'       # of a checkpoint, which has no history


def noted(folder: Path, content: Content, place: Address, forbidden: Mapping[str, int],
          despite: str, by: str) -> Content:
    """Write why a folder is made public; once, however often it is pushed there.

    Args:
        folder: A dataset, whose history gets a line, or a checkpoint, which gets a file.
        content: What it holds.
        place: Where everybody will see it.
        forbidden: Episodes per reason that forbids it.
        despite: Why it is allowed.
        by: Who says so; the user of the system where it is empty.

    Returns:
        What it holds then.
    """
    if content.kind == DATASET:
        file, changes = HISTORY_FILE, read_history(folder)
        what = {'to': str(place), 'forbidden': dict(forbidden)}
        if all((c.do, c.what, c.why) != (PUBLISH, what, despite) for c in changes):
            write_history(folder, [*changes, next_change(
                changes, PUBLISH, what, content.episodes, content.rows, by, despite)])
    else:
        file = Path(PUBLISHED_FILE)
        said = read_json(folder / file) if (folder / file).is_file() else {}
        what = {'forbidden': dict(forbidden), 'despite': despite}
        if any(said.get(str(place), {}).get(name) != value for name, value in what.items()):
            write_json(folder / file, {**said, str(place): {**what, 'at': now(),
                                                            'by': person(by)}})
    return replace(content, files={**content.files, file.as_posix(): folder / file})
