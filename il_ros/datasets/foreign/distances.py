"""Which distances a feature of LeRobot's holds (0.6: datasets/depth_utils.py, lerobot#3644)."""
from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

from il_ros.contract import Depth, FAR_CODE
from il_ros.errors import ConfigError
import numpy as np
from numpy.typing import NDArray

# What LeRobot takes where info.json does not say it.
NEAREST_M, FARTHEST_M, SHIFT_M = 0.01, 10.0, 3.5
CODES = 'gray12le'
UNITS_M = {'m': 1.0, 'mm': 1e-3}
Feature = Mapping[str, Any]


def is_distances(feature: Feature) -> bool:
    """Tell whether a feature of pictures holds distances."""
    about = _about(feature)
    return any(about.get(key) for key in ('is_depth_map', 'video.is_depth_map'))


def depth_of(feature: Feature) -> Depth | None:
    """Return which distances a feature holds; None where nothing says which, or there is no range.

    A video holds codes of 12 bits, of which 0 is `depth_min`, or what was nearer or unknown. Data
    files hold metres or millimetres, for which the range stands that LeRobot has for videos.
    """
    about = _about(feature)
    if not is_distances(feature) or (
            about.get('video.pix_fmt') != CODES if feature['dtype'] == 'video' else
            unit_m(feature) is None):
        return None
    low, far, shift = (float(about.get(f'video.{name}', default)) for name, default in (
        ('depth_min', NEAREST_M), ('depth_max', FARTHEST_M), ('shift', SHIFT_M)))
    by_log = bool(about.get('video.use_log', True))
    try:
        if by_log:
            begin, end = math.log(low + shift), math.log(far + shift)
            near = math.exp(begin + (end - begin) / FAR_CODE) - shift
        else:
            near = low + (far - low) / FAR_CODE
        return Depth((near, far), shift if by_log else None, coarse=True)
    except (ConfigError, ValueError):
        return None


def unit_m(feature: Feature) -> float | None:
    """Return the unit in which distances were recorded [m]; None where nothing says it."""
    return UNITS_M.get(str(_about(feature).get('depth_unit')))


def same(a: Depth, b: Depth) -> bool:
    """Tell whether codes mean the same."""
    return (a.shift_m is None) == (b.shift_m is None) and np.allclose(
        [*a.range_m, a.shift_m or 0.0], [*b.range_m, b.shift_m or 0.0], rtol=0, atol=1e-6)


def in_metres(stats: dict[str, dict[str, NDArray[Any]]], features: Mapping[str, Feature]) -> None:
    """Make metres of the statistics of distances."""
    for key in stats.keys() & features.keys():
        unit = unit_m(features[key]) if is_distances(features[key]) else None
        if unit not in (None, 1.0):
            stats[key] = {name: values if name == 'count' else unit * values
                          for name, values in stats[key].items()}


def told(depth: Depth) -> str:
    """Return a range as a contract says it."""
    near, far = depth.range_m
    shift = '' if depth.shift_m is None else f', shift_m: {depth.shift_m:g}'
    return f'depth: {{range_m: [{near:.7g}, {far:.7g}]{shift}}}'


def _about(feature: Feature) -> dict[str, Any]:
    return {**(feature.get('video_info') or {}), **(feature.get('info') or {})}
