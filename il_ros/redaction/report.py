"""What a redacted copy is said to be: as JSON beside it, and as lines for a person."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
import json
from pathlib import Path
from typing import Any

from il_ros.errors import ConfigError

LISTED = 20     # pictures that are named


@dataclass
class Camera:
    """Pictures of one camera or topic.

    Attributes:
        pictures: All of them.
        with_faces: In how many the detector found one.
        blurred: How many were changed since one was found there, or just before or after.
        still: In how many of the copy it finds one.
        where: The first of these.
        left_out: How many were not copied: they are damaged, or build on one that was lost.
        regions: What was blacked out: x, y, width, height.
    """

    pictures: int = 0
    with_faces: int = 0
    blurred: int = 0
    still: int = 0
    where: list[str] = field(default_factory=list)
    left_out: int = 0
    regions: list[tuple[int, ...]] = field(default_factory=list)

    @staticmethod
    def of(regions: Iterable[tuple[int, int, int, int]]) -> Camera:
        """Return one of which nothing was counted yet."""
        return Camera(regions=[tuple(region) for region in regions])

    def seen_again(self, place: str) -> None:
        """Note that a picture of the copy still shows what the detector takes for a face."""
        self.still += 1
        if len(self.where) < LISTED:
            self.where.append(place)


@dataclass
class Report:
    """A redacted copy. No name of a person stands in it.

    Attributes:
        copy: Name of its folder.
        of: Hash of what it was made of: a bag's messages, or a dataset's table.
        detector: What looked for faces; empty without --faces.
        cameras: By name.
        unseen: Cameras or topics in which no face was looked for, and why.
        pseudonyms: How many names have one.
        texts: Free texts that were changed; None without --text.
        names_left: Places of the copy in which a known name still stands, by file.
        kept: Messages per topic that were copied.
        dropped: Topics that were not, and why.
        left_out: Files of a dataset that were not copied.
    """

    copy: str
    of: str
    detector: dict[str, Any] = field(default_factory=dict)
    cameras: dict[str, Camera] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)
    pseudonyms: int = 0
    texts: int | None = None
    names_left: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def what(self) -> dict[str, Any]:
        """What was done, without what was found: for the history of a dataset."""
        return {'faces': bool(self.detector),
                'regions': {name: camera.regions for name, camera in self.cameras.items()
                            if camera.regions}, 'texts': self.texts is not None}

    def lines(self) -> Iterator[str]:
        """Yield what a person should read."""
        for name, camera in self.cameras.items():
            said = f'{name}: {camera.pictures} pictures'
            if camera.regions:
                said += f', {len(camera.regions)} regions black'
            if self.detector and name not in self.unseen:
                said += (f', faces in {camera.with_faces}, {camera.blurred} blurred; in the copy '
                         f'the detector still finds one in {camera.still}')
            if camera.left_out:
                said += f'; {camera.left_out} left out, damaged or build on a lost one'
            yield said
            if camera.where:
                yield f'{name}: look at {", ".join(camera.where[:3])}; --region covers a place'
        for name, reason in self.unseen.items():
            yield f'{name}: no faces looked for: {reason}'
        yield f'{self.pseudonyms} names became pseudonyms' + (
            '' if self.texts is None else f', {self.texts} texts changed')
        for name, reason in self.dropped.items():
            yield f'dropped {name}: {reason}'
        for name in self.left_out:
            yield f'not copied: {name}'
        for name, count in self.names_left.items():
            yield f'a known name still stands in {count} places of {name}' + (
                '; --text takes it out of free texts' if self.texts is None else '')


def report_file(out: Path) -> Path:
    """Return where the report of a copy lies.

    Raises:
        ConfigError: There is one already.
    """
    file = out.with_name(f'{out.name}.redaction.json')
    if file.exists():
        raise ConfigError(f'{file} exists already; name another --out')
    return file


def write_report(report: Report, file: Path) -> None:
    """Write a report as JSON.

    Raises:
        ConfigError: It cannot be written.
    """
    content: Mapping[str, Any] = {'il_ros': _version(), **asdict(report)}
    try:
        file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + '\n', 'utf-8')
    except OSError as error:
        raise ConfigError(f'{file}: cannot be written: {error.strerror}') from None


def _version() -> str:
    try:
        return version('il_ros')
    except PackageNotFoundError:
        return 'unknown'
