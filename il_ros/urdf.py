"""A URDF, read and checked before Pinocchio sees it: errors are one line and name what is wrong.

Pinocchio's parser writes several lines of its own to the terminal. What it is given is written
anew by `robot_model`, from what was understood here.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from il_ros.config import nearest
from il_ros.errors import ConfigError
from il_ros.urdf_text import UrdfSource

MOVING = ('revolute', 'continuous', 'prismatic')
TYPES = (*MOVING, 'fixed')
AXIS = (1.0, 0.0, 0.0)  # where none is given, as the format says
MAX_BYTES = 16_000_000
RESERVED = 'universe'   # Pinocchio's name of what does not move

Numbers = tuple[float, ...]


class Mimic(NamedTuple):
    """The joint that another one follows: multiplier * its position + offset."""

    joint: str
    multiplier: float
    offset: float


@dataclass(frozen=True)
class UrdfJoint:
    """One joint.

    Attributes:
        kind: One of `TYPES`.
        limits: Lower and upper [rad] or [m]; infinite for a continuous joint.
        mimic: What it follows; None where it moves by itself.
        velocity: Its highest speed as written, which nothing here relies on; '' where none is.
    """

    name: str
    kind: str
    parent: str
    child: str
    xyz: Numbers
    rpy: Numbers
    axis: Numbers
    limits: tuple[float, float]
    mimic: Mimic | None
    velocity: str = ''


@dataclass(frozen=True)
class Urdf:
    """A robot description that was understood.

    Attributes:
        path: Its file, or text.
        links: Every link with the elements of its collision geometry.
        joints: Every joint by name, fixed ones too.
    """

    path: UrdfSource
    links: Mapping[str, tuple[Element, ...]]
    joints: Mapping[str, UrdfJoint]

    @property
    def root(self) -> str:
        """The link that is no child."""
        children = {joint.child for joint in self.joints.values()}
        return next(link for link in self.links if link not in children)

    @property
    def moving(self) -> list[str]:
        """The names of the joints that move."""
        return [joint.name for joint in self.joints.values() if joint.kind in MOVING]


def read_urdf(path: UrdfSource) -> Urdf:
    """Return the robot of a URDF, a file or a text.

    Raises:
        ConfigError: It is none, or holds a joint that one number does not describe.
    """
    where = f'{path}: not a URDF that can be read'
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise ConfigError(f'{where}: {len(data)} bytes, expected at most {MAX_BYTES}')
        root = ElementTree.fromstring(data)
    except OSError as error:
        raise ConfigError(f'{where}: {error.strerror}') from None
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise ConfigError(f'{where}: no XML: {error}') from None
    if any(map(_is_xacro, root.iter())):
        raise ConfigError(f'{where}: it holds xacro macros; run xacro on it and name the result')
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition('}')[2]  # of a default namespace
    if root.tag != 'robot':
        raise ConfigError(f'{where}: expected <robot>, got <{root.tag}>')
    links = {_name(link, where): tuple(link.findall('collision'))
             for link in _unique(root, 'link', where)}
    joints = [_joint(joint, f'{path}: joint {_name(joint, where)!r}')
              for joint in _unique(root, 'joint', where)]
    urdf = Urdf(path, links, {joint.name: joint for joint in joints})
    _check_tree(urdf, where)
    for joint in joints:
        _check_mimic(joint, urdf)
    return urdf


def _is_xacro(element: Element) -> bool:
    return (isinstance(element.tag, str) and 'xacro' in element.tag) or any(
        mark in value for value in element.attrib.values() for mark in ('${', '$('))


def _joint(element: Element, where: str) -> UrdfJoint:
    kind = element.get('type', '')
    if kind not in TYPES:
        raise ConfigError(f'{where} is of type {kind!r}, which one number does not describe; '
                          f'expected {", ".join(TYPES)}')
    given = element.find('axis')
    axis = AXIS if given is None else numbers(given, 'xyz', 3, f'{where}: axis')
    if kind in MOVING and not any(axis):
        raise ConfigError(f'{where}: axis: expected a direction, got 0 0 0')
    limits, limit = (-math.inf, math.inf), element.find('limit')
    if kind in ('revolute', 'prismatic'):
        if limit is None:
            raise ConfigError(f'{where}: {kind} but without <limit>; give it one'
                              + (', or the type continuous' if kind == 'revolute' else ''))
        lower, upper = (numbers(limit, key, 1, f'{where}: limit', (0.0,))[0]
                        for key in ('lower', 'upper'))
        if lower > upper:
            raise ConfigError(f'{where}: limit: expected lower below upper, got {lower:g} and '
                              f'{upper:g}')
        limits = (lower, upper)
    follows, mimic = element.find('mimic'), None
    if follows is not None and kind in MOVING:
        at = f'{where}: mimic'
        mimic = Mimic(follows.get('joint', ''), *numbers(follows, 'multiplier', 1, at, (1.0,)),
                      *numbers(follows, 'offset', 1, at, (0.0,)))
    xyz, rpy = origin(element, where)
    return UrdfJoint(element.get('name', ''), kind, _end(element, 'parent', where),
                     _end(element, 'child', where), xyz, rpy, axis, limits, mimic,
                     '' if limit is None else limit.get('velocity', ''))


def _end(element: Element, end: str, where: str) -> str:
    found = element.find(end)
    if found is None or not (link := found.get('link')):
        raise ConfigError(f'{where}: expected <{end} link="...">, got none')
    return link


def _check_tree(urdf: Urdf, where: str) -> None:
    children = Counter(joint.child for joint in urdf.joints.values())
    for joint in urdf.joints.values():
        for end in (joint.parent, joint.child):
            if end not in urdf.links:
                raise ConfigError(f'{urdf.path}: joint {joint.name!r}: no link {end!r}; '
                                  f'{nearest(end, list(urdf.links))}')
        if children[joint.child] > 1:
            raise ConfigError(f'{where}: link {joint.child!r} is the child of '
                              f'{children[joint.child]} joints')
    roots = [link for link in urdf.links if link not in children]
    if len(roots) != 1:
        raise ConfigError(f'{where}: expected one link that is no child, got '
                          f'{", ".join(roots) or "none"}')
    reached, before = {roots[0]}, 0
    while before < len(reached):
        before = len(reached)
        reached |= {j.child for j in urdf.joints.values() if j.parent in reached}
    if loose := [link for link in urdf.links if link not in reached]:
        raise ConfigError(f'{where}: link {loose[0]!r} hangs in a loop of joints')


def _check_mimic(joint: UrdfJoint, urdf: Urdf) -> None:
    seen = [joint.name]
    while joint.mimic is not None:
        name = joint.mimic.joint
        if name not in urdf.moving:
            fixed = ', which is fixed' if name in urdf.joints else (
                f', which is not there; {nearest(name, urdf.moving)}')
            raise ConfigError(f'{urdf.path}: joint {joint.name!r} mimics {name!r}{fixed}')
        if name in seen:
            raise ConfigError(f'{urdf.path}: joint {name!r} mimics itself: '
                              f'{" -> ".join([*seen, name])}')
        seen.append(name)
        joint = urdf.joints[name]


def _unique(root: Element, tag: str, where: str) -> list[Element]:
    found = root.findall(tag)
    names = Counter(_name(element, where) for element in found)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ConfigError(f'{where}: {tag} {twice[0]!r} stands twice')
    if tag == 'link' and not found:
        raise ConfigError(f'{where}: it has no links')
    return found


def _name(element: Element, where: str) -> str:
    name = element.get('name', '')
    if not name or name == RESERVED:
        raise ConfigError(f'{where}: <{element.tag}>: expected a name, got {name!r}')
    return name


def origin(element: Element, where: str) -> tuple[Numbers, Numbers]:
    """Return xyz [m] and rpy [rad] of an element's origin.

    Raises:
        ConfigError: They are no numbers.
    """
    given = element.find('origin')
    if given is None:
        given = Element('origin')
    zeros = (0.0, 0.0, 0.0)
    return (numbers(given, 'xyz', 3, f'{where}: origin', zeros),
            numbers(given, 'rpy', 3, f'{where}: origin', zeros))


def numbers(element: Element, key: str, count: int, where: str,
            default: Numbers | None = None) -> Numbers:
    """Return the finite numbers of an attribute.

    Raises:
        ConfigError: There are not `count` of them.
    """
    text = element.get(key)
    if text is None and default is not None:
        return default
    try:
        found = tuple(float(part) for part in (text or '').split())
    except ValueError:
        found = ()
    if len(found) != count or not all(map(math.isfinite, found)):
        raise ConfigError(f'{where}: {key}: expected {count} '
                          f'number{"s" if count > 1 else ""}, got {text!r}')
    return found
