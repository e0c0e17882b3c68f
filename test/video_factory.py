"""Pictures as an encoder beside a camera sends them: one message each, in Annex B."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import bag_factory as bags
from bags.foreign import write_mcap
from il_ros.contract import Camera, Contract
from il_ros.timing import to_ns
import numpy as np

SECONDS, TOPIC = 4.0, 'scene/video'
QUIET = 'bframes=0:repeat-headers=1:log-level=none'


def encode(pictures: Iterable[np.ndarray], codec: str = 'libx264', keys: int = 8,
           pixels: str = 'yuv420p', **options: str) -> list[bytes]:
    """Return the data of each picture; every `keys`th is a key picture."""
    found, context = [], av.CodecContext.create(codec, 'w')
    x265 = f'{QUIET}:keyint={keys}:min-keyint={keys}'
    for k, picture in enumerate(pictures):
        if not k:
            context.height, context.width = picture.shape[:2]
            context.pix_fmt, context.time_base = pixels, Fraction(1, 30)
            context.gop_size, context.max_b_frames = keys, 0
            context.options = {'preset': 'ultrafast', 'tune': 'zerolatency',
                               'x265-params': x265, **options}
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), 'rgb24')
        frame.pts = k
        found.append(b''.join(bytes(packet) for packet in context.encode(frame)))
    rest = b''.join(bytes(packet) for packet in context.encode(None))
    assert not rest or options, 'an encoder without delay'
    return [data for data in found if data]


def stripes(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Return pictures in which a bright field grows by two columns each."""
    pictures = np.zeros((count, height, width, 3), np.uint8)
    for k, picture in enumerate(pictures):
        picture[:, :2 * k % width] = 200
    return list(pictures)


def pictures(count: int, height: int = 48, width: int = 64, step: int = 65) -> list[np.ndarray]:
    """Return pictures of which each is another."""
    found = np.zeros((count, height, width, 3), np.uint8)
    for k, picture in enumerate(found):
        picture[..., 0] = np.linspace(10, 200, width)[None]
        picture[..., 1] = 20 + step * k % 221
        picture[k % height // 8 * 8:, :, 2] = 150
        picture[:8, :k // 2] = 250
    return list(found)


def recording(folder: Path, data: Sequence[bytes], kind: str = 'foxglove_msgs/CompressedVideo',
              rate_hz: float = 30.0, drop: Sequence[int] = ()) -> tuple[Path, Contract]:
    """Write a bag whose camera sends coded pictures, and return it with its contract."""
    contract = replace(bags.small_contract(), poses=None, cameras=(
        Camera(TOPIC, kind, rate_hz, 0.5, 'scene', 'rgb8', 48, 64),))
    script = bags.Script(contract, seconds=SECONDS, chunks=False, reports=False)
    events = [e for e in replace(script, contract=replace(contract, cameras=())).events()
              if not e.topic.startswith('control/')]
    for k, packet in enumerate(data):
        ns = bags.START_NS + to_ns(k / rate_hz + 0.004)
        if k not in drop:
            events.append(bags.Event(ns, TOPIC, bags.serialize(kind, bags.video(
                kind, ns, packet))))
    return write_mcap(folder / 'bag.mcap', sorted(events, key=lambda e: e.log_ns), types={
        topic.name: topic.type for topic in bags.topics(contract)}), contract
