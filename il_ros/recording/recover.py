"""Rebuilds a bag whose recorder was killed, or that was damaged since, from what is whole in it.

Records are copied as they are: nothing in them has to be understood.
"""
from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
import re
import shutil
from typing import Any, BinaryIO

from il_ros.config import parse_yaml
from il_ros.disk.atomic import sync
from il_ros.errors import BagError, ConfigError
from il_ros.recording.metadata import bag_information, EpisodeInfo
from il_ros.recording.salvage import Scan
from il_ros.recording.store import EpisodeStore, PARTIAL
from il_ros.recording.writer import finish, Limits, METADATA_FILE, START_RECORD
from mcap.records import Channel, Message
from mcap.writer import CompressionType, Writer
import yaml

SUFFIX = '_recovered'
_RECOVERED = re.compile(r'stop_reason: [\'"]?recovered: ')


@dataclass(frozen=True)
class Recovery:
    """What came back.

    Attributes:
        path: The closed bag.
        messages: Messages in it.
        lost_bytes: Bytes at the end of the files that were no whole chunk.
        bad_chunks: Chunks left out because they were damaged.
        original: Where the original lies now, unchanged.
    """

    path: Path
    messages: int
    lost_bytes: int
    bad_chunks: int
    original: Path = Path()


def recover(damaged: Path, info: EpisodeInfo | None = None) -> Recovery:
    """Write what is whole in a bag to a closed bag beside it.

    A `.partial` folder of our recorder gets its name, and is moved to recovered/, unchanged. Any
    other bag stays where it is, and `<name>_recovered` appears beside it.

    Args:
        damaged: The folder that the recorder left, a bag directory or an MCAP file.
        info: What to write as custom_data; from the bag when None, with the outcome unlabelled
            where its recorder was killed.

    Raises:
        BagError: It holds no MCAP file, no whole message, or the new name is taken.
        OSError: The disk refuses; the original is untouched.
    """
    files = _files(damaged)
    partial = damaged.name.endswith(PARTIAL)
    name = damaged.name.removesuffix(PARTIAL) if partial else f'{damaged.stem}{SUFFIX}'
    target = damaged.parent / name
    if target.exists():
        raise BagError(f'{target} exists already and is not overwritten; move it away first')
    temporary = damaged.with_name(f'{name}.recovering{PARTIAL}')
    shutil.rmtree(temporary, ignore_errors=True)    # of a recovery that was killed
    scan = Scan(files)
    copy: _Copy | None = None
    for record in scan.records():
        if isinstance(record, Message):
            copy = copy or _Copy(temporary, f'{name}_0.mcap')
            copy.write(scan, record)
    if copy is None:
        raise BagError(f'{damaged}: {nothing_in(damaged)}')
    reason = f'recovered: {scan.lost_bytes} bytes and {scan.bad_chunks} chunks lost'
    if info:
        copy.close({**info.to_custom_data(), 'stop_reason': info.stop_reason or reason})
    else:
        custom = _custom(damaged, scan)
        before = custom.get('stop_reason', '')
        copy.close({**custom, 'stop_reason': '; '.join(filter(None, (reason, before)))})
    temporary.rename(target)
    sync(target.parent)
    ours = partial and START_RECORD in scan.notes
    original = EpisodeStore(damaged.parent).set_aside(damaged) if ours else damaged
    return Recovery(target, sum(copy.counts.values()), scan.lost_bytes, scan.bad_chunks, original)


def nothing_in(damaged: Path) -> str:
    """Return why nothing can be recovered from a bag; '' where a message is whole in it."""
    files = _mcap_files(damaged)
    size = sum(file.stat().st_size for file in files)
    if any(isinstance(record, Message) for record in Scan(files).records()):
        return ''
    what = ('its recorder was killed before the first one was written, or all are damaged; you '
            'may delete it' if damaged.name.endswith(PARTIAL) else
            'restore it from a copy, or leave it out with --skip-bad')
    return f'no whole chunk of messages in {size} bytes: nothing can be recovered; {what}'


