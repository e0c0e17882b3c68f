"""H.264 of a bag that is decoded only where somebody looks at it."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from il_ros.contract import Camera
from il_ros.datasets.from_bags.slices import Picture, read_picture, shown_after
from il_ros.images import CameraReader, PictureMissing
from il_ros.images.h264 import FrameNumbers, START
from il_ros.images.header import data_of
from il_ros.images.video import coding, WITHIN
from il_ros.types import Pixels

KEY_APART = 30      # pictures from one key picture to the next; what is further is decoded
NAMES = ('264', 'avc')


@dataclass(eq=False)
class Group:
    """The messages of a key picture and of those that need it."""

    messages: list[Any] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Packet:
    """One coded picture.

    Attributes:
        data: In Annex B; a key picture brings its parameters along.
        index: In its group; 0 is the key picture.
    """

    data: bytes
    group: Group
    index: int
    _look: Look

    @property
    def key(self) -> bool:
        """Whether it needs no other picture."""
        return self.index == 0

    def follows(self, other: Packet | None) -> bool:
        """Tell whether it is the next one after another."""
        if other is None:
            return False
        if self.group is other.group:
            return self.index == other.index + 1
        return self.key and other.index + 1 == len(other.group.messages)

    def pixels(self) -> Pixels:
        """Return the picture. Shape (H, W, 3), rgb."""
        return self._look.at(self.group, self.index)


def may_pass(camera: Camera) -> bool:
    """Tell whether pictures of a camera are used as they come."""
    return not (camera.crop or camera.rotate or camera.resize)


class PacketReader:
    """A camera's messages as packets, in place of `CameraReader`; decoded where they must be.

    Args:
        camera: Of the contract.
    """

    def __init__(self, camera: Camera) -> None:
        self._camera, self._look = CameraReader(camera), Look(camera)
        self._numbers = FrameNumbers()
        self._group: Group | None = None
        self._newest: Picture | None = None
        self._parameters = b''

    def read(self, message: Any) -> Pixels | Packet:
        """Return what `CameraReader` does, or a packet that gives it.

        Raises:
            PictureMissing: A picture that this one needs did not come.
            MessageError: As `CameraReader`.
        """
        if not any(name in coding(message) for name in NAMES):
            return self._camera.read(message)
        data = data_of(message).tobytes()
        if START not in data[:WITHIN]:
            return self._camera.read(message)       # which says what is wrong with it
        if not self._numbers.follows(data):
            self._group = None
            raise PictureMissing('a picture needs one before it that did not come (lost, or from '
                                 'before the first key picture)')
        picture = self._picture(data)
        if picture and picture.key:
            if picture.parameters != self._parameters:
                self._camera.read(message)          # size and order are what they should be
                self._parameters = picture.parameters
            self._group = Group()
        elif self._group and (picture is None or len(self._group.messages) >= KEY_APART or (
                self._newest and not shown_after(picture, self._newest))):
            for before in self._group.messages:
                self._camera.read(before)
            self._group = None
        self._newest = picture
        if self._group is None:
            return self._camera.read(message)
        self._group.messages.append(message)
        return Packet(data, self._group, len(self._group.messages) - 1, self._look)

    def _picture(self, data: bytes) -> Picture | None:
        try:
            return read_picture(data, self._newest.order if self._newest else None)
        except (ValueError, IndexError):
            return None


class Look:
    """Decodes a picture of a group, from its key picture or the one looked at before."""

    def __init__(self, camera: Camera) -> None:
        self._camera = CameraReader(camera)
        self._group: Group | None = None
        self._index = -1
        self._picture: Pixels | None = None

    def at(self, group: Group, index: int) -> Pixels:
        """Return a picture. Shape (H, W, 3), rgb."""
        if group is not self._group or index < self._index:
            self._group, self._index = group, -1
        for message in group.messages[self._index + 1:index + 1]:
            self._picture = self._camera.read(message)
        self._index = index
        assert self._picture is not None
        return self._picture
