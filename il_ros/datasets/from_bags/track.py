"""The video of one camera in one episode, with the statistics of its pictures."""
from __future__ import annotations

from pathlib import Path

from il_ros.contract import Depth
from il_ros.datasets.files.passing import PassingWriter
from il_ros.datasets.files.stats import ImageStats, SAMPLE_EVERY
from il_ros.datasets.files.video import require_even, VideoWriter
from il_ros.datasets.from_bags.packets import Packet
from il_ros.types import View

IN_STEP = 5     # rows that showed one picture after the other, until a camera is believed to


class Track:
    """Copies the pictures of a camera where rows and pictures go together, else encodes them.

    Copying begins at a key picture. A picture that is shown twice or never ends it: from there to
    the next key picture, and from the first row to the first one, pictures are encoded.

    Attributes:
        path: The file.
        stats: Of every few pictures; of copied ones, of the key pictures.
    """

    def __init__(self, path: Path, height: int, width: int, rate_hz: float,
                 depth: Depth | None = None) -> None:
        """Begin.

        Raises:
            DatasetError: Height or width is odd.
        """
        if not depth:
            require_even(path, height, width)
        self.path, self.stats = path, ImageStats(depth)
        self._like = (path, height, width, rate_hz, depth)
        self._video: VideoWriter | None = None
        self._newest: Packet | None = None      # of the row before
        self._copying = False
        self._in_step = self._unseen = 0

    def write(self, image: View | Packet) -> None:
        """Add the picture of the next row: (H, W, 3) rgb, (H, W, 1) distances [m], or coded."""
        if self._video is None:
            kind = PassingWriter if isinstance(image, Packet) else VideoWriter
            self._video = kind(*self._like)
        if isinstance(self._video, PassingWriter):
            self._write(self._video, image)
        else:
            pixels = image.pixels() if isinstance(image, Packet) else image
            self._video.write(pixels)
            self.stats.add(pixels)

    def _write(self, video: PassingWriter, image: View | Packet) -> None:
        self._unseen += 1
        packet = image if isinstance(image, Packet) else None
        goes_on = packet is not None and packet.follows(self._newest)
        self._in_step = self._in_step + 1 if goes_on else 0
        if packet is None or not goes_on:
            self._copying = False
        elif packet.key:
            self._copying = self._in_step >= IN_STEP
        self._newest = packet
        if packet is not None and self._copying:
            video.copy(packet.data, packet.key)
            if packet.key:
                self._count(packet.pixels())
            return
        pixels = image.pixels() if isinstance(image, Packet) else image
        video.write(pixels)
        if self._unseen >= SAMPLE_EVERY or not self.stats.count:
            self._count(pixels)

    def _count(self, pixels: View) -> None:
        self.stats.take(pixels, self._unseen / SAMPLE_EVERY)
        self._unseen = 0

    def close(self, rows: int) -> None:
        """Finish the file.

        Raises:
            DatasetError: It does not hold exactly `rows` frames, or encoding failed.
        """
        assert self._video is not None
        self._video.close(rows)

    def abandon(self) -> None:
        """Stop without a usable file."""
        if self._video is not None:
            self._video.abandon()
