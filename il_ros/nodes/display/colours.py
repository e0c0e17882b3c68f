"""Colours in RViz: who drives, which arm it is, how near its joints are to a limit."""
from __future__ import annotations

from il_ros.types import Mode
from std_msgs.msg import ColorRGBA

RGB = tuple[float, float, float]
COLOURS: dict[Mode, RGB] = {
    Mode.TELEOP: (0.2, 0.5, 1.0), Mode.AUTONOMOUS: (0.1, 0.7, 0.3), Mode.PAUSED: (0.6, 0.6, 0.6),
    Mode.ALIGNING: (0.6, 0.4, 0.9), Mode.CORRECTING: (1.0, 0.6, 0.0), Mode.HOLD: (0.9, 0.1, 0.1)}
# Of name and workspace of each arm, so that two are told apart; path and trail tell who drives.
ARMS: tuple[RGB, ...] = (
    (0.8, 0.8, 0.9), (0.95, 0.75, 0.35), (0.45, 0.8, 0.95), (0.85, 0.6, 0.9))
NEAR = 0.9           # share of a joint's range from its middle that counts as near a limit


def colour(rgb: RGB, alpha: float = 1.0) -> ColorRGBA:
    """Return a colour as a message."""
    return ColorRGBA(**dict(zip('rgb', rgb, strict=True)), a=alpha)


def limit_colour(nearness: float) -> ColorRGBA:
    """Return green up to `NEAR`, then over yellow to red at the limit."""
    danger = min(max((nearness - NEAR) / (1 - NEAR), 0.0), 1.0)
    return ColorRGBA(r=min(1.0, 2 * danger), g=min(1.0, 2 - 2 * danger), b=0.0, a=0.8)
