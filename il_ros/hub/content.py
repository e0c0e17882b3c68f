"""What a folder holds that can be pushed, and what it asks for before that."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from il_ros.datasets.files.history import APPEND, MERGE, read_history, REDACT, standing
from il_ros.datasets.reader import Dataset
from il_ros.datasets.schema import INFO_FILE, REDACTION, REQUIRED
from il_ros.errors import HubError
from il_ros.hub.address import DATASET, MODEL
from il_ros.policies.checkpoint import FILES, read, read_training, WEIGHTS
from il_ros.rights import counted, Rights, trained_under

ADDING = (APPEND, MERGE)
CARD = 'README.md'


@dataclass(frozen=True)
class Content:
    """A folder that was read whole.

    Attributes:
        kind: `DATASET` or `MODEL`.
        files: By their names on the hub, sorted.
        summary: For the commit.
        tag: By which LeRobot finds a dataset: its version; '' for a checkpoint.
        stated: Rights of the episodes that it holds or was trained on, as `rights.counted`.
        episodes: How many it holds; 0 for a checkpoint.
        rows: Likewise.
    """

    kind: str
    files: Mapping[str, Path]
    summary: str
    tag: str = ''
    stated: Sequence[Mapping[str, Any]] = ()
    episodes: int = 0
    rows: int = 0

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files.values())


def kind_of(names: Iterable[str]) -> str:
    """Return what files of these names are: `DATASET`, `MODEL`, or '' for neither."""
    there = set(names)
    if INFO_FILE.as_posix() in there:
        return DATASET
    return MODEL if there.issuperset(FILES) else ''


def content_of(folder: Path) -> Content:
    """Read a dataset or a checkpoint that is to be pushed. Hidden files stay here.

    Raises:
        DatasetError, CheckpointError: It is damaged.
        HubError: It is neither, or its dataset asks for a redaction that it has not passed.
    """
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob('*'))
             if path.is_file() and not any(part.startswith('.')
                                           for part in path.relative_to(folder).parts)}
    kind = kind_of(files)
    if kind == DATASET:
        dataset = Dataset(folder)
        if dataset.info.get(REDACTION) == REQUIRED:
            require_redacted(folder)
        return Content(kind, files, f'{len(dataset.lengths)} episodes, {len(dataset)} rows',
                       str(dataset.info['codebase_version']),
                       counted(map(Rights.of, dataset.episodes)), len(dataset.lengths),
                       len(dataset))
    if kind == MODEL:
        return Content(kind, files, f'a checkpoint: {read(folder).config.kind}',
                       stated=trained_under(read_training(folder)))
    if not folder.is_dir():
        raise HubError(f'{folder}: expected a dataset or a checkpoint, got nothing')
    inside = sorted(name.partition('/')[0] for name in files
                    if name.endswith(f'/{WEIGHTS}'))
    raise HubError(f'{folder}: expected a dataset ({INFO_FILE}) or a checkpoint '
                   f'({", ".join(FILES)}), got neither'
                   + (f'; did you mean {folder / inside[0]}?' if inside else ''))


def require_redacted(folder: Path) -> None:
    """Check that a dataset is a redacted copy to which nothing was added since.

    Raises:
        HubError: It is not.
    """
    done = [change.do for change in standing(read_history(folder))
            if change.do in (REDACT, *ADDING)]
    if not done or done[-1] != REDACT:
        raise HubError(
            f'{folder}: asks for redaction ({INFO_FILE}), and '
            + ('episodes were added since it was redacted' if REDACT in done else
               'nobody redacted it')
            + '; make a redacted copy with il_ros redact and push that')
