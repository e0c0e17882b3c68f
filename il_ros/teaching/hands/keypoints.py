"""The file that a hand tracker writes: 21 points per picture of a video."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

from il_ros.errors import IlRosError
from il_ros.types import Floats
import numpy as np

POINTS = 21
WRIST, THUMB_TIP, INDEX, INDEX_TIP, MIDDLE, LITTLE = 0, 4, 5, 8, 9, 17
PALM = (0, 5, 9, 13, 17)    # wrist and knuckles, which do not move against each other
SHAPES = {'stamps': (), 'landmarks': (POINTS, 3), 'pixels': (POINTS, 2), 'scores': ()}
OPTIONAL = {'depths': (POINTS,), 'pixels_2': (POINTS, 2)}
SHARES = 2.0        # no picture is that small [pixels]
UNREADABLE = (OSError, ValueError, EOFError, BadZipFile)     # of np.load


class HandError(IlRosError):
    """A hand's motion cannot be taken over by the robot."""


@dataclass(frozen=True, eq=False)
class Keypoints:
    """What a tracker saw of one hand; rows without a hand are NaN, or have score 0.

    The points are those of MediaPipe and OpenPose: wrist, then four of thumb, index, middle, ring
    and little finger each, from the palm to the tip.

    Attributes:
        name: Where it comes from.
        stamps: Of the pictures, rising [s]. Shape (N,).
        landmarks: Points about the hand itself, in the camera's axes (x right, y down, z ahead)
            [m]. Shape (N, 21, 3).
        pixels: Where they are in the undistorted picture: u, v. Shape (N, 21, 2).
        scores: How sure the tracker is, 0 to 1. Shape (N,).
        depths: What a depth camera measured there, along its axis [m]; NaN where it did not.
            Shape (N, 21).
        pixels_2: Where they are in a second camera's picture. Shape (N, 21, 2).
    """

    name: str
    stamps: Floats
    landmarks: Floats
    pixels: Floats
    scores: Floats
    depths: Floats | None = None
    pixels_2: Floats | None = None

    @staticmethod
    def read(path: Path) -> Keypoints:
        """Read the file.

        Raises:
            HandError: It is none.
        """
        if path.suffix != '.npz':
            raise HandError(f'{path}: expected keypoints (.npz: {", ".join(SHAPES)}); run a hand '
                            'tracker over the video first, docs/devices.md says what it writes')
        try:
            with np.load(path) as file:
                arrays = {name: np.asarray(file[name], np.float64)
                          for name in (*SHAPES, *OPTIONAL) if name in file}
        except UNREADABLE as error:
            raise HandError(f'{path}: cannot be read: {error}') from None
        if missing := SHAPES.keys() - arrays.keys():
            raise HandError(f'{path}: expected {", ".join(SHAPES)}, missing '
                            f'{", ".join(sorted(missing))}')
        count = np.size(arrays['stamps'])
        for name, shape in (SHAPES | OPTIONAL).items():
            if name in arrays and arrays[name].shape != (count, *shape):
                raise HandError(f'{path}: {name}: expected shape {(count, *shape)}, got '
                                f'{arrays[name].shape}')
        for name in arrays.keys() & {'pixels', 'pixels_2'}:
            if 0 < np.abs(np.nan_to_num(arrays[name])).max(initial=0.0) <= SHARES:
                raise HandError(f'{path}: {name}: expected pixels, got shares of the picture; '
                                'multiply u by its width, v by its height')
        if not (np.isfinite(arrays['stamps']).all() and (np.diff(arrays['stamps']) > 0).all()):
            raise HandError(f'{path}: stamps: expected rising seconds')
        return Keypoints(str(path), **arrays)
