"""Conversion of that bag beside reading the same bytes and encoding the same frames."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import time

from il_ros.bags.reader import Bag
from il_ros.contract import Contract
from il_ros.datasets.convert import convert
from il_ros.datasets.files.video import VideoWriter
from il_ros.datasets.from_bags.rows import episode_rows
from il_ros.types import Pixels

from benchmarks.capture import bag_of
from benchmarks.common import Line


def measure(folder: Path) -> list[Line]:
    """Time the three; the files are in the page cache for all of them."""
    bag = bag_of(folder)
    files = list(bag.glob('*.mcap'))
    size = sum(path.stat().st_size for path in files)
    read_s = min(_timed(lambda: [path.read_bytes() for path in files]) for _ in range(3))
    convert_s = _timed(lambda: convert([bag], folder / 'dataset'))
    with Bag(bag) as source:
        contract = source.contract
        images = [dict(row.observation.images) for row in episode_rows(
            source, [camera.name for camera in contract.cameras])]
    encode_s = _timed(lambda: _encode(folder, contract, images))
    absolute = (f'{convert_s:.1f} s for {len(images)} rows with {len(contract.cameras)} frames '
                f'each, {size / 1e6:.0f} MB')
    return [Line('conversion: wall time', f'{convert_s / encode_s:.2f}',
                 'encoding the same frames alone', f'{absolute}; encoding {encode_s:.1f} s'),
            Line('conversion: wall time', f'{convert_s / read_s:.0f}', 'reading the same bytes',
                 f'reading {read_s:.2f} s (page cache)')]


def _encode(folder: Path, contract: Contract, images: list[dict[str, Pixels]]) -> None:
    writers = {camera.name: VideoWriter(folder / f'{camera.name}.mp4', camera.height, camera.width,
                                        contract.rate_hz) for camera in contract.cameras}
    for row in images:
        for name, image in row.items():
            writers[name].write(image)
    for writer in writers.values():
        writer.close(len(images))


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
