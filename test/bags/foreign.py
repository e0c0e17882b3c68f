"""Bags of other recorders, written record by record."""
from __future__ import annotations

from pathlib import Path
import sqlite3

import bag_factory as bags
from il_ros.recording.definitions import message_definition
from mcap.writer import CompressionType, IndexType, Writer
from rosbags.typesys import get_typestore, Stores

SCRIPT = bags.Script(bags.small_contract(), seconds=1.0, chunks=False, reports=False)
EVENTS = [e for e in SCRIPT.events() if not e.topic.startswith('control/')]
TYPES = {t.name: t.type for t in bags.topics(SCRIPT.contract)} | {
    'robot_description': 'std_msgs/msg/String'}
SIDES = {   # type, schema encoding, definition, message encoding
    'unknown': ('control_msgs/action/FollowJointTrajectory_FeedbackMessage', 'unknown', '', 'cdr'),
    'none': ('control_msgs/action/FollowJointTrajectory_FeedbackMessage', '', '', 'cdr'),
    'service': ('std_srvs/srv/Trigger_Event', 'ros2msg', '=' * 80 + '\nSRV: std_srvs/srv/Trigger\n'
                '---\nbool success\nstring message\n', 'cdr'),
    'json': ('Note', 'jsonschema', '{}', 'json'),
    'protobuf': ('foxglove.Log', 'protobuf', '\x01\x02', 'protobuf'),
    'no schema': (None, '', '', 'json'),
    'broken idl': ('a/msg/B', 'ros2idl', 'module {', 'cdr'),
    'broken text': ('a/msg/B', 'ros2msg', 'a/Missing x\n', 'cdr'),
    'name of ours': ('std_msgs/msg/String', 'ros2msg', 'string data', 'cdr'),
}


def idl(kind: str) -> str:
    """Return a definition as rosidl's IDL with everything that it refers to."""
    store = get_typestore(Stores.ROS2_JAZZY)
    needed = {'sensor_msgs/msg/JointState': ['builtin_interfaces/msg/Time', 'std_msgs/msg/Header']}
    parts = []
    names = {'builtin_interfaces/msg/Time': 'long sec; unsigned long nanosec;',
             'std_msgs/msg/Header': 'builtin_interfaces::msg::Time stamp; string frame_id;',
             'sensor_msgs/msg/JointState': 'std_msgs::msg::Header header; sequence<string> name; '
                                           'sequence<double> position; sequence<double> velocity; '
                                           'sequence<double> effort;'}
    assert kind in store.fielddefs
    for name in [*needed[kind], kind]:
        package, _, last = name.split('/')
        parts.append('=' * 80 + f'\nIDL: {name}\nmodule {package} {{ module msg {{ struct {last} '
                                f'{{ {names[name]} }}; }}; }};\n')
    return ''.join(parts)


def write_mcap(path: Path, events=None, *, side='', compression=CompressionType.ZSTD,
               definitions=True, chunking=True, index=IndexType.ALL, crcs=True, summary=True,
               encoding='ros2msg', rename=lambda topic: topic, chunk_size=20_000,
               types=TYPES) -> Path:
    """Write a file as rosbag2 or another recorder does."""
    with path.open('wb') as stream:
        writer = Writer(stream, chunk_size=chunk_size, compression=compression,
                        use_chunking=chunking, index_types=index, enable_crcs=crcs,
                        use_statistics=summary, use_summary_offsets=summary,
                        repeat_channels=summary, repeat_schemas=summary)
        writer.start('ros2', 'libmcap')
        channels = {}
        for event in EVENTS if events is None else events:
            if event.topic not in channels:
                kind = types[event.topic]
                text = message_definition(kind).text if definitions else ''
                if encoding == 'ros2idl' and kind == 'sensor_msgs/msg/JointState':
                    schema = writer.register_schema(kind, 'ros2idl', idl(kind).encode())
                else:
                    schema = writer.register_schema(kind, 'ros2msg', text.encode())
                channels[event.topic] = writer.register_channel(
                    '/' + rename(event.topic), 'cdr', schema)
            writer.add_message(channels[event.topic], event.log_ns, event.data, event.log_ns)
        if side:
            kind, language, text, written = SIDES[side]
            schema = writer.register_schema(kind, language, text.encode()) if kind else 0
            topic = '/control/report' if side == 'name of ours' else '/side'
            channel = writer.register_channel(topic, written, schema)
            writer.add_message(channel, bags.START_NS - 10**15, bytes(36), 0)
        writer.finish()
    return path


def write_db3(path: Path, *, side='', schema=4, wal=False) -> Path:
    """Write a database as rosbag2 does."""
    database = sqlite3.connect(path)
    if wal:
        database.execute('PRAGMA journal_mode=WAL')
        database.execute('PRAGMA wal_autocheckpoint=0')
    database.executescript(
        'CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, '
        'serialization_format TEXT, offered_qos_profiles TEXT);'
        'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, '
        'data BLOB);')
    if schema == 4:
        database.execute('CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type '
                         'TEXT, encoding TEXT, encoded_message_definition TEXT, '
                         'type_description_hash TEXT)')
    topics = {}
    for event in EVENTS:
        if event.topic not in topics:
            kind = TYPES[event.topic]
            topics[event.topic] = len(topics) + 1
            database.execute('INSERT INTO topics VALUES (?, ?, ?, ?, ?)',
                             (topics[event.topic], '/' + event.topic, kind, 'cdr', ''))
            if schema == 4:
                database.execute(
                    'INSERT INTO message_definitions VALUES (NULL, ?, ?, ?, ?)',
                    (kind, 'ros2msg', message_definition(kind).text, ''))
        database.execute('INSERT INTO messages VALUES (NULL, ?, ?, ?)',
                         (topics[event.topic], event.log_ns, event.data))
    if side:
        kind, language, text, written = SIDES[side]
        database.execute('INSERT INTO topics VALUES (99, ?, ?, ?, ?)',
                         ('/side', kind, written, ''))
        if schema == 4:
            database.execute('INSERT INTO message_definitions VALUES (NULL, ?, ?, ?, ?)',
                             (kind, language, text, ''))
        database.execute('INSERT INTO messages VALUES (NULL, 99, 0, ?)', (bytes(36),))
    database.commit()
    if wal:     # as a recorder that was killed leaves it: nothing is in the database itself yet
        copies = {p.name: p.read_bytes() for p in path.parent.iterdir()}
        database.close()
        for name, data in copies.items():
            (path.parent / name).write_bytes(data)
        (path.parent / f'{path.name}-shm').unlink()
    else:
        database.close()
    return path
