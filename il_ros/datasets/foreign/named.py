"""What the values of a LeRobot feature are called, and which feature a camera is."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import count
import math
import re
from typing import Any, NamedTuple

from il_ros.datasets import schema
from il_ros.datasets.foreign.distances import depth_of, is_distances, unit_m
from il_ros.errors import DatasetError

POSITION = '.pos'           # of `shoulder_pan.pos`, as LeRobot's robots call a joint
PICTURES = ('video', 'image')
OBSERVATION, NO_INPUTS = 'observation.', ('next.', 'action')
LONGEST = 64                # of a camera's name
TAKEN = ('state', 'environment', 'gripper', 'task')   # inputs of policies beside the cameras
Feature = Mapping[str, Any]


def value_names(key: str, feature: Feature) -> list[str] | None:
    """Return the name of each value of a vector, None where nobody names them.

    LeRobot writes a list, mappings of lists (`{'motors': [...]}`) or of indices, or null.

    Raises:
        DatasetError: It is no vector, or has more or fewer names than values.
    """
    shape = list(feature['shape'])
    if len(shape) != 1:
        raise DatasetError(f'{key!r}: expected a vector, got the shape {shape}')
    names = flat_names(feature)
    if len(names) == shape[0]:
        return names
    if len(names) > 1:
        raise DatasetError(f'{key!r}: {shape[0]} values, but {len(names)} names '
                           f'({", ".join(names)})')
    return None     # nothing, or the name of the axis


def flat_names(feature: Feature) -> list[str]:
    """Return all names of a feature, without the ending that LeRobot gives those of positions."""
    return [name.removesuffix(POSITION) for name in _flat(feature.get('names'))]


def _flat(names: Any) -> list[str]:
    if isinstance(names, Mapping):
        if names and all(isinstance(value, int) for value in names.values()):
            return [str(name) for name in sorted(names, key=lambda name: names[name])]
        return [name for value in names.values() for name in _flat(value)]
    if isinstance(names, (list, tuple)):
        return [name for value in names for name in _flat(value)]
    return [] if names is None else [str(names)]


def chosen(names: Sequence[str] | None, wanted: Sequence[str]) -> list[int] | None:
    """Return where the wanted names stand, None where one of them is missing or stands twice."""
    names = names or []
    if any(names.count(name) != 1 for name in wanted):
        return None
    return [names.index(name) for name in wanted]


class PictureFeature(NamedTuple):
    """A feature of pictures.

    Attributes:
        key: Of `features` in info.json.
        height: Of a picture.
        width: Likewise.
        embedded: Its pictures lie in the data files, not in videos.
        unit_m: Of distances in data files [m]; None of codes and of colours.
    """

    key: str
    height: int
    width: int
    embedded: bool
    unit_m: float | None = None


def pictures(features: Mapping[str, Feature]) -> tuple[dict[str, PictureFeature], list[str]]:
    """Return what a policy may see by the name of its camera, and the features left out.

    `observation.images.front` is the camera front, `observation.image` image. What no name of a
    camera may have becomes `_`, and one that is called like another input `<name>_camera`.
    """
    found: dict[str, PictureFeature] = {}
    odd = []
    for key, feature in features.items():
        if feature['dtype'] not in PICTURES:
            continue
        far = is_distances(feature)
        size = _size(feature) if not far or depth_of(feature) else None
        if size is None or key.startswith(NO_INPUTS):
            odd.append(key)
            continue
        name = re.sub('[^A-Za-z0-9_-]', '_', key.removeprefix(schema.IMAGES).removeprefix(
            OBSERVATION))[:LONGEST - 8]
        name += '_camera' if name in TAKEN else ''
        name = unlike(name, found)
        embedded = feature['dtype'] == 'image'
        found[name] = PictureFeature(key, *size, embedded,
                                     unit_m(feature) if far and embedded else None)
    return found, odd


def unlike(name: str, others: Collection[str]) -> str:
    """Return a name that is none of the others: itself, or with a number behind it."""
    return next(new for k in count(1) if (new := f'{name}_{k}' if k > 1 else name) not in others)


def _size(feature: Feature) -> tuple[int, int] | None:
    """Return height and width of pictures in colour or of distances, None of others."""
    shape, names = list(feature['shape']), feature.get('names')
    if len(shape) != 3:
        return None
    channels = 1 if is_distances(feature) else 3
    first = str(names[0]) if isinstance(names, list) and names else ''
    if first.startswith('channel') or (not first and shape[0] == channels != shape[2]):
        shape = [*shape[1:], shape[0]]
    return (int(shape[0]), int(shape[1])) if shape[2] == channels and min(shape) > 0 else None


def pose_names(feature: Feature | None) -> list[str]:
    """Return the poses of a feature that has them as il_ros does, `<pose>.x` to `<pose>.qw`."""
    names = _flat(feature.get('names')) if feature else []
    size = len(schema.POSE_FIELDS)
    poses = [name.removesuffix('.x') for name in names[::size]]
    whole = [f'{pose}.{value}' for pose in poses for value in schema.POSE_FIELDS]
    fits = feature is not None and whole == names and math.prod(feature['shape']) == len(names)
    return poses if fits and len(set(poses)) == len(poses) else []
