"""Images of rows, when they are asked for."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from il_ros.policies.transforms import ResizeImages
from il_ros.training.samples import Frames, Source
from il_ros.training.sampling import Rows
from il_ros.types import View
import numpy as np


@dataclass(frozen=True)
class Resized:
    """Images of a source that has them at hand, resized when they are asked for."""

    source: Source
    camera: str
    resize: ResizeImages

    def __getitem__(self, rows: Rows, /) -> View:
        """Return the images of the rows. Shape (n, H, W, 3)."""
        return self.resize.resize(self.source.frames(self.camera, rows))


@dataclass(frozen=True)
class JoinedFrames:
    """Images of several datasets, whose rows come one after the other.

    Attributes:
        images: Of each; None shows `blank`.
        rows: How many each has.
        blank: Shape (H, W, 3), or (H, W, 1) of distances.
    """

    images: tuple[Frames | None, ...]
    rows: Sequence[int]
    blank: View

    def __getitem__(self, rows: Any, /) -> View:
        """Return the images of the rows. Shape (n, H, W, 3)."""
        wanted = np.asarray(rows, np.int64).reshape(-1)
        starts = np.cumsum([0, *self.rows])
        owner = np.searchsorted(starts, wanted, side='right') - 1
        found = np.empty((len(wanted), *self.blank.shape), self.blank.dtype)
        for part in np.unique(owner):
            images, mine = self.images[part], owner == part
            found[mine] = self.blank if images is None else images[wanted[mine] - starts[part]]
        return found
