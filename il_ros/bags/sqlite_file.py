"""One sqlite3 file of rosbag2, schemas 1 to 4, without touching what lies beside it."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
import shutil
import sqlite3
from tempfile import TemporaryDirectory

from il_ros.bags.storage import Part, Sample, Source
from il_ros.config import parse_yaml
from il_ros.errors import BagError, ConfigError

UNREADABLE = (sqlite3.Error, UnicodeDecodeError, TypeError)
LOGS = ('-wal', '-journal')     # what a killed recorder leaves; sqlite3 completes the file from it


class SqliteFile:
    """See `Storage`."""

    def __init__(self, path: Path) -> None:
        """Open a file; one with a log of its recorder as a copy, which the log completes.

        Raises:
            BagError: It is no database of rosbag2, or damaged.
        """
        self.path = path
        self._copy: TemporaryDirectory[str] | None = None
        opened, mode = path, 'mode=ro&immutable=1'
        if logs := [log for end in LOGS if (log := Path(f'{path}{end}')).is_file()
                    and log.stat().st_size]:
            self._copy = TemporaryDirectory(prefix='il_ros_bag_')
            for file in (path, *logs):
                shutil.copyfile(file, Path(self._copy.name, file.name))
            opened, mode = Path(self._copy.name, path.name), 'mode=rw'
        try:
            uri = opened.resolve().as_uri()
            self._connection = sqlite3.connect(f'{uri}?{mode}', uri=True, check_same_thread=False)
            self.sources = self._sources()
            self.custom = self._custom()
        except UNREADABLE as error:
            raise self._damaged(error) from None

    def parts(self, wanted: Collection[Source], since_ns: int = 0) -> list[Part]:
        """See `Storage`."""
        found = [source for source in wanted if source.count]
        if not found:
            return []
        start_ns = max(since_ns, min(source.start_ns for source in found))
        return [Part(start_ns, lambda: self._read(found, since_ns))]

    def close(self) -> None:
        """See `Storage`."""
        self._connection.close()
        if self._copy:
            self._copy.cleanup()

    def _read(self, wanted: Collection[Source], since_ns: int) -> Iterator[Sample]:
        sources = {source.id: source for source in wanted}
        marks = ','.join('?' * len(sources))
        try:
            for log_ns, topic, data in self._connection.execute(
                    f'SELECT timestamp, topic_id, data FROM messages WHERE topic_id IN ({marks}) '
                    'AND timestamp >= ? ORDER BY timestamp', (*sources, since_ns)):
                yield Sample(int(log_ns), sources[topic], bytes(data))
        except (*UNREADABLE, KeyError) as error:
            raise self._damaged(error) from None

    def _sources(self) -> list[Source]:
        tables = {name for name, in self._connection.execute('SELECT name FROM sqlite_master')}
        if not {'topics', 'messages'} <= tables:
            raise BagError(f'{self.path}: no bag: expected the tables topics and messages')
        definitions: dict[str, tuple[str, str]] = {}
        if 'message_definitions' in tables:
            definitions = {kind: (encoding, text) for kind, encoding, text in
                           self._connection.execute(
                               'SELECT topic_type, encoding, encoded_message_definition '
                               'FROM message_definitions')}
        times = {topic: rest for topic, *rest in self._connection.execute(
            'SELECT topic_id, count(*), min(timestamp), max(timestamp) FROM messages '
            'GROUP BY topic_id')}
        return [Source(self.path, number, name, kind, serialization,
                       *definitions.get(kind, ('', '')), *_times(times.get(number, ())))
                for number, name, kind, serialization in self._connection.execute(
                    'SELECT id, name, type, serialization_format FROM topics ORDER BY id')]

    def _custom(self) -> Mapping[str, str]:
        try:
            rows = self._connection.execute('SELECT metadata FROM metadata ORDER BY id DESC')
            content = parse_yaml(next(rows)[0], 'metadata')
            content = content.get('rosbag2_bagfile_information', content)
            return dict(content.get('custom_data') or {})
        except (sqlite3.OperationalError, StopIteration, ConfigError, AttributeError, TypeError,
                ValueError):
            return {}

    def _damaged(self, error: Exception) -> BagError:
        if self._copy:
            self._copy.cleanup()
        what = ' '.join(str(error).split())
        return BagError(f'{self.path}: damaged: {what}; save what is whole into another file: '
                        f'sqlite3 {self.path} .recover')


def _times(found: Sequence[object]) -> tuple[int, int, int]:
    """Return count, first and last time; a damaged page may hold anything."""
    times = [value for value in found if isinstance(value, int)]
    if len(times) < len(found) or any(value < 0 for value in times):
        raise TypeError(f'expected times in ns, got {list(found[1:])}')
    count, start_ns, end_ns = times or (0, 0, 0)
    return count, start_ns, end_ns
