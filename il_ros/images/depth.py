"""Distances in metres on the grid of a contract's 12 bits, as robots see and datasets keep them.

Code 0 says that nothing was measured, 1 the nearest distance of the range, 4095 the farthest; the
others lie evenly between them, or by the logarithm, as LeRobot's (lerobot#3644).
"""
from __future__ import annotations

from functools import lru_cache
from typing import Any

from il_ros.contract import Depth, FAR_CODE
from il_ros.types import Pixels, View
import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint16]
Metres = NDArray[np.float32]
BRIGHT, DIM = 255.0, 64.0   # how near and far are shown; what is unknown is black


def to_codes(metres: NDArray[Any], depth: Depth) -> Codes:
    """Return distances [m] as codes, of any shape; 0 for what is no distance.

    That is what is 0, negative, NaN or infinite.
    """
    near, far = depth.range_m
    known = np.isfinite(metres) & (metres > 0)
    even = depth.even(np.clip(np.where(known, metres, near), near, far))
    codes = 1 + np.rint((even - depth.even(near)) / depth.step)
    return np.where(known, codes, 0).astype(np.uint16)


def to_metres(codes: NDArray[Any], depth: Depth) -> Metres:
    """Return codes as distances [m], of any shape; 0 for what is unknown."""
    metres: Metres = _distances(depth)[codes]
    return metres


def measured(pixels: NDArray[Any], layout: str, depth: Depth) -> Metres:
    """Return what a depth camera measured, on the grid of its contract.

    Args:
        pixels: Shape (H, W).
        layout: millimetres, or metres.
        depth: Of the contract.

    Returns:
        Distances [m], 0 where nothing was measured. Shape (H, W, 1).
    """
    found = (_of_millimetres(depth)[pixels] if layout == 'millimetres' else
             to_metres(to_codes(pixels, depth), depth))
    return found[:, :, None]


def resized(views: View, height: int, width: int) -> View:
    """Return distances of another size, each that of the nearest pixel: none is made up.

    Shape (..., H, W, 1).
    """
    rows, columns = nearest(views.shape[-3], height), nearest(views.shape[-2], width)
    return np.ascontiguousarray(views[..., rows[:, None], columns, :])


def nearest(of: int, to: int) -> NDArray[np.int64]:
    """Return which of `of` pixels lies in the middle of each of `to`. Shape (to,)."""
    return (2 * np.arange(to, dtype=np.int64) + 1) * of // (2 * to)


def shown(view: View, depth: Depth | None) -> Pixels:
    """Return what a camera shows as a picture for people: distances as grey, near ones bright.

    Args:
        view: Shape (..., H, W, 3) of pixels, which stay as they are, or (..., H, W, 1).
        depth: Of its contract.

    Returns:
        Shape (..., H, W, 3).
    """
    if depth is None:
        return view
    near, far = depth.range_m
    grey = BRIGHT + (DIM - BRIGHT) * (np.clip(view, near, far) - near) / (far - near)
    return np.repeat(np.where(view > 0, grey, 0.0).round().astype(np.uint8), 3, axis=-1)


@lru_cache
def _distances(depth: Depth) -> Metres:
    codes = np.arange(FAR_CODE + 1)
    return np.where(codes > 0, depth.of_code(codes), 0.0).astype(np.float32)


@lru_cache
def _of_millimetres(depth: Depth) -> Metres:
    """Return the distance for each value of a 16UC1 image. Shape (65536,)."""
    return to_metres(to_codes(np.arange(1 << 16) / 1000.0, depth), depth)
