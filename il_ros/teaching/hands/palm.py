"""Where a palm is and how it is turned, and whether thumb and index finger pinch."""
from __future__ import annotations

from il_ros.teaching.hands.keypoints import (
    HandError,
    INDEX,
    INDEX_TIP,
    Keypoints,
    LITTLE,
    MIDDLE,
    PALM,
    THUMB_TIP,
    WRIST,
)
from il_ros.teaching.hands.settings import HandSettings, Plane, SecondView
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

CLOSED, OPEN, HELD_S = 0.25, 0.45, 0.1  # thumb to index over palm, and for how long
APART = 0.03    # rays of two views that pass each other further away see two things [m]
PALM_M = (0.05, 0.15)   # wrist to middle knuckle of people
LARGER = 1.7    # times as large as the tracker says: the camera says otherwise
ONE_VIEW = ('one view does not tell how far away a hand is, guesses from its size are 1 to 17 % '
            'off; expected `depths` of a depth camera in the file, or `pixels_2` and `second:` '
            'in the settings, or `plane:` there')


def places(keypoints: Keypoints, settings: HandSettings) -> Floats:
    """Return where the middle of the palm is in the camera's axes [m]; NaN where unknown. (N, 3).

    Depth comes only from what measures it: a depth camera, two views, or a known plane.

    Raises:
        HandError: Nothing does, or sizes say that something is in other units.
    """
    palm = keypoints.landmarks[:, PALM]
    size = _size(palm)
    if not PALM_M[0] <= size <= PALM_M[1]:
        raise HandError(f'{keypoints.name}: landmarks: the palm is {size:.3g} long, expected '
                        f'{PALM_M[0]} to {PALM_M[1]} m; MediaPipe calls those in metres world '
                        'landmarks')
    if keypoints.depths is not None:
        depths = keypoints.depths[:, PALM, None]
        seen = np.where(depths > 0, depths, np.nan) * settings.camera.rays(
            keypoints.pixels[:, PALM])
    elif settings.second and keypoints.pixels_2 is not None:
        seen = _where_rays_meet(settings.camera.rays(keypoints.pixels[:, PALM]),
                                settings.second.lens.rays(keypoints.pixels_2[:, PALM]),
                                settings.second)
    elif settings.plane:
        return _on_plane(settings.camera.rays(keypoints.pixels[:, PALM].mean(axis=1)),
                         settings.plane)
    else:
        raise HandError(f'{keypoints.name}: {ONE_VIEW}')
    # A point that is hidden, or beside whose edge the background was measured, does not count.
    if not 1 / LARGER <= (larger := _size(seen) / size) <= LARGER and np.isfinite(larger):
        raise HandError(f'{keypoints.name}: what measures depth sees a palm {larger:.3g} times as '
                        'large as landmarks say; expected depths in metres, pixels of the whole '
                        'picture, and the camera that took it')
    off = seen - palm
    known = np.isfinite(off).all(axis=2).sum(axis=1) > len(PALM) // 2
    middle = np.full((len(palm), 3), np.nan)
    middle[known] = np.nanmedian(off[known], axis=1) + palm[known].mean(axis=1)
    return middle


def frames(landmarks: Floats, right: bool) -> Floats:
    """Return the palm's axes as columns, in those of the points; see `HandSettings`.

    Args:
        landmarks: Shape (N, 21, 3).
        right: Of a right hand.

    Returns:
        Shape (N, 3, 3), NaN where the points are.
    """
    along = landmarks[:, MIDDLE] - landmarks[:, WRIST]
    inward = np.cross(landmarks[:, INDEX] - landmarks[:, WRIST],
                      landmarks[:, LITTLE] - landmarks[:, WRIST])
    with np.errstate(invalid='ignore', divide='ignore'):
        x = along / np.linalg.norm(along, axis=1, keepdims=True)
        back = -inward if right else inward
        back = back - (back * x).sum(axis=1, keepdims=True) * x
        z = back / np.linalg.norm(back, axis=1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], axis=2)


def pinch(landmarks: Floats) -> Floats:
    """Return thumb tip to index tip over wrist to middle knuckle. (N, 21, 3) to (N,)."""
    with np.errstate(invalid='ignore', divide='ignore'):
        share: Floats = (np.linalg.norm(landmarks[:, THUMB_TIP] - landmarks[:, INDEX_TIP], axis=1)
                         / np.linalg.norm(landmarks[:, MIDDLE] - landmarks[:, WRIST], axis=1))
    return share


def closed(stamps: Floats, share: Floats) -> NDArray[np.bool_]:
    """Return when the gripper is closed: from where a pinch begins that lasts. Shape (N,) each.

    Args:
        stamps: [s].
        share: See `pinch`.
    """
    found = np.empty(len(share), bool)
    now, since = bool(share[0] < CLOSED), -1
    for i, value in enumerate(share):
        found[i] = now
        if not (value > OPEN if now else value < CLOSED):
            since = -1
            continue
        since = i if since < 0 else since
        if stamps[i] - stamps[since] >= HELD_S:
            now = not now
            found[since:i + 1] = now
            since = -1
    return found


def _size(palm: Floats) -> float:
    """Return the usual length of a palm [m], NaN where none is seen. (N, 5, 3)."""
    lengths = np.linalg.norm(palm[:, PALM.index(MIDDLE)] - palm[:, PALM.index(WRIST)], axis=1)
    known = lengths[np.isfinite(lengths)]
    return float(np.median(known)) if len(known) else np.nan


def _where_rays_meet(rays: Floats, others: Floats, second: SecondView) -> Floats:
    """Return the middle between two rays where they are nearest, NaN where that is not near."""
    origin = -second.turn.T @ second.translation
    other = others @ second.turn
    a, b, c = (rays * rays).sum(-1), (rays * other).sum(-1), (other * other).sum(-1)
    d, e = rays @ origin, other @ origin
    with np.errstate(invalid='ignore', divide='ignore'):
        slope = a * c - b * b
        near, far = (rays * ((c * d - b * e) / slope)[..., None],
                     origin + other * ((b * d - a * e) / slope)[..., None])
        good = (np.linalg.norm(near - far, axis=-1) < APART) & (near[..., 2] > 0)
    return np.where(good[..., None], (near + far) / 2, np.nan)


def _on_plane(rays: Floats, plane: Plane) -> Floats:
    with np.errstate(invalid='ignore', divide='ignore'):
        ahead = plane.distance / (rays @ np.asarray(plane.normal) / np.linalg.norm(plane.normal))
    return np.where((np.isfinite(ahead) & (ahead > 0))[:, None], rays * ahead[:, None], np.nan)