def is_recovered(folder: Path) -> bool:
    """Tell whether `recover` wrote a bag."""
    with suppress(OSError, UnicodeDecodeError):
        return bool(_RECOVERED.search((folder / METADATA_FILE).read_text('utf-8')))
    return False


def _files(damaged: Path) -> list[Path]:
    if not damaged.exists():
        raise BagError(f'{damaged}: expected a bag directory or an MCAP file, got nothing')
    if files := _mcap_files(damaged):
        return files
    if databases := sorted(damaged.glob('*.db3')) or ([damaged] if damaged.suffix == '.db3'
                                                     else []):
        raise BagError(f'{damaged}: sqlite3 saves what is whole in it into another file: '
                       f'sqlite3 {databases[0]} .recover')
    what = ('its recorder was killed before it wrote anything: nothing can be recovered; you may '
            'delete it'
            if damaged.name.endswith(PARTIAL) else 'expected a folder with an .mcap file')
    raise BagError(f'{damaged}: no .mcap file: {what}')


def _mcap_files(damaged: Path) -> list[Path]:
    if damaged.is_file():
        return [] if damaged.suffix == '.db3' else [damaged]
    return sorted(damaged.glob('*.mcap'))


def _custom(damaged: Path, scan: Scan) -> dict[str, str]:
    """Return custom_data of metadata.yaml, as rosbag2 wrote it, or as our recorder began it."""
    beside = damaged / METADATA_FILE
    texts = [beside.read_text('utf-8', 'replace')] if beside.is_file() else []
    texts += [scan.notes.get('rosbag2', {}).get('serialized_metadata', '')]
    for text in filter(None, texts):
        with suppress(ConfigError, AttributeError, TypeError, ValueError):
            content = parse_yaml(text, METADATA_FILE)
            content = content.get('rosbag2_bagfile_information', content)
            if custom := content.get('custom_data'):
                return {str(key): str(value) for key, value in custom.items()}
    return dict(scan.notes.get(START_RECORD, {}))


@dataclass
class _Copy:
    """A bag that takes records as they come."""

    folder: Path
    file_name: str
    counts: dict[int, int] = field(default_factory=dict)    # per channel of the copy

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self._stream: BinaryIO = (self.folder / self.file_name).open('xb')
        self._mcap = Writer(self._stream, chunk_size=Limits.chunk_bytes, enable_data_crcs=True,
                            compression=CompressionType.NONE)
        self._mcap.start(profile='ros2', library='il_ros')
        self._channels: dict[tuple[int, int], int] = {}
        self._topics: list[dict[str, Any]] = []
        self._start_ns, self._end_ns = 1 << 63, 0

    def write(self, scan: Scan, message: Message) -> None:
        key = scan.file, message.channel_id
        if key not in self._channels:
            self._channels[key] = self._register(scan, scan.channels[key])
        channel = self._channels[key]
        self._mcap.add_message(channel, message.log_time, message.data, message.publish_time,
                               message.sequence)
        self.counts[channel] = self.counts.get(channel, 0) + 1
        self._start_ns = min(self._start_ns, message.log_time)
        self._end_ns = max(self._end_ns, message.log_time)

    def close(self, custom: Mapping[str, str]) -> None:
        topics = list(zip(self._topics, self.counts.values(), strict=True))
        finish(self._mcap, self._stream, self.folder, bag_information(
            topics, self._start_ns, self._end_ns, self.file_name, custom))

    def _register(self, scan: Scan, channel: Channel) -> int:
        schema = scan.schemas.get((scan.file, channel.schema_id))
        number = self._mcap.register_schema(
            schema.name, schema.encoding, schema.data) if schema else 0
        qos: Any = []
        with suppress(yaml.YAMLError):
            qos = yaml.safe_load(channel.metadata.get('offered_qos_profiles', '')) or []
        self._topics.append({
            'name': channel.topic, 'type': schema.name if schema else '',
            'serialization_format': channel.message_encoding, 'offered_qos_profiles': qos,
            'type_description_hash': channel.metadata.get('topic_type_hash', '')})
        return int(self._mcap.register_channel(channel.topic, channel.message_encoding, number,
                                               dict(channel.metadata)))
