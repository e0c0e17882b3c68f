"""Cameras for the contract, from the image topics that were heard."""
from __future__ import annotations

from collections.abc import Sequence
import re
from typing import NamedTuple

from il_ros.drafting.heard import ImageSource
from il_ros.encodings import DEPTH, ENCODINGS, why_no_picture

RAW = 'sensor_msgs/Image'
TRANSPORTS = ('compressed', 'compressedDepth', 'theora', 'ffmpeg', 'zstd')
PLAIN = ('image', 'image_raw', 'image_color', 'image_rect', 'image_rect_raw', 'image_rect_color',
         'color', 'rgb', 'camera')   # words that tell no camera from another


class NamedCamera(NamedTuple):
    """A camera with its name in the contract."""

    name: str
    source: ImageSource


def name_cameras(images: Sequence[ImageSource]) -> tuple[list[NamedCamera], list[str]]:
    """Return the cameras that a contract may have, and what was left out and why."""
    found: dict[str, ImageSource] = {}
    left_out = []
    for image in sorted(images, key=lambda each: (each.type != RAW, each.topic)):
        base = _base(image.topic)
        if problem := _problem(image):
            left_out.append(f'{image.topic}: {problem}')
        elif base in found:
            left_out.append(f'{image.topic}: the same pictures as {found[base].topic}; take it '
                            'in its place where the network or the disk is slow')
        else:
            found[base] = image
    names = _names(list(found))
    return [NamedCamera(names[base], image) for base, image in found.items()], left_out


def _problem(image: ImageSource) -> str:
    if image.problem:
        return image.problem
    if reason := why_no_picture(image.encoding):
        return f'{image.encoding}: {reason}'
    if image.encoding not in ENCODINGS:
        return f'{image.encoding!r} is no encoding that il_ros reads'
    if ENCODINGS[image.encoding].family == DEPTH:
        return (f'depth ({image.encoding}): add it to cameras with its encoding and the distances '
                'that count, depth: {range_m: [0.2, 2.0]}, if you want it')
    return ''


def _base(topic: str) -> str:
    head, _, last = topic.rpartition('/')
    return head if last in TRANSPORTS else topic


def _names(topics: Sequence[str]) -> dict[str, str]:
    short = {topic: '_'.join(_telling(topic)) for topic in topics}
    long = {topic: re.sub('[^A-Za-z0-9_-]', '_', topic.strip('/'))[:64] for topic in topics}
    unique = len(set(short.values())) == len(topics)
    return short if unique else long


def _telling(topic: str) -> list[str]:
    words = list(dict.fromkeys(topic.strip('/').split('/')))    # drivers repeat their node's name
    telling = [word for word in words if word not in PLAIN]
    if not telling:
        telling = [word for word in words if not word.startswith('image')][:1] or words[:1]
    return [word.removesuffix('_camera') or word for word in telling][-2:]
