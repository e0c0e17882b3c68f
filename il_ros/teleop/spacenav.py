"""A SpaceMouse as spacenav_node tells it: spacenav/joy, or spacenav/twist without its buttons."""
from __future__ import annotations

from il_ros.teleop.device import DeviceContext
from il_ros.teleop.inputs import Guard, Input, Pad, Twist
from il_ros.types import Floats
import numpy as np

STOP = 350 / 512      # what the node says at the stop, its full_scale as it is
HIGHEST = 1.5


class Spacenav:
    """The knob behind spacenav_node; see `spacemouse.Source`.

    The node repeats itself a thousand times a second once it was touched, also where no mouse is
    any more, and zeros then: they move nothing, and are no sign of life.
    """

    def __init__(self, kind: str, topic: str) -> None:
        """Take a kind of `KINDS`, joy or twist, and the topic."""
        self.wants: tuple[Input, ...] = (Input('knob', kind, topic),)
        self.notice, self.buttons = '', frozenset[int]() if kind == 'joy' else None
        self._guard, self._topic = Guard('spacemouse'), topic

    def read(self, context: DeviceContext) -> Floats | None:
        """Return the deflection, None while none is heard; see `Source`."""
        heard = context.heard.get('knob')
        said = self._guard.take(heard, context.now_ns)
        self.notice = self._guard.notice
        if isinstance(said, Pad):
            axes = np.array(said.axes)
            self.buttons = frozenset(n for n, on in enumerate(said.buttons) if on)
        elif isinstance(said, Twist):
            axes = said.velocity
        else:
            self.notice = self.notice or (
                f'spacemouse: {self._topic} is silent: is spacenav_node running, and was the knob '
                'touched?')
            return None
        if axes.shape != (6,) or not (np.abs(axes) <= HIGHEST).all():
            self.notice = (f'spacemouse: {self._topic}: expected 6 deflections of -1 to 1, got '
                           f'{", ".join(f"{axis:.3g}" for axis in axes) or "none"}')
            return None
        told: Floats = np.clip(axes / STOP, -1.0, 1.0)
        return told

    def close(self) -> None:
        """Nothing to give back."""
