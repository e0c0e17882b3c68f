"""What the monitor shows in RViz, per arm: predicted path, way gone, mode, limits, workspace."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from textwrap import fill

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Vector3
from il_ros.scene import Box
from il_ros.types import Floats, Mode
import numpy as np
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

COLOURS = {Mode.TELEOP: (0.2, 0.5, 1.0), Mode.AUTONOMOUS: (0.1, 0.7, 0.3),
           Mode.PAUSED: (0.6, 0.6, 0.6), Mode.ALIGNING: (0.6, 0.4, 0.9),
           Mode.CORRECTING: (1.0, 0.6, 0.0), Mode.HOLD: (0.9, 0.1, 0.1)}
# Of name and workspace of each arm, so that two are told apart; path and trail tell who drives.
ARMS = ((0.8, 0.8, 0.9), (0.95, 0.75, 0.35), (0.45, 0.8, 0.95), (0.85, 0.6, 0.9))
WIDEST = 32          # letters of a line of text: more would run out of the picture
NEAR = 0.9           # share of a joint's range from its middle that counts as near a limit
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
            shown.append(_name(header, arm, ARMS[number % len(ARMS)]))
        if arm.workspace:
            shown.append(_workspace(header, arm.name, arm.workspace, ARMS[number % len(ARMS)]))
        shown.append(_trail(header, arm))
    return MarkerArray(markers=shown)


def _arm(header: Header, rgb: tuple[float, float, float], arm: ArmView) -> list[Marker]:
    colour = _colour(rgb)
    line = _marker(header, arm.name, 'path', Marker.LINE_STRIP, colour)
    line.scale.x = LINE_WIDTH
    line.points = [_point(position) for position in arm.path]
    if len(line.points) < 2:
        line.action = Marker.DELETE
    label = _marker(header, arm.name, 'mode', Marker.TEXT_VIEW_FACING, colour)
    label.text, label.scale.z = _lines(arm.text), TEXT_HEIGHT
    label.pose.position = _point(arm.tool, TEXT_ABOVE)
    ball = _marker(header, arm.name, 'limits', Marker.SPHERE, _limit_colour(arm.nearness))
    ball.scale = Vector3(x=SPHERE, y=SPHERE, z=SPHERE)
    ball.pose.position = _point(arm.tool)
    return [line, label, ball]


def _name(header: Header, arm: ArmView, rgb: tuple[float, float, float]) -> Marker:
    label = _marker(header, arm.name, 'name', Marker.TEXT_VIEW_FACING, _colour(rgb))
    label.text, label.scale.z = _lines(arm.name), TEXT_HEIGHT
    label.pose.position = _point(arm.tool, NAME_ABOVE)
    return label


def _help(header: Header, tool: Floats, text: str) -> Marker:
    call = _marker(header, '', 'help', Marker.TEXT_VIEW_FACING, _colour((0.9, 0.1, 0.1)))
    call.text, call.scale.z = _lines(text), 2 * TEXT_HEIGHT
    call.pose.position = _point(tool, HELP_ABOVE)
    if not text:
        call.action = Marker.DELETE
    return call


def _workspace(header: Header, name: str, box: Box, rgb: tuple[float, float, float]) -> Marker:
    lines = _marker(header, name, 'workspace', Marker.LINE_LIST, _colour(rgb, 0.5))
    lines.scale.x = BOX_WIDTH
    corners = np.where(CORNERS == 1, box.upper, box.lower)
    lines.points = [_point(corners[end]) for edge in EDGES for end in edge]
    return lines


def _trail(header: Header, arm: ArmView) -> Marker:
    """Return the way that the tool went, in the colours of who drove."""
    line = _marker(header, arm.name, 'trail', Marker.LINE_STRIP, _colour((1.0, 1.0, 1.0)))
    line.scale.x = LINE_WIDTH
    line.points = [_point(position) for position, _ in arm.trail]
    line.colors = [_colour(COLOURS[mode]) for _, mode in arm.trail]
    if len(line.points) < 2:
        line.action = Marker.DELETE
    return line


def _lines(text: str) -> str:
    """Return a text in lines that a picture can hold; RViz breaks none."""
    return '\n'.join(fill(line, WIDEST) for line in text.split('\n'))


def _point(position: Floats, above: float = 0.0) -> Point:
    x, y, z = (float(value) for value in position)
    return Point(x=x, y=y, z=z + above)


def _colour(rgb: tuple[float, float, float], alpha: float = 1.0) -> ColorRGBA:
    return ColorRGBA(**dict(zip('rgb', rgb, strict=True)), a=alpha)


def _marker(header: Header, arm: str, what: str, kind: int, colour: ColorRGBA) -> Marker:
    marker = Marker(header=header, ns=f'{arm}/{what}' if arm else what, type=kind,
                    action=Marker.ADD, color=colour, lifetime=LIFETIME)
    marker.pose.orientation.w = 1.0
    return marker


def _limit_colour(nearness: float) -> ColorRGBA:
    """Return green up to `NEAR`, then over yellow to red at the limit."""
    danger = min(max((nearness - NEAR) / (1 - NEAR), 0.0), 1.0)
    return ColorRGBA(r=min(1.0, 2 * danger), g=min(1.0, 2 - 2 * danger), b=0.0, a=0.8)
