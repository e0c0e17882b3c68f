"""What the monitor shows in RViz, per arm: predicted path, way gone, mode, limits, workspace."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from textwrap import fill

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Vector3
from il_ros.nodes.display.colours import ARMS, colour, COLOURS, limit_colour, RGB
from il_ros.scene import Box
from il_ros.types import Floats, Mode
import numpy as np
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

WIDEST = 32          # letters of a line of text: more would run out of the picture
LIFETIME = Duration(nanosec=500_000_000)
NAME_ABOVE = 0.06    # [m]
TEXT_ABOVE = 0.15    # [m]
HELP_ABOVE = 0.3     # [m]
TEXT_HEIGHT = 0.03   # [m]
LINE_WIDTH = 0.005   # [m]
BOX_WIDTH = 0.003    # [m]
SPHERE = 0.03        # [m]
CORNERS = np.array(list(product((0, 1), repeat=3)))
EDGES = [(a, b) for a, b in product(range(8), repeat=2)
         if a < b and np.abs(CORNERS[a] - CORNERS[b]).sum() == 1]


@dataclass(frozen=True)
class ArmView:
    """What is shown of one arm.

    Attributes:
        name: '' where there is only one; else the markers' namespaces begin with it.
        tool: Position of the tool [m]. Shape (3,).
        text: Shown above the tool.
        nearness: 0 far from every joint limit, 1 at one; colours the tool.
        path: Predicted positions of the tool [m]. Each (3,).
        trail: Where the tool was [m], and who drove then, oldest first.
        workspace: Where the gate lets the tool go.
    """

    name: str
    tool: Floats
    text: str = ''
    nearness: float = 0.0
    path: Sequence[Floats] = ()
    trail: Sequence[tuple[Floats, Mode]] = ()
    workspace: Box | None = None


def markers(header: Header, mode: Mode, arms: Iterable[ArmView],
            help_wanted: str = '') -> MarkerArray:
    """Return the markers of one moment; they fade when no newer ones come.

    Args:
        header: Stamp, and the frame of all positions.
        mode: Gives the colour of path and text.
        arms: What each shows.
        help_wanted: Who asks for a person, and why; '' for nobody. Shown large and red above the
            first arm.
    """
    shown: list[Marker] = []
    for number, arm in enumerate(arms):
        shown += _arm(header, COLOURS[mode], arm)
        if number == 0:
            shown.append(_help(header, arm.tool, help_wanted))
        if arm.name:
            shown.append(_text(header, arm.name, 'name', colour(ARMS[number % len(ARMS)]),
                               arm.name, _point(arm.tool, NAME_ABOVE)))
        if arm.workspace:
            shown.append(_workspace(header, arm.name, arm.workspace, ARMS[number % len(ARMS)]))
        shown.append(_trail(header, arm))
    return MarkerArray(markers=shown)


def _arm(header: Header, rgb: RGB, arm: ArmView) -> list[Marker]:
    by = colour(rgb)
    line = _line(header, arm.name, 'path', by, arm.path)
    label = _text(header, arm.name, 'mode', by, arm.text, _point(arm.tool, TEXT_ABOVE))
    ball = _marker(header, arm.name, 'limits', Marker.SPHERE, limit_colour(arm.nearness))
    ball.scale = Vector3(x=SPHERE, y=SPHERE, z=SPHERE)
    ball.pose.position = _point(arm.tool)
    return [line, label, ball]


def _text(header: Header, arm: str, what: str, rgba: ColorRGBA, text: str, at: Point) -> Marker:
    label = _marker(header, arm, what, Marker.TEXT_VIEW_FACING, rgba)
    label.text, label.scale.z, label.pose.position = _lines(text), TEXT_HEIGHT, at
    return label


def _help(header: Header, tool: Floats, text: str) -> Marker:
    call = _text(header, '', 'help', colour((0.9, 0.1, 0.1)), text, _point(tool, HELP_ABOVE))
    call.scale.z *= 2
    if not text:
        call.action = Marker.DELETE
    return call


def _workspace(header: Header, name: str, box: Box, rgb: RGB) -> Marker:
    lines = _marker(header, name, 'workspace', Marker.LINE_LIST, colour(rgb, 0.5))
    lines.scale.x = BOX_WIDTH
    corners = np.where(CORNERS == 1, box.upper, box.lower)
    lines.points = [_point(corners[end]) for edge in EDGES for end in edge]
    return lines


def _trail(header: Header, arm: ArmView) -> Marker:
    """Return the way that the tool went, in the colours of who drove."""
    line = _line(header, arm.name, 'trail', colour((1.0, 1.0, 1.0)), [at for at, _ in arm.trail])
    line.colors = [colour(COLOURS[mode]) for _, mode in arm.trail]
    return line


def _line(header: Header, arm: str, what: str, rgba: ColorRGBA, way: Sequence[Floats]) -> Marker:
    line = _marker(header, arm, what, Marker.LINE_STRIP, rgba)
    line.scale.x, line.points = LINE_WIDTH, [_point(position) for position in way]
    if len(way) < 2:
        line.action = Marker.DELETE
    return line


def _lines(text: str) -> str:
    """Return a text in lines that a picture can hold; RViz breaks none."""
    return '\n'.join(fill(line, WIDEST) for line in text.split('\n'))


def _point(position: Floats, above: float = 0.0) -> Point:
    x, y, z = (float(value) for value in position)
    return Point(x=x, y=y, z=z + above)


def _marker(header: Header, arm: str, what: str, kind: int, rgba: ColorRGBA) -> Marker:
    marker = Marker(header=header, ns=f'{arm}/{what}' if arm else what, type=kind,
                    action=Marker.ADD, color=rgba, lifetime=LIFETIME)
    marker.pose.orientation.w = 1.0
    return marker
