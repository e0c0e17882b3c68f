"""Synthetic hands of known motion, as a tracker and cameras would see them."""
from dataclasses import replace

from il_ros.teaching.hands.keypoints import Keypoints, PALM
from il_ros.teaching.hands.settings import HandSettings, Lens, Plane, SecondView
import numpy as np
import pinocchio as pin

LENS = Lens(600.0, 600.0, 320.0, 240.0)
TILT, ROLL, REACH = 0.6, 0.1, 0.1
PALM_M = 0.095
DOWN = pin.exp3(np.array([0.0, np.pi / 2, 0.0]))    # fingers down, as the simulated arm stands
ABOVE = 0.4     # the plane, the camera above it [m]
VIEW = SecondView(LENS, tuple(pin.exp3(np.array([0.0, 0.4, 0.0])).ravel().tolist()),
                  (-0.2, 0.02, 0.05))


def right_hand(share=1.0):
    """Return 21 points in the palm's axes; thumb and index are `share` palms apart."""
    points = np.zeros((21, 3))
    points[1:5] = [[0.02, 0.03, -0.01], [0.04, 0.05, -0.02], [0.06, 0.05, -0.03], [0, 0, 0]]
    for knuckle, at in zip((5, 9, 13, 17), ((0.09, 0.03, 0), (PALM_M, 0, 0), (0.09, -0.02, 0),
                                            (0.08, -0.04, 0)), strict=True):
        points[knuckle:knuckle + 4] = np.array(at) + np.outer(range(4), (0.025, 0, -0.01))
    points[4] = points[8] - [0, 0, share * PALM_M]
    return points


def settings(**changes):
    """Return those of the camera here."""
    return replace(HandSettings(LENS, TILT, ROLL, reach=REACH), **changes)


def plane():
    """Return the horizontal plane in which the palm moves, in the camera's axes."""
    return Plane(tuple((settings().to_world().T @ [0, 0, -1.0]).tolist()), ABOVE)


def seen(tool, palms, shares=1.0, rate_hz=30.0, left=False, views=('depths', 'pixels_2')):
    """Return what is seen of a hand.

    Args:
        tool: Where its tool point is, in level axes at the camera. Shape (N, 3).
        palms: The palm's rotation there. Shape (N, 3, 3).
        shares: Thumb to index over palm. Shape (N,) or one.
        rate_hz: Of the pictures.
        left: A left hand, in the same axes.
        views: What else than one picture there is.
    """
    count = len(tool)
    shapes = np.array([right_hand(share) for share in np.broadcast_to(shares, count)])
    if left:
        shapes[:, :, 1] *= -1
    shapes -= shapes[:, PALM].mean(axis=1, keepdims=True)
    middle = tool - REACH * palms[:, :, 0]
    to_camera = settings().to_world().T
    about = np.einsum('ij,njk,npk->npi', to_camera, palms, shapes)
    points = about + (middle @ to_camera.T)[:, None]
    other = points @ VIEW.turn.T + VIEW.translation
    more = {'depths': points[:, :, 2], 'pixels_2': pixels(other)}
    # A tracker's points begin anywhere about the hand.
    return Keypoints('hand.npz', 5.0 + np.arange(count) / rate_hz, about + [0.01, 0.02, -0.03],
                     pixels(points), np.ones(count), **{name: more[name] for name in views})


def pixels(points):
    """Return where points in a camera's axes are in its picture."""
    return points[..., :2] / points[..., 2:] * [LENS.fx, LENS.fy] + [LENS.cx, LENS.cy]


def flat_circle(count=150, radius=0.06):
    """Return a tool path and palms: the palm on the plane, turning by 0.8 rad meanwhile."""
    share = np.linspace(0, 1, count)
    calm = share - np.sin(2 * np.pi * share) / (2 * np.pi)
    middle = np.stack([0.6 + radius * np.cos(2 * np.pi * calm),
                       radius * np.sin(2 * np.pi * calm), np.full(count, -ABOVE)], axis=1)
    palms = np.array([pin.exp3(np.array([0, 0, 0.8 * np.sin(np.pi * c) ** 2])) @ DOWN
                      for c in calm])
    return middle + REACH * palms[:, :, 0], palms


def through(start, stops, rate_hz=30.0):
    """Return a tool path from a place through others, at rest at each, and thumb to index.

    Args:
        start: Shape (3,).
        stops: Of each: where, after how long [s], thumb to index over palm on the way.
    """
    tool, shares = [], []
    for place, seconds, share in stops:
        part = np.arange(round(seconds * rate_hz)) / round(seconds * rate_hz)
        calm = part - np.sin(2 * np.pi * part) / (2 * np.pi)
        tool += list(start + np.outer(calm, place - start))
        shares += [share] * len(part)
        start = place
    return np.array(tool), np.array(shares)
