"""Pixels of every layout as RGB, and depth as grey."""
from __future__ import annotations

from typing import Any

from il_ros.types import Pixels
import numpy as np
from numpy.typing import NDArray

DEPTH_STEP_MM = 10  # one grey level; 8 bits then reach 2.55 m, a table-top's range
# OpenCV names a mosaic by its second row and column: RGGB is its BayerBG.
CODES = {
    'bgr': 'BGR2RGB', 'rgba': 'RGBA2RGB', 'bgra': 'BGRA2RGB', 'grey': 'GRAY2RGB',
    'millimetres': 'GRAY2RGB', 'rggb': 'BayerBG2RGB', 'bggr': 'BayerRG2RGB',
    'gbrg': 'BayerGR2RGB', 'grbg': 'BayerGB2RGB', 'uyvy': 'YUV2RGB_UYVY', 'yuyv': 'YUV2RGB_YUY2',
    'nv12': 'YUV2RGB_NV12', 'nv21': 'YUV2RGB_NV21'}


def to_colours(pixels: Pixels, layout: str) -> Pixels:
    """Return pixels as RGB; those that are already, uncopied.

    Args:
        pixels: Of 8 bits. Shape (H, W), (H, W, C), or the planes as `raw.decode` returns them.
        layout: See `Encoding`.

    Returns:
        Shape (H, W, 3).
    """
    if layout == 'rgb':
        return pixels
    import cv2
    if layout == 'nv24':
        # OpenCV knows no nv24: as YUYV of doubled pixels it is the same without loss.
        return np.ascontiguousarray(cv2.cvtColor(pixels, cv2.COLOR_YUV2RGB_YUY2)[:, ::2])
    return np.asarray(cv2.cvtColor(pixels, getattr(cv2, f'COLOR_{CODES[layout]}')))


def to_8_bits(pixels: NDArray[Any]) -> Pixels:
    """Return pixels of 16 bits as 8, full scale to full scale and rounded as in cv_bridge."""
    if pixels.dtype == np.uint16:
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return pixels


def to_depth(depth: NDArray[Any], layout: str) -> Pixels:
    """Return depth as grey, one level per `DEPTH_STEP_MM`; 0 where nothing was measured.

    Args:
        depth: Shape (H, W).
        layout: millimetres, or metres.

    Returns:
        Shape (H, W, 3).
    """
    if layout == 'metres':
        with np.errstate(invalid='ignore', over='ignore'):
            rounded = np.clip(np.rint(depth * 1000.0), 1, 65535)
        depth = np.where(np.isfinite(depth) & (depth > 0), rounded, 0)
    grey = np.clip((depth + DEPTH_STEP_MM / 2) // DEPTH_STEP_MM, 1, 255).astype(np.uint8)
    grey[depth == 0] = 0
    return np.repeat(grey[:, :, None], 3, axis=2)
