"""Which topic of a bag is which of the contract or the design."""
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
import difflib

from il_ros.bags.storage import Source
from il_ros.bags.topics import name_topics
from il_ros.contract import Camera, Contract, IMAGE_TYPES, VIDEO_TYPES
from il_ros.errors import BagError
from il_ros.names import resolve
from il_ros.recording.definitions import full_type
from il_ros.recording.metadata import EpisodeInfo
from il_ros.recording.topics import camera_info_topic, CONTROL, URDF_TYPE

PICTURES = IMAGE_TYPES + VIDEO_TYPES
# What image_transport appends.
TRANSPORTS = ('/compressed', '/compressedDepth', '/ffmpeg', '/foxglove')
LISTED = 40


class Names:
    """Names of a bag's topics.

    A camera of the contract that was recorded through another transport of image_transport is
    that camera: `/cam/image_raw/compressed` in place of `/cam/image_raw`, or the reverse.
    """

    def __init__(self, info: EpisodeInfo, sources: Sequence[Source], namespace: str = '',
                 where: str = 'bag') -> None:
        """Name the topics; see `name_topics`.

        Raises:
            BagError: Several namespaces hold the contract's topics.
            ConfigError: The namespace is no valid name.
        """
        contract = info.contract
        self._types = _expected(contract)
        self._noted = set(info.topics) | {camera_info_topic(c.topic) for c in contract.cameras}
        recorded = {source.topic: source for source in sources if source.count}
        self.named = name_topics({source.topic: source.type for source in sources}, contract,
                                 info.topics, namespace, where)
        names = dict(self.named.names)
        for camera in contract.cameras:
            own = [topic for topic, name in names.items() if name == camera.topic]
            meant = own or [info.topics.get(camera.topic)
                            or resolve(camera.topic, self.named.namespace)]
            if meant[0] not in recorded and (other := _transport(meant[0], recorded)):
                names[other] = camera.topic
        self._names, self._sources = names, sources

    def of(self, source: Source) -> str:
        """Return the name of a topic in the contract or the design; else its own, without slash.

        What only shares its name with a topic of il_ros keeps its slash.
        """
        name = self._names[source.topic]
        if name in CONTROL and full_type(source.type) != full_type(CONTROL[name]):
            return source.topic
        return name

    def known(self, source: Source) -> bool:
        """Tell whether the contract, the design or the recorder named a topic."""
        return (name := self.of(source)) in self._types or name in self._noted

    def describe(self, missing: Collection[str]) -> str:
        """Return what the bag holds, and what comes nearest to topics that are missing."""
        counts: Counter[tuple[str, str]] = Counter()
        for source in self._sources:
            counts[source.topic, source.type] += source.count
        free = sorted({s.topic for s in self._sources if s.count and not self.known(s)})
        near = {name: close[0] for name in missing if (
            close := difflib.get_close_matches('/' + name.lstrip('/'), free, n=1, cutoff=0.5))}
        found = '; did you mean ' + ' and '.join(
            f'{topic!r} for {name}' for name, topic in near.items()) + '?' if near else ''
        listed = [f'{topic} ({kind or "unknown type"}, {count})'
                  for (topic, kind), count in sorted(counts.items()) if count]
        more = f' and {len(listed) - LISTED} more' if len(listed) > LISTED else ''
        return f'{found or ";"} the bag holds {", ".join(listed[:LISTED])}{more}'

    def require_type(self, source: Source, where: str) -> None:
        """Check that a topic is what the contract says.

        Raises:
            BagError: It is of another type.
        """
        expected = self._types.get(self.of(source), ())
        if expected and full_type(source.type) not in map(full_type, expected):
            raise BagError(f'{where}: {source.topic} is of type {source.type or "unknown"}, the '
                           f'contract says {" or ".join(expected)}; correct the topic or the type '
                           'in the contract')


def _expected(contract: Contract) -> dict[str, tuple[str, ...]]:
    types: dict[str, tuple[str, ...]] = {name: (kind,) for name, kind in CONTROL.items()}
    for command in contract.commands:
        if command.topic:
            types[command.topic] = (command.type,)
        if command.integrated:
            types[command.integrated.topic] = (command.integrated.type,)
    if contract.urdf_topic:
        types[contract.urdf_topic] = (URDF_TYPE,)
    for stream in contract.streams:
        types[stream.topic] = PICTURES if isinstance(stream, Camera) else (stream.type,)
    return types


def _transport(topic: str, recorded: dict[str, Source]) -> str:
    base = topic
    for end in TRANSPORTS:
        base = base.removesuffix(end)
    images = set(map(full_type, PICTURES))
    return next((name for name in (base, *(base + end for end in TRANSPORTS))
                 if name in recorded and full_type(recorded[name].type) in images), '')
