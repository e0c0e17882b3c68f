"""A redacted copy of a dataset: its own videos, tables and history."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
import re
from typing import Any

from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.files import tables
from il_ros.datasets.files.atomic import replacing
from il_ros.datasets.files.frames import stream_frames
from il_ros.datasets.files.history import Change, next_change, person, read_history, REDACT
from il_ros.datasets.files.layout import Layout
from il_ros.datasets.files.stats import ImageStats
from il_ros.datasets.files.video import is_plain, VideoWriter
from il_ros.datasets.reader import Dataset
from il_ros.disk.digest import digest_of
from il_ros.errors import ConfigError
from il_ros.redaction.asked import Asked, Progress
from il_ros.redaction.faces import widened
from il_ros.redaction.names import Texts
from il_ros.redaction.pictures import covered, require_inside
from il_ros.redaction.report import CameraReport, Report, report_file, write_report
from il_ros.redaction.scan import names_left
from il_ros.workbench.session import require_new, writable
from il_ros.workbench.takes import Take, takes_of
from il_ros.workbench.write import VersionWriter

COMMENT = re.compile(r'<!--.*?-->', re.DOTALL)
KEPT_FILES = ('data', 'videos', 'meta')


def redact_dataset(root: Path, out: Path, asked: Asked, progress: Progress = lambda *_: None
                   ) -> Report:
    """Write a redacted copy and, beside it, a report.

    Args:
        root: The dataset, which stays as it is.
        out: A new folder.
        asked: What is taken out.
        progress: Told what is done, how many episodes of how many.

    Raises:
        ConfigError: A region is of no camera, or reaches beyond its pictures.
        DatasetError: It is no dataset that can be rewritten, or the copy cannot be written.
    """
    require_new(out)
    file = report_file(out)
    dataset, history = writable(root), read_history(root)
    takes = takes_of(dataset)
    people = {str(row.get('operator') or '') for row in dataset.episodes}
    texts = Texts(asked.pseudonyms, {*people, *(change.by for change in history), *asked.names})
    report = Report(out.name, digest_of(sorted((root / 'data').rglob('*.parquet'))),
                    asked.detector.told if asked.detector else {})
    with replacing(out) as folder:
        writer = Redacting(folder, dataset, asked, texts, report)
        for number, take in enumerate(takes, 1):
            writer.add(replace(take, task=texts.redact(take.recorded_task)) if asked.text
                       else take)
            progress('copied', number, len(takes))
        writer.finish(dataset, _history(history, report, writer, asked, texts))
        report.left_out = sorted(path.name for path in root.iterdir()
                                 if path.name not in KEPT_FILES)
        _look_again(Dataset(folder), asked, report, progress)
        report.pseudonyms = len(asked.pseudonyms.given)
        report.texts = texts.changed if asked.text else None
        report.names_left = names_left(folder, texts)
    write_report(report, file)
    return report


class Redacting(VersionWriter):
    """Writes episodes with redacted pictures; see `VersionWriter`."""

    def __init__(self, folder: Path, dataset: Dataset, asked: Asked, texts: Texts,
                 report: Report) -> None:
        """Begin a copy.

        Raises:
            ConfigError: A region is of no camera, or reaches beyond its pictures.
        """
        super().__init__(folder, dataset.info['features'])
        self._asked, self._texts, self._report = asked, texts, report
        sizes = {name.removeprefix(schema.IMAGES): self.features[name]['shape']
                 for name in self._videos}
        for name, boxes in asked.regions.items():
            if name not in sizes:
                raise ConfigError(f'--region {name}: expected a camera of the dataset: '
                                  f'{", ".join(sizes) or "it has none"}')
            height, width, _ = sizes[name]
            require_inside(boxes, height, width, name)
        report.cameras = {name: CameraReport.of(asked.regions.get(name, ())) for name in sizes}
        if asked.detector:
            report.unseen = {name: 'depth' for name in sizes
                             if schema.depth_of(dataset.contract, schema.IMAGES + name)}
        self._shown = _shown(dataset, self._videos)

    def add(self, take: Take) -> None:
        """Write one episode under a pseudonym."""
        super().add(take)
        row = self.episodes[-1]
        if self._asked.text:
            row.update({name: self._texts.deep(value) for name, value in row.items()
                        if isinstance(value, str) and name not in ('source_hash', 'operator')})
        row['operator'] = self._asked.pseudonyms.of(str(row.get('operator') or ''))

    def finish(self, dataset: Dataset, history: list[Change]) -> None:  # type: ignore[override]
        """Write the tables that describe the whole, without names in the contract's texts."""
        super().finish(dataset, history)
        if not self._asked.text:
            return
        contract, urdf = self.folder / schema.CONTRACT_FILE, self.folder / schema.URDF_FILE
        if contract.is_file():
            found = Contract.from_text(contract.read_text('utf-8'), str(contract))
            contract.write_text(replace(found, task=self._texts.redact(found.task)).to_text(),
                                'utf-8')
        if urdf.is_file():
            urdf.write_text(COMMENT.sub('', urdf.read_text('utf-8')), 'utf-8')

    def _video(self, take: Take, video: str, old: Mapping[str, Any]) -> dict[str, Any]:
        """Write the pictures of one episode; those that nothing concerns stay in their file."""
        path, start_s = Layout.of(take.dataset.root, take.dataset.info).video(video, old)
        name = video.removeprefix(schema.IMAGES)
        camera, black = self._report.cameras[name], self._asked.regions.get(name, ())
        camera.pictures += take.count
        detector = None if name in self._report.unseen else self._asked.detector
        if not (black or detector) and is_plain(path, self._shown[path]):
            return super()._video(take, video, old)
        first, fps = round(start_s * take.dataset.fps) + take.first, take.dataset.fps
        numbers = range(first, first + take.count)
        depth = schema.depth_of(take.dataset.contract, video)
        found = ([detector.find(picture) for picture in stream_frames(path, numbers, fps)]
                 if detector else [[]] * take.count)
        faces = widened(found)
        camera.with_faces += sum(map(bool, found))
        camera.blurred += sum(map(bool, faces))
        height, width = self.features[video]['shape'][:2]
        place = self._place(video, len(self.episodes))
        target = self.folder / schema.VIDEO_PATH.format(video_key=video, **place)
        self._places[video, target] = place
        writer, stats = VideoWriter(target, height, width, fps, depth), ImageStats(depth)
        for picture, boxes in zip(stream_frames(path, numbers, fps, depth), faces,
                                  strict=True):
            shown = covered(picture, boxes, black)
            writer.write(shown)
            stats.add(shown)
        writer.close(take.count)
        nested = isinstance(old.get(f'stats/{video}/min', [[]])[0], list)
        prefix = f'videos/{video}'
        return {**{f'{prefix}/{key}': value for key, value in place.items()},
                f'{prefix}/from_timestamp': 0.0, f'{prefix}/to_timestamp': take.count / fps,
                **tables.stats_columns(video, stats.stats(), nested)}


