"""How a stack stores its recording, and how a person converts it."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import sqlite3

from il_ros.recording.definitions import full_type, message_definition
from layouts.recordings import in_order, Topic
from rosbags.rosbag2 import StoragePlugin, Writer
import yaml
import zstandard


def write_mcap(folder: Path, topics: Sequence[Topic]) -> Path:
    """Write a bag as `ros2 bag record` of Jazzy lays it out."""
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        opened = {}
        for topic in topics:
            text = topic.definition or message_definition(topic.type).text
            opened[topic.name] = writer.add_connection(
                topic.name, full_type(topic.type), msgdef=text, rihs01='RIHS01_' + '0' * 64)
        for event in in_order(topics):
            writer.write(opened[event.topic], event.log_ns, event.data)
    return folder


def write_humble(folder: Path, topics: Sequence[Topic]) -> Path:
    """Write a bag as Humble's rosbag2 does in sqlite3, split and then packed file by file.

    Its databases hold no message definitions, and its metadata.yaml is of version 5
    (rosbag2_storage/include/rosbag2_storage/bag_metadata.hpp, branch humble).
    """
    folder.mkdir()
    events, names = in_order(topics), []
    third = -(-len(events) // 3)
    for number in range(3):
        part = events[number * third:(number + 1) * third]
        plain = folder / f'{folder.name}_{number}.db3'
        with sqlite3.connect(plain) as database:
            database.executescript(
                'CREATE TABLE schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT '
                'NULL);'
                'CREATE TABLE metadata(id INTEGER PRIMARY KEY, metadata_version INTEGER NOT NULL, '
                'metadata TEXT NOT NULL);'
                'CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT '
                'NULL, serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL);'
                'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, '
                'timestamp INTEGER NOT NULL, data BLOB NOT NULL);'
                'CREATE INDEX timestamp_idx ON messages (timestamp ASC);'
                "INSERT INTO schema VALUES (3, 'humble');")
            known = {topic.name: k for k, topic in enumerate(topics, 1)}
            database.executemany('INSERT INTO topics VALUES (?, ?, ?, ?, ?)', [
                (known[t.name], t.name, t.type.replace('/', '/msg/'), 'cdr', '') for t in topics])
            database.executemany(
                'INSERT INTO messages(topic_id, timestamp, data) VALUES (?, ?, ?)',
                [(known[event.topic], event.log_ns, event.data) for event in part])
        database.close()
        packed = zstandard.ZstdCompressor().compress(plain.read_bytes())
        plain.with_suffix('.db3.zstd').write_bytes(packed)
        names.append(f'{plain.name}.zstd')
        plain.unlink()
    begin, end = events[0].log_ns, events[-1].log_ns
    (folder / 'metadata.yaml').write_text(yaml.safe_dump({'rosbag2_bagfile_information': {
        'version': 5, 'storage_identifier': 'sqlite3', 'relative_file_paths': names,
        'duration': {'nanoseconds': end - begin},
        'starting_time': {'nanoseconds_since_epoch': begin}, 'message_count': len(events),
        'topics_with_message_count': [{'topic_metadata': {
            'name': topic.name, 'type': topic.type.replace('/', '/msg/'),
            'serialization_format': 'cdr', 'offered_qos_profiles': ''},
            'message_count': len(topic.times())} for topic in topics],
        'compression_format': 'zstd', 'compression_mode': 'FILE',
        'files': [{'path': name.removesuffix('.zstd'), 'starting_time': {
            'nanoseconds_since_epoch': begin}, 'duration': {'nanoseconds': end - begin},
            'message_count': third} for name in names]}}))
    return folder


@dataclass(frozen=True)
class Layout:
    """What one stack records, and how a person converts it.

    Attributes:
        source: The repository and files that it was read from.
        topics: Of the recording.
        joints: The dataset's columns.
        cameras: Topic of each camera of the dataset.
        write: Writes the recording into a folder.
        answers: To the questions of `il_ros import`.
        more: Options of `il_ros convert`.
        shown: The joints whose action is where they went.
        added: Lines that a person adds to the contract.
    """

    source: str
    topics: Sequence[Topic]
    joints: tuple[str, ...]
    cameras: Mapping[str, str]
    write: Callable[[Path, Sequence[Topic]], Path] = write_mcap
    answers: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    added: str = ''
