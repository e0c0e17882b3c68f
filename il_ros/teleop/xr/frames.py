"""What the page says: one JSON object per picture of the headset, believed in no field.

    {"seq": 7, "t": 1234.5, "visibility": "visible", "hands": {"right": {
        "position": [0.1, 1.2, -0.3], "quaternion": [0, 0, 0, 1], "emulated": false,
        "buttons": [trigger, squeeze, 0, stick, A or X, B or Y], "axes": [0, 0, x, y]}}}

Buttons and axes are numbered as WebXR's `xr-standard` gamepad; `t` is the page's clock [ms]. In
place of hands, `"lost"` names one of `LOST`.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
import math
from typing import Any, NoReturn

from il_ros.errors import MessageError
from il_ros.teleop.inputs import Pose
import numpy as np

MAX_BYTES = 4096
HANDS = ('left', 'right')
TRIGGER, SQUEEZE, STICK, A, B = 0, 1, 3, 4, 5   # buttons; A, B: X, Y on the left
VISIBILITY = ('visible', 'visible-blurred', 'hidden')
LOST = {'end': 'the session ended', 'reset': 'the view was reset',
        'hidden': 'the page went to the background'}
MOST = 16            # buttons, and axes
FARTHEST_M = 100.0   # from where the session began
LATEST_MS = 1e13     # of a page's clock, and its greatest number


@dataclass(frozen=True)
class HandFrame:
    """A hand or controller in one picture.

    Attributes:
        pose: In the frame of WebXR: x right, y up, -z ahead; None: the headset does not know.
        emulated: The position is a guess of the headset.
        buttons: How far each is pressed, 0 to 1.
        axes: Of sticks, -1 to 1.
    """

    pose: Pose | None = None
    emulated: bool = False
    buttons: tuple[float, ...] = ()
    axes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Frame:
    """One picture.

    Attributes:
        seq: Rises by one or more from message to message.
        t_ns: When it was, by the page's clock [ns].
        lost: Why no hand counts, '' where they may.
        hands: By their names in `HANDS`; without those that the headset does not show.
    """

    seq: int
    t_ns: int
    lost: str = ''
    hands: Mapping[str, HandFrame] = field(default_factory=dict)


def parse(text: str | bytes) -> Frame:
    """Return the picture that a message tells of.

    Raises:
        MessageError: It tells of none.
    """
    if isinstance(text, bytes):
        raise MessageError('expected text, got bytes')
    if len(text) > MAX_BYTES:
        raise MessageError(f'{len(text)} characters, expected at most {MAX_BYTES}')
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise MessageError('not JSON') from None
    if not isinstance(found, dict):
        raise MessageError('expected an object')
    seq = found.get('seq')
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq <= LATEST_MS:
        raise MessageError('seq: expected a number from 0')
    t_ns = round(_number('t', found.get('t'), 0.0, LATEST_MS) * 1e6)
    if 'lost' in found:
        return Frame(seq, t_ns, LOST[_one_of('lost', found['lost'], LOST)])
    if _one_of('visibility', found.get('visibility'), VISIBILITY) != 'visible':
        return Frame(seq, t_ns, 'the headset shows something else, or was taken off')
    hands = found.get('hands')
    if not isinstance(hands, dict) or not hands.keys() <= set(HANDS):
        raise MessageError(f'hands: expected {" and ".join(HANDS)}')
    return Frame(seq, t_ns, '', {name: _hand(name, hand) for name, hand in hands.items()})


def _hand(name: str, found: Any) -> HandFrame:
    if not isinstance(found, dict) or not isinstance(found.get('emulated', False), bool):
        raise MessageError(f'{name}: expected position, quaternion, emulated, buttons, axes')
    pose = None
    if found.get('position') is not None:
        pose = Pose(np.array(_numbers(f'{name} position', found['position'], FARTHEST_M, 3)),
                    np.array(_numbers(f'{name} quaternion', found.get('quaternion'), 10.0, 4)))
    return HandFrame(pose, found.get('emulated', False),
                     tuple(_numbers(f'{name} buttons', found.get('buttons', []), 1.0)),
                     tuple(_numbers(f'{name} axes', found.get('axes', []), 1.0)))


def _numbers(name: str, found: Any, most: float, count: int = 0) -> list[float]:
    """Return a list of numbers; null, as a pad's missing axis arrives, is 0."""
    if not isinstance(found, list) or len(found) > MOST or (count and len(found) != count):
        raise MessageError(f'{name}: expected {count or f"at most {MOST}"} numbers')
    return [_number(name, 0 if value is None and not count else value, -most, most)
            for value in found]


def _number(name: str, found: Any, lowest: float, highest: float) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not (
            math.isfinite(found) if isinstance(found, float) else True) or not (
            lowest <= found <= highest):
        raise MessageError(f'{name}: expected {lowest:g} to {highest:g}')
    return float(found)


def _one_of(name: str, found: Any, known: Any) -> str:
    if not isinstance(found, str) or found not in known:
        raise MessageError(f'{name}: expected one of {", ".join(known)}')
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
