"""What was done to a dataset, by whom and why: a line of meta/history.jsonl per version."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
import getpass
import json
from pathlib import Path
from typing import Any

from il_ros.errors import DatasetError

HISTORY_FILE = Path('meta/history.jsonl')
UNDO, DELETE, APPEND, MERGE = 'undo', 'delete', 'append', 'merge'
REDACT, PULL = 'redact', 'pull'
PUBLISH = 'publish'     # although something forbids it; changes nothing, and no undo takes it back


@dataclass(frozen=True)
class Change:
    """One line: how a version was made from the one before.

    Attributes:
        version: Of the dataset after it; 0 is what was converted.
        at: When, in ISO 8601 with the time zone.
        by: Who.
        why: In their words.
        do: What was done, as `il_ros.workbench.edits.EDITS` names it; or another of the words
            above.
        what: To which episodes, by their keys, so that it can be repeated after a conversion.
        episodes: How many there are since.
        frames: Rows since.
    """

    version: int
    at: str
    by: str
    why: str
    do: str
    what: dict[str, Any] = field(default_factory=dict)
    episodes: int = 0
    frames: int = 0


def key(source_hash: str, tick: int) -> str:
    """Name an episode by its bag and the tick that it begins at: parts of a bag have their own."""
    return f'{source_hash}@{tick}'


def person(by: str = '') -> str:
    """Return who edits: as said, else the user of the system."""
    try:
        return by or getpass.getuser()
    except (KeyError, OSError):   # a container's user without a name
        return 'unknown'


def now() -> str:
    """Return the time of an edit."""
    return datetime.now(timezone.utc).isoformat(timespec='seconds')


def read_history(root: Path) -> list[Change]:
    """Return the changes of a dataset, oldest first; none where it was never edited.

    Raises:
        DatasetError: A line is damaged.
    """
    file, changes = root / HISTORY_FILE, []
    if not file.is_file():
        return []
    for number, line in enumerate(file.read_text('utf-8').splitlines(), 1):
        try:
            changes.append(Change(**json.loads(line)))
        except (ValueError, TypeError):
            raise DatasetError(f'{file}: line {number}: expected a change of the dataset as JSON, '
                               f'got {line[:64]!r}') from None
    return changes


def write_history(root: Path, changes: Sequence[Change]) -> None:
    """Write the changes of a dataset."""
    file = root / HISTORY_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix('.new')
    new.write_text(''.join(json.dumps(asdict(change), ensure_ascii=False) + '\n'
                           for change in changes), encoding='utf-8')
    new.replace(file)


def next_change(changes: Sequence[Change], do: str, what: Mapping[str, Any], episodes: int,
                frames: int, by: str = '', why: str = '') -> Change:
    """Return the line of a version that is made now; see `Change`."""
    return Change(len(changes) + 1, now(), person(by), why, do, dict(what), episodes, frames)


def standing(changes: Sequence[Change]) -> list[Change]:
    """Return the changes that were not undone."""
    found: list[Change] = []
    for change in changes:
        if change.do == PUBLISH:
            continue
        if change.do != UNDO:
            found.append(change)
        elif found:
            found.pop()
    return found


def deleted(changes: Sequence[Change]) -> dict[str, str]:
    """Return the sources that were taken out, or parts of which were, each with the reason."""
    return {name.rpartition('@')[0]: f'taken out of the dataset by {change.by}'
            + (f': {change.why}' if change.why else '')
            for change in standing(changes) if change.do == DELETE
            for name in change.what['episodes']}


def write_appended(root: Path, changes: Sequence[Change], added: Sequence[Mapping[str, Any]],
                   episodes: int, frames: int) -> None:
    """Write the changes of a dataset that was edited, and that rows of its table were added."""
    if not changes:
        return
    keys = [key(str(row['source_hash']), int(row['stats/tick/min'][0])) for row in added]
    more = [next_change(changes, APPEND, {'episodes': keys}, episodes, frames)] if keys else []
    write_history(root, [*changes, *more])
