"""A rosbag2 MCAP folder that takes messages of another bag as they are."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from il_ros.bags.storage import Source
from il_ros.errors import RecordingError
from il_ros.recording.definitions import full_type, message_definition
from il_ros.recording.metadata import bag_information, to_yaml
from il_ros.recording.writer import finish, Limits
from mcap.writer import CompressionType, Writer
import yaml


class BagCopy:
    """Writes topics with the definitions that the other bag carries."""

    def __init__(self, folder: Path, name: str, offered: Mapping[str, Any]) -> None:
        """Begin a bag.

        Args:
            folder: Empty.
            name: Of the bag, after which its file is called.
            offered: QoS profiles per topic, for files that do not say them.
        """
        self._folder, self._file, self._offered = folder, f'{name}_0.mcap', offered
        self._stream: BinaryIO = (folder / self._file).open('xb')
        self._mcap = Writer(self._stream, chunk_size=Limits.chunk_bytes, enable_data_crcs=True,
                            compression=CompressionType.NONE)
        self._mcap.start(profile='ros2', library='il_ros')
        self._channels: dict[str, int] = {}
        self._topics: dict[str, dict[str, Any]] = {}
        self.counts: dict[str, int] = {}
        self._start_ns, self._end_ns = 1 << 63, 0

    def write(self, source: Source, log_ns: int, data: bytes) -> None:
        """Add a message of a topic."""
        topic = source.topic
        if topic not in self._channels:
            self._channels[topic] = self._register(source)
        count = self.counts[topic] = self.counts.get(topic, 0) + 1
        self._mcap.add_message(self._channels[topic], log_ns, data, log_ns, count - 1)
        self._start_ns, self._end_ns = min(self._start_ns, log_ns), max(self._end_ns, log_ns)

    def close(self, custom: Mapping[str, str]) -> None:
        """Finish the bag with `custom_data` of metadata.yaml."""
        finish(self._mcap, self._stream, self._folder, bag_information(
            [(self._topics[topic], count) for topic, count in self.counts.items()],
            self._start_ns, self._end_ns, self._file, custom))

    def abandon(self) -> None:
        """Close the file, which nobody will read."""
        self._stream.close()

    def _register(self, source: Source) -> int:
        kind = full_type(source.type)
        encoding, text, digest = source.encoding, source.definition, ''
        try:
            known = message_definition(kind)
            if not text.strip():
                encoding, text = 'ros2msg', known.text
            digest = known.hash if text == known.text else ''
        except RecordingError:   # then only the bag knows the type
            pass
        qos = source.qos or to_yaml(self._offered.get(source.topic, [])).strip()
        self._topics[source.topic] = {
            'name': source.topic, 'type': kind, 'serialization_format': source.serialization,
            'offered_qos_profiles': yaml.safe_load(qos) or [], 'type_description_hash': digest}
        schema = self._mcap.register_schema(kind, encoding, text.encode())
        return int(self._mcap.register_channel(source.topic, source.serialization, schema, {
            'offered_qos_profiles': qos, 'topic_type_hash': digest}))
