"""A redacted copy of a bag, which is a bag of rosbag2 again."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from il_ros.bags.definitions import deserialize, require_readable, serialize, UNREADABLE_DATA
from il_ros.bags.files import bag_files, content_hash
from il_ros.bags.names import PICTURES
from il_ros.bags.reader import Bag
from il_ros.bags.storage import Sample, Source
from il_ros.config import nearest
from il_ros.contract import Camera as ContractCamera
from il_ros.contract import Contract
from il_ros.datasets.files.atomic import replacing
from il_ros.encodings import DEPTH, ENCODINGS
from il_ros.errors import BagError, ConfigError, MessageError
from il_ros.recording.definitions import full_type
from il_ros.redaction.asked import Asked, Progress
from il_ros.redaction.bag_copy import BagCopy
from il_ros.redaction.faces import Box, spread
from il_ros.redaction.messages import Stream
from il_ros.redaction.names import Texts
from il_ros.redaction.report import Camera, Report, report_file, write_report
from il_ros.redaction.scan import names_left
from il_ros.workbench.session import require_new

Faces = Mapping[str, list[list[Box]]]
PICTURE_TYPES = frozenset(map(full_type, PICTURES))


def redact_bag(path: Path, out: Path, asked: Asked, contract: Contract | None = None,
               namespace: str = '', progress: Progress = lambda *_: None) -> Report:
    """Write a redacted copy and, beside it, a report.

    Args:
        path: The bag, which stays as it is.
        out: A new folder.
        asked: What is taken out.
        contract: For a bag that carries none; the copy carries it.
        namespace: Of the robot's topics, see `Bag`.
        progress: Told what is done, how many messages of how many.

    Raises:
        BagError: It cannot be read, or a picture cannot be written anew.
        ConfigError: A region or topic is none of the bag's.
        DatasetError: The copy cannot be written.
    """
    require_new(out)
    file = report_file(out)
    report = Report(out.name, content_hash(path),
                    asked.detector.told if asked.detector else {})
    with Bag(path, contract, namespace) as bag, replacing(out) as folder:
        texts = Texts(asked.pseudonyms, {bag.info.operator, *asked.names})
        copying = _Copying(bag, asked, texts, report)
        copying.write(BagCopy(folder, out.name, _offered(path)), progress)
        with Bag(folder) as copy:
            copying.look_again(copy, progress)
        report.pseudonyms = len(asked.pseudonyms.given)
        report.texts = texts.changed if asked.text else None
        report.names_left = names_left(folder, texts)
    write_report(report, file)
    return report


class _Copying:
    def __init__(self, bag: Bag, asked: Asked, texts: Texts, report: Report) -> None:
        self.bag, self.asked, self.texts, self.report = bag, asked, texts, report
        self.damaged: set[tuple[str, int]] = set()      # pictures nobody could look at
        self.cameras = {camera.topic: camera for camera in bag.contract.cameras}
        spoken = {source.topic: source for source in bag.sources if source.count}
        for topic in (*asked.drop, *asked.keep):
            if topic not in spoken:
                raise ConfigError(f'no topic {topic!r} in the bag; {nearest(topic, list(spoken))}')
        self.kept = {topic: source for topic, source in spoken.items()
                     if topic not in asked.drop and (bag.known(source) or topic in asked.keep)}
        report.dropped = {
            topic: 'asked for' if topic in asked.drop else
            f'neither the contract nor il_ros needs it ({source.type})'
            for topic, source in sorted(spoken.items()) if topic not in self.kept}
        self.pictures = {topic: source for topic, source in self.kept.items()
                         if full_type(source.type) in PICTURE_TYPES}
        self.names = {topic: self._name(source) for topic, source in self.pictures.items()}
        if strange := set(asked.regions) - set(self.names.values()):
            raise ConfigError(f'--region {sorted(strange)[0]}: expected a camera or topic: '
                              f'{", ".join(sorted(self.names.values())) or "the bag has none"}')
        report.cameras = {name: Camera.of(asked.regions.get(name, ()))
                          for name in self.names.values()}

    def write(self, copy: BagCopy, progress: Progress) -> None:
        """Write what is kept, without what is taken out."""
        try:
            faces = self._faces(progress)
            streams = {topic: self._stream(topic) for topic in self.pictures}
            numbers = dict.fromkeys(self.pictures, 0)
            total = sum(source.count for source in self.kept.values())
            for done, sample in enumerate(self._samples(self.bag, set(self.kept)), 1):
                topic, data = sample.source.topic, sample.data
                if topic in self.pictures:
                    found = faces.get(topic)
                    number = numbers[topic]
                    numbers[topic] += 1
                    changed = None if (topic, number) in self.damaged else self._picture(
                        streams[topic], sample, found[number] if found else [])
                    if changed is None:
                        self.report.cameras[self.names[topic]].left_out += 1
                        continue
                    data = changed
                elif self.asked.text:
                    data = self._text(sample)
                copy.write(sample.source, sample.log_ns, data)
                progress('copied', done, total)
            copy.close(self._custom())
            self.report.kept = copy.counts
        finally:
            copy.abandon()

    def look_again(self, copy: Bag, progress: Progress) -> None:
        """Let the detector see the copy as it lies on the disk."""
        if self.asked.detector is None:
            return
        for topic, number, found in self._looked(copy, progress, 'looked at again'):
            if found:
                self.report.cameras[self.names[topic]].seen_again(f'{topic}, message {number}')

    def _faces(self, progress: Progress) -> Faces:
        if self.asked.detector is None:
            return {}
        found: dict[str, list[list[Box]]] = {topic: [] for topic in self.pictures}
        for topic, _, boxes in self._looked(self.bag, progress, 'looked at'):
            found[topic].append(boxes)
            self.report.cameras[self.names[topic]].with_faces += bool(boxes)
        around = {topic: spread(each) for topic, each in found.items()}
        for topic, every in around.items():
            self.report.cameras[self.names[topic]].blurred += sum(map(bool, every))
        return around

    def _looked(self, bag: Bag, progress: Progress, what: str
                ) -> Iterator[tuple[str, int, list[Box]]]:
        """Yield topic, number and faces of every picture."""
        detector = self.asked.detector
        assert detector
        streams = {topic: self._stream(topic) for topic in self.pictures}
        numbers = dict.fromkeys(self.pictures, 0)
        total = sum(source.count for source in self.pictures.values())
        for done, sample in enumerate(self._samples(bag, set(self.pictures)), 1):
            topic = sample.source.topic
            try:
                shown = streams[topic].picture(self._message(sample))
                if shown is None:
                    self.report.unseen.setdefault(self.names[topic],
                                                  'depth, or video of which pictures were lost')
            except MessageError:
                shown = None
                self.damaged.add((topic, numbers[topic]))
            yield topic, numbers[topic], [] if shown is None else detector.find(shown)
            numbers[topic] += 1
            progress(what, done, total)

    def _picture(self, stream: Stream, sample: Sample, faces: list[Box]) -> bytes | None:
        name = self.names[sample.source.topic]
        camera, black = self.report.cameras[name], self.asked.regions.get(name, ())
        camera.pictures += 1
        if not (black or self.asked.detector):
            return sample.data
        try:
            changed = stream.covered(self._message(sample), faces, black)
        except MessageError:
            return None
        return None if changed is None else serialize(sample.source, changed)

    def _text(self, sample: Sample) -> bytes:
        """Return a message without known names in its texts; as it is where it has none."""
        if sample.source.serialization != 'cdr' or not self.texts.concern(
                sample.data.decode('utf-8', 'replace')):
            return sample.data
        return serialize(sample.source, _deep(self._message(sample), self.texts))

    def _message(self, sample: Sample) -> Any:
        require_readable(sample.source, str(self.bag.path))
        try:
            return deserialize(sample.source, sample.data)
        except UNREADABLE_DATA as error:
            raise BagError(f'{self.bag.path}: {sample.source.topic} at {sample.log_ns} ns is no '
                           f'{sample.source.type}: {error}') from None

    def _samples(self, bag: Bag, topics: set[str]) -> Iterator[Sample]:
        names = {bag.name_of(source) for source in bag.sources if source.topic in topics}
        return (sample for sample in bag.samples(names) if sample.source.topic in topics)

    def _name(self, source: Source) -> str:
        camera: ContractCamera | None = self.cameras.get(self.bag.name_of(source))
        return camera.name if camera else source.topic

    def _stream(self, topic: str) -> Stream:
        camera = self.cameras.get(self.bag.name_of(self.pictures[topic]))
        return Stream(camera is not None and ENCODINGS[camera.encoding].family == DEPTH)

    def _custom(self) -> dict[str, str]:
        info = self.bag.info
        info = replace(info, operator=self.asked.pseudonyms.of(info.operator))
        if self.asked.text:
            redact = self.texts.redact
            info = replace(info, task=redact(info.task), start_reason=redact(info.start_reason),
                           stop_reason=redact(info.stop_reason),
                           contract=replace(info.contract, task=redact(info.contract.task)))
        return {**info.to_custom_data(), 'redacted_of': self.report.of}


def _deep(value: Any, texts: Texts) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _deep(getattr(value, field.name), texts)
                                 for field in fields(value) if field.init})
    if isinstance(value, (str, list)):
        return [_deep(each, texts) for each in value] if isinstance(value, list) else (
            texts.redact(value))
    return value


def _offered(path: Path) -> dict[str, Any]:
    """Return the QoS profiles that metadata.yaml states per topic."""
    found: dict[str, Any] = {}
    with suppress(KeyError, TypeError, AttributeError):
        for topic in (bag_files(path).metadata or {})['topics_with_message_count']:
            told = topic['topic_metadata']
            profiles = told.get('offered_qos_profiles')
            if isinstance(profiles, list):
                found[told['name']] = profiles
    return found
