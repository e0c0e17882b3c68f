"""What the monitor shows in RViz: predicted path, mode, nearness to limits."""
from __future__ import annotations

from collections.abc import Iterable

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Vector3
from il_ros.types import Floats, Mode
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

COLOURS = {Mode.TELEOP: (0.2, 0.5, 1.0), Mode.AUTONOMOUS: (0.1, 0.7, 0.3),
           Mode.PAUSED: (0.6, 0.6, 0.6), Mode.ALIGNING: (0.6, 0.4, 0.9),
           Mode.CORRECTING: (1.0, 0.6, 0.0), Mode.HOLD: (0.9, 0.1, 0.1)}
NEAR = 0.9           # share of a joint's range from its middle that counts as near a limit
LIFETIME = Duration(nanosec=500_000_000)
TEXT_ABOVE = 0.15    # [m]
HELP_ABOVE = 0.3     # [m]
TEXT_HEIGHT = 0.03   # [m]
LINE_WIDTH = 0.005   # [m]
SPHERE = 0.03        # [m]


def markers(header: Header, mode: Mode, text: str, tool: Floats, path: Iterable[Floats],
            nearness: float, help_wanted: str = '') -> MarkerArray:
    """Return the markers of one moment; they fade when no newer ones come.

    Args:
        header: Stamp, and the frame of all positions.
        mode: Gives the colour of path and text.
        text: Shown above the tool.
        tool: Position of the tool [m]. Shape (3,).
        path: Predicted positions of the tool [m]. Each (3,).
        nearness: 0 far from every joint limit, 1 at one; colours the tool.
        help_wanted: Who asks for a person, and why; '' for nobody. Shown large and red.
    """
    colour = ColorRGBA(**dict(zip('rgb', COLOURS[mode], strict=True)), a=1.0)
    line = _marker(header, 'path', Marker.LINE_STRIP, colour)
    line.scale.x = LINE_WIDTH
    line.points = [Point(x=float(x), y=float(y), z=float(z)) for x, y, z in path]
    if len(line.points) < 2:
        line.action = Marker.DELETE
    label = _marker(header, 'mode', Marker.TEXT_VIEW_FACING, colour)
    label.text, label.scale.z = text, TEXT_HEIGHT
    label.pose.position = Point(x=float(tool[0]), y=float(tool[1]), z=float(tool[2]) + TEXT_ABOVE)
    ball = _marker(header, 'limits', Marker.SPHERE, _limit_colour(nearness))
    ball.scale = Vector3(x=SPHERE, y=SPHERE, z=SPHERE)
    ball.pose.position = Point(x=float(tool[0]), y=float(tool[1]), z=float(tool[2]))
    call = _marker(header, 'help', Marker.TEXT_VIEW_FACING, ColorRGBA(r=0.9, g=0.1, b=0.1, a=1.0))
    call.text, call.scale.z = help_wanted, 2 * TEXT_HEIGHT
    call.pose.position = Point(x=float(tool[0]), y=float(tool[1]), z=float(tool[2]) + HELP_ABOVE)
    if not help_wanted:
        call.action = Marker.DELETE
    return MarkerArray(markers=[line, label, ball, call])


def _marker(header: Header, namespace: str, kind: int, colour: ColorRGBA) -> Marker:
    marker = Marker(header=header, ns=namespace, type=kind, action=Marker.ADD, color=colour,
                    lifetime=LIFETIME)
    marker.pose.orientation.w = 1.0
    return marker


def _limit_colour(nearness: float) -> ColorRGBA:
    """Return green up to `NEAR`, then over yellow to red at the limit."""
    danger = min(max((nearness - NEAR) / (1 - NEAR), 0.0), 1.0)
    return ColorRGBA(r=min(1.0, 2 * danger), g=min(1.0, 2 - 2 * danger), b=0.0, a=0.8)