def _shown(dataset: Dataset, videos: list[str]) -> dict[Path, int]:
    """Return how many pictures of each file the episodes show."""
    shown: dict[Path, int] = {}
    layout = Layout.of(dataset.root, dataset.info)
    for row, length in zip(dataset.episodes, dataset.lengths, strict=True):
        for video in videos:
            path, _ = layout.video(video, row)
            shown[path] = shown.get(path, 0) + length
    return shown


def _history(history: list[Change], report: Report, writer: Redacting, asked: Asked,
             texts: Texts) -> list[Change]:
    """Return the history without names, and a line of the redaction."""
    found = [replace(change, by=asked.pseudonyms.of(change.by)) for change in history]
    if asked.text:
        found = [replace(change, why=texts.redact(change.why), what=texts.deep(change.what))
                 for change in found]
    report.texts = texts.changed if asked.text else None
    return [*found, next_change(found, REDACT, report.what, len(writer.episodes), writer.frames,
                                asked.pseudonyms.of(person()))]


def _look_again(copy: Dataset, asked: Asked, report: Report, progress: Progress) -> None:
    """Let the detector see the copy as it lies on the disk."""
    if asked.detector is None:
        return
    layout = Layout.of(copy.root, copy.info)
    for number, (row, length) in enumerate(zip(copy.episodes, copy.lengths, strict=True)):
        for name, camera in report.cameras.items():
            if name in report.unseen:
                continue
            path, start_s = layout.video(schema.IMAGES + name, row)
            first = round(start_s * copy.fps)
            for at, picture in enumerate(stream_frames(path, range(first, first + length),
                                                       copy.fps)):
                if asked.detector.find(picture):
                    camera.seen_again(f'episode {number}, row {at}')
        progress('looked at again', number + 1, len(copy.lengths))
