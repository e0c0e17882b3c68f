"""One recording to its episodes, in whichever process or machine that is done."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from il_ros.bags.files import data_files, METADATA
from il_ros.buckets.fetch import fetched
from il_ros.buckets.url import Remote
from il_ros.datasets.from_bags.episodes import Recording
from il_ros.datasets.from_bags.part import appearing, FORMAT, Plan

Piece = Path | Remote
Files = Mapping[str, bytes]


class Job(NamedTuple):
    """A recording.

    Attributes:
        pieces: Its bags.
        folder: Receives its part.
        carried: The part comes back with the result, since the folder is not seen from there.
    """

    pieces: tuple[Piece, ...]
    folder: Path
    carried: bool = False

    @property
    def label(self) -> str:
        """What people call it."""
        more = len(self.pieces) - 1
        return f'{self.pieces[0]}+{more}' if more else str(self.pieces[0])


def key(plan: Plan, pieces: tuple[Piece, ...]) -> str:
    """Return what names the part that a recording gives: of its files and of what is asked.

    A file of this machine is known by its name, size and time of change; the part itself holds the
    hash of what is in it.
    """
    contract = plan.contract
    urdf = contract and contract.folder and contract.urdf and contract.folder / contract.urdf
    asked = [FORMAT, [_files(piece) for piece in pieces], plan.trim_idle,
             contract and contract.to_text(), contract and contract.urdf_text,
             urdf and urdf.is_file() and hashlib.sha256(urdf.read_bytes()).hexdigest(),
             sorted((plan.stamps or {}).items()), plan.namespace, plan.shown_s,
             repr(plan.split and sorted(vars(plan.split).items())), plan.joined_s,
             sorted(plan.known), sorted((plan.deleted or {}).items()),
             plan.like and plan.like.to_text(),
             None if plan.cameras is None else sorted(plan.cameras)]
    text = json.dumps(asked, sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _files(piece: Piece) -> list[object]:
    if isinstance(piece, Remote):
        return [piece.url, *piece.files]
    files = [*data_files(piece), *([piece / METADATA] if (piece / METADATA).is_file() else [])]
    return [str(piece.resolve()), *([file.name, file.stat().st_size, file.stat().st_mtime_ns]
                                    for file in files)]


def make_part(plan: Plan, job: Job, ask: Callable[[], None]) -> Files | None:
    """Make the part of a recording.

    Args:
        plan: What is asked.
        job: Of which recording.
        ask: Called now and then; what it raises ends the work.

    Returns:
        The files of the part by their names, where they are carried.

    Raises:
        IlRosError: See `convert`; but what can be left out is in the part.
    """
    if not job.carried:
        with appearing(job.folder) as folder:
            _write(plan, job, ask, folder)
        return None
    with TemporaryDirectory(prefix='il_ros_part_') as place:
        _write(plan, job, ask, Path(place))
        return {str(file.relative_to(place)): file.read_bytes()
                for file in Path(place).rglob('*') if file.is_file()}


def unpack(files: Files, folder: Path) -> None:
    """Write the files of a part that was carried here."""
    with appearing(folder) as place:
        for name, data in files.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(data)


def _write(plan: Plan, job: Job, ask: Callable[[], None], folder: Path) -> None:
    with ExitStack() as stack:
        paths = [stack.enter_context(fetched(piece)) for piece in job.pieces]

        def told(text: object) -> str:
            """Say of a bucket's file where it is there."""
            found = str(text)
            for path, piece in zip(paths, job.pieces, strict=True):
                found = found.replace(str(path), str(piece))
            return found

        Recording(plan, paths, ask, folder, told).part().write(folder)
