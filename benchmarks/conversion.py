"""Conversion beside reading the same bytes and encoding the same frames, raw and coded."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
import time

import av
import bag_factory as bags
from il_ros.bags.reader import Bag
from il_ros.contract import Camera, Contract
from il_ros.datasets.convert import convert
from il_ros.datasets.files.video import VideoWriter
from il_ros.datasets.from_bags.rows import episode_rows
from il_ros.timing import to_ns
from il_ros.types import Pixels
import numpy as np

from benchmarks.common import Line

RAW, CODED = 'sensor_msgs/Image', 'foxglove_msgs/CompressedVideo'
CAMERAS, HEIGHT, WIDTH, RATE_HZ = ('left', 'right', 'wrist'), 480, 640, 30.0
SECONDS, KEYS = 10.0, 15    # of the episode; pictures from key to key


def measure(folder: Path) -> list[Line]:
    """Time what one process does; the files are in the page cache for all of it.

    Ratios are of processor time: what runs beside on the machine then counts for neither side.
    """
    return [_measure(folder, name, kind) for name, kind in (('raw', RAW), ('H.264', CODED))]


def _measure(folder: Path, name: str, kind: str) -> Line:
    bag = _bag(folder / kind.partition('/')[2], kind)
    with Bag(bag) as source:
        contract = source.contract
        images = [dict(row.observation.images) for row in episode_rows(source, CAMERAS)]
    convert_s = _timed(lambda: convert([bag], bag.with_suffix('.set')))
    encode_s = _timed(lambda: _encode(folder, contract, images))
    size = sum(path.stat().st_size for path in bag.glob('*.mcap'))
    return Line(f'conversion, {name}: processor time', f'{convert_s / encode_s:.2f}',
                'encoding the same frames alone',
                f'{convert_s:.1f} s for {len(images)} rows with {len(images[0])} frames each, '
                f'{size / 1e6:.0f} MB; encoding {encode_s:.1f} s')


def _bag(folder: Path, kind: str) -> Path:
    """Write an episode as il_ros records it, and return its folder."""
    contract = replace(Contract.load('sim_arm'), poses=None, cameras=tuple(
        Camera(f'{name}/image_raw', kind, RATE_HZ, 0.5, name, 'rgb8', HEIGHT, WIDTH)
        for name in CAMERAS))
    script = bags.Script(contract, seconds=SECONDS, chunks=False)
    events = replace(script, contract=replace(contract, cameras=())).events()
    for camera in contract.cameras:
        for k, message in enumerate(_messages(kind)):
            at_ns = bags.START_NS + to_ns(k / RATE_HZ + 0.004)
            events.append(bags.Event(at_ns, camera.topic, bags.serialize(kind, message(at_ns))))
    return bags.write_bag(folder, script, events=sorted(events, key=lambda e: e.log_ns))


def _messages(kind: str) -> Iterator[Callable[[int], object]]:
    if kind == RAW:
        yield from ((lambda at_ns, image=image: bags.image(at_ns, image)) for image in _pictures())
        return
    encoder = av.CodecContext.create('libx264', 'w')
    encoder.height, encoder.width, encoder.pix_fmt = HEIGHT, WIDTH, 'yuv420p'
    encoder.time_base, encoder.gop_size, encoder.max_b_frames = 1 / Fraction(RATE_HZ), KEYS, 0
    encoder.options = {'preset': 'ultrafast', 'tune': 'zerolatency'}
    for k, image in enumerate(_pictures()):
        frame = av.VideoFrame.from_ndarray(image, 'rgb24')
        frame.pts = k
        data = b''.join(bytes(packet) for packet in encoder.encode(frame))
        yield lambda at_ns, data=data: bags.video(CODED, at_ns, data)


def _pictures() -> Iterator[Pixels]:
    """Yield pictures that move and have a camera's noise."""
    noise = np.random.default_rng(0).integers(0, 12, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for k in range(int(SECONDS * RATE_HZ)):
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        image[..., 0], image[..., 1] = (x // 4 + k) % 200, (y // 3 + 2 * k) % 200
        image[100:200, 5 * k % 500:5 * k % 500 + 100, 2] = 180
        yield image + np.roll(noise, 7 * k, axis=1)


def _encode(folder: Path, contract: Contract, images: list[dict[str, Pixels]]) -> None:
    writers = {camera.name: VideoWriter(folder / f'{camera.name}.mp4', camera.height, camera.width,
                                        contract.rate_hz) for camera in contract.cameras}
    for row in images:
        for name, image in row.items():
            writers[name].write(image)
    for writer in writers.values():
        writer.close(len(images))


def _timed(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began
