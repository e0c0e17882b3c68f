"""The messages of a survey, and what they tell of their topics."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
import math
from statistics import median
import time
from typing import Any

from il_ros.contract.streams import IMAGE_TYPES
from il_ros.drafting.heard import ImageSource, JointSource, Source
from il_ros.errors import MessageError
from il_ros.images.messages import read_header
from il_ros.nodes.shared.interfaces import message_type
from il_ros.recording import cdr
from il_ros.timing import to_s
from rclpy.serialization import deserialize_message

JOINTS = 'sensor_msgs/JointState'
KEPT = 500    # messages of a topic


class Came:
    """Serialised messages by topic.

    Attributes:
        types: `package/Name` per topic that is followed.
    """

    def __init__(self) -> None:
        self.types: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._kept: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        self._count: dict[str, int] = defaultdict(int)

    def follow(self, topic: str, kind: str) -> None:
        """Begin to count a topic."""
        self.types[topic], self._began[topic] = kind, time.monotonic()

    def take(self, topic: str, now_ns: int, data: bytes) -> None:
        """Take a message; of images the newest is enough, and all would fill the memory."""
        self._count[topic] += 1
        kept = self._kept[topic]
        kept.append((now_ns, data))
        del kept[:-1 if self.types[topic] in IMAGE_TYPES else -KEPT]

    def sources(self, kind: str, who: dict[str, str]) -> Iterator[Source]:
        """Yield what came of one type.

        Args:
            kind: `package/Name`.
            who: Publishes each topic.
        """
        for topic in sorted(topic for topic, of in self.types.items() if of == kind):
            if came := self._kept[topic]:
                ages = [to_s(now_ns - stamp) for now_ns, data in came
                        if (stamp := cdr.stamp_ns(data))]
                yield Source(topic, kind, who.get(topic) or 'somebody',
                             self._count[topic] / (time.monotonic() - self._began[topic]),
                             median(ages) if ages else None)

    def joints(self, who: dict[str, str]) -> Iterator[JointSource]:
        """Yield the JointState topics with the newest position of each joint."""
        for source in self.sources(JOINTS, who):
            positions: dict[str, float] = {}
            names: dict[str, None] = {}
            for message in self._messages(source):
                names |= dict.fromkeys(message.name)
                # A driver may send fewer positions than names.
                positions |= {name: value for name, value in zip(
                    message.name, message.position, strict=False) if math.isfinite(value)}
            yield JointSource(**vars(source), positions=positions, without_position=tuple(
                name for name in names if name not in positions))

    def images(self, who: dict[str, str]) -> Iterator[ImageSource]:
        """Yield the image topics with what their newest picture is."""
        for source in [each for kind in IMAGE_TYPES for each in self.sources(kind, who)]:
            try:
                header = read_header(self._messages(source)[-1])
            except MessageError as error:
                yield ImageSource(**vars(source), problem=str(error))
            else:
                yield ImageSource(**vars(source), height=header.height, width=header.width,
                                  encoding=header.encoding)

    def _messages(self, source: Source) -> list[Any]:
        kind = message_type(source.type)
        return [deserialize_message(data, kind) for _, data in self._kept[source.topic]]
