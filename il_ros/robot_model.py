"""A robot in Pinocchio whose joints are our numbers: the only place that knows Pinocchio's q.

Pinocchio has cosine and sine for a continuous joint where we have one angle. Mimicking joints are
no joints of their own for us; here each follows its leader, so that any may follow any.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
import os
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from il_ros.config import nearest
from il_ros.errors import ConfigError
from il_ros.types import Floats
from il_ros.urdf import MOVING, Numbers, numbers, origin, Urdf, UrdfJoint
from il_ros.urdf_text import UrdfSource
import numpy as np
import pinocchio as pin

LFS = b'version https://git-lfs'
SHAPES = {'box': (('size', 3),), 'sphere': (('radius', 1),),
          'cylinder': (('radius', 1), ('length', 1)), 'mesh': ()}


class _Follows(NamedTuple):
    """What moves a joint: multiplier * ours[column] + offset; column -1 for nothing."""

    column: int
    multiplier: float
    offset: float


class RobotModel:
    """Joint vectors of ours to Pinocchio's, and its derivatives back.

    Attributes:
        model: Of Pinocchio.
        lower: Lowest positions of our joints, -inf for a continuous one [rad] or [m]. Shape (A,).
        upper: Highest positions. Shape (A,).

    Args:
        urdf: The robot.
        names: Our joints, in order. All others stay at zero, unless they mimic. Where ours is a
            joint that mimics, and its leader is none of ours, the leader goes along.
        lock: Leave joints out that never move.

    Raises:
        ConfigError: The URDF has no such joint, or it cannot move.
    """

    def __init__(self, urdf: Urdf, names: Sequence[str], *, lock: bool) -> None:
        for name in names:
            _require_moving(urdf, name)
        limits = [urdf.joints[name].limits for name in names]
        self.lower: Floats = np.array([lower for lower, _ in limits])
        self.upper: Floats = np.array([upper for _, upper in limits])
        follows = _followed(urdf, names)
        self.model = _built(urdf)
        self._take(follows)
        if lock:
            fixed = [self.model.getJointId(name) for name in self.model.names[1:]
                     if follows[name].column < 0]
            self.model = pin.buildReducedModel(self.model, fixed, self.q(np.zeros(len(names))))
            self._take(follows)
        self._matrix = np.zeros((self.model.nv, len(names)))
        moved = self._column >= 0
        self._matrix[self._v[moved], self._column[moved]] = self._multiplier[moved]
        order = np.argsort(self._column[moved])
        # Each of ours moves one joint as it is: the usual case, and a copy in place of a product.
        self._plain = self._v[order] if (np.array_equal(
            self._column[order], np.arange(len(names))) and moved.all()
            and (self._multiplier == 1.0).all()) else None

    def _take(self, follows: dict[str, _Follows]) -> None:
        joints = [self.model.joints[i] for i in range(1, self.model.njoints)]
        self._q = np.array([joint.idx_q for joint in joints], int)
        self._v = np.array([joint.idx_v for joint in joints], int)
        self._turning = np.array([joint.nq == 2 for joint in joints], bool)
        ours = [follows[name] for name in self.model.names[1:]]
        self._column = np.array([each.column for each in ours], int)
        self._multiplier = np.array([each.multiplier for each in ours])
        self._offset = np.array([each.offset for each in ours])

    def q(self, ours: Floats) -> Floats:
        """Return Pinocchio's configuration of our joint vector [rad] or [m], shape (A,)."""
        values = np.append(ours, 0.0)[self._column] * self._multiplier + self._offset
        found = np.empty(self.model.nq)
        found[self._q] = np.where(self._turning, np.cos(values), values)
        found[self._q[self._turning] + 1] = np.sin(values[self._turning])
        return found

    def jacobian(self, theirs: Floats) -> Floats:
        """Return a Jacobian in our joints, (6, A), of one in Pinocchio's, (6, nv)."""
        found: Floats = (theirs @ self._matrix if self._plain is None
                         else theirs[:, self._plain])
        return found


def geometry_of(urdf: Urdf, model: pin.Model) -> pin.GeometryModel:
    """Return the collision geometry of a robot.

    Raises:
        ConfigError: A shape is unknown or misses a size, or a mesh is absent or damaged.
    """
    text = _text(urdf, {link: list(_shapes(urdf, link)) for link in urdf.links})
    try:
        return pin.buildGeomFromUrdfString(model, text, pin.COLLISION)
    except Exception as error:  # whatever the mesh reader throws
        names = [mesh.get('filename', '') for mesh in ElementTree.fromstring(text).iter('mesh')]
        files = [Path(name.removeprefix('file://')) for name in names]
        if spoilt := next((file for file in files if str(file) in str(error)), None):
            raise ConfigError(f'{urdf.path}: mesh {spoilt}: {_spoilt(spoilt)}') from None
        raise ConfigError(f'{urdf.path}: collision geometry cannot be read: '
                          f'{_one_line(error)}') from None


def _built(urdf: Urdf) -> pin.Model:
    try:
        model = pin.buildModelFromXML(_text(urdf, {}))
    except Exception as error:  # of C++; nothing is known to come here
        raise ConfigError(f'{urdf.path}: not a URDF that can be read: '
                          f'{_one_line(error)}') from None
    for joint, name in zip(model.joints[1:], model.names[1:], strict=True):
        if joint.nv != 1 or joint.nq not in (1, 2):
            raise ConfigError(f'{urdf.path}: joint {name!r}: expected one that one number '
                              f'describes, got {joint.shortname()}')
    return model


def _require_moving(urdf: Urdf, name: str) -> None:
    if name not in urdf.joints:
        raise ConfigError(f'{urdf.path}: no joint {name!r}; {nearest(name, urdf.moving)}')
    joint = urdf.joints[name]
    if joint.kind not in MOVING:
        raise ConfigError(f'{urdf.path}: joint {name!r} is {joint.kind}: nothing can move it; '
                          f'those that move: {", ".join(urdf.moving)}')
    if joint.limits[0] == joint.limits[1]:
        raise ConfigError(f'{urdf.path}: joint {name!r}: limits {list(joint.limits)} leave it no '
                          'way; correct <limit> lower and upper')


def _followed(urdf: Urdf, names: Sequence[str]) -> dict[str, _Follows]:
    """Return what moves each joint. Ours move themselves, even where they mimic."""
    leaders = {name: _Follows(column, 1.0, 0.0) for column, name in enumerate(names)}
    for name in names:  # its leader goes along, unless something of ours moves that already
        joint, (column, multiplier, offset) = urdf.joints[name], leaders[name]
        while joint.mimic and joint.mimic.multiplier and joint.mimic.joint not in leaders:
            multiplier, offset = (multiplier / joint.mimic.multiplier,
                                  (offset - joint.mimic.offset) / joint.mimic.multiplier)
            joint = urdf.joints[joint.mimic.joint]
            leaders[joint.name] = _Follows(column, multiplier, offset)

    def of(name: str) -> _Follows:
        if name in leaders:
            return leaders[name]
        mimic = urdf.joints[name].mimic
        if mimic is None:
            return _Follows(-1, 0.0, 0.0)
        column, multiplier, offset = of(mimic.joint)
        return _Follows(column, mimic.multiplier * multiplier,
                        mimic.multiplier * offset + mimic.offset)
    return {name: of(name) for name in urdf.moving}


def _text(urdf: Urdf, shapes: dict[str, list[Element]]) -> str:
    root = Element('robot', name='robot')
    for name in urdf.links:
        ElementTree.SubElement(root, 'link', name=name).extend(shapes.get(name, []))
    root.extend(_written(joint) for joint in urdf.joints.values())
    return ElementTree.tostring(root, encoding='unicode')


def _written(joint: UrdfJoint) -> Element:
    element = Element('joint', name=joint.name, type=joint.kind)
    ElementTree.SubElement(element, 'parent', link=joint.parent)
    ElementTree.SubElement(element, 'child', link=joint.child)
    _place(element, joint.xyz, joint.rpy)
    ElementTree.SubElement(element, 'axis', xyz=_joined(joint.axis))
    if joint.kind in ('revolute', 'prismatic'):
        lower, upper = joint.limits
        ElementTree.SubElement(element, 'limit', lower=repr(lower), upper=repr(upper), effort='0',
                               velocity='0')
    return element


def _shapes(urdf: Urdf, link: str) -> Iterator[Element]:
    for given in urdf.links[link]:
        where = f'{urdf.path}: link {link!r}: <collision>'
        found = [shape for shape in given.findall('geometry/*') if isinstance(shape.tag, str)]
        if len(found) != 1 or found[0].tag not in SHAPES:
            raise ConfigError(f'{where}: expected one of {", ".join(SHAPES)}, got '
                              f'{" and ".join(shape.tag for shape in found) or "none"}')
        shape, kind = found[0], found[0].tag
        sizes = {key: numbers(shape, key, count, where) for key, count in SHAPES[kind]}
        for key, size in sizes.items():
            if min(size) <= 0:
                raise ConfigError(f'{where}: {key}: expected more than 0, got {shape.get(key)!r}')
        written = Element('collision')
        _place(written, *origin(given, where))
        made = ElementTree.SubElement(ElementTree.SubElement(written, 'geometry'), kind,
                                      {key: _joined(size) for key, size in sizes.items()})
        if kind == 'mesh':
            made.set('filename', f'file://{_mesh(urdf.path, shape.get("filename", ""))}')
            made.set('scale', _joined(numbers(shape, 'scale', 3, where, (1.0, 1.0, 1.0))))
        yield written


def _mesh(urdf: UrdfSource, name: str) -> Path:
    places = [here := urdf.parent.resolve()]
    if name.startswith('package://'):
        places += [Path(p, 'share') for p in os.environ.get('AMENT_PREFIX_PATH', '').split(':')
                   if p]
        package = name.removeprefix('package://').partition('/')[0]
        places += [folder.parent for folder in (here, *here.parents) if folder.name == package]
    relative = name.removeprefix('package://').removeprefix('file://')
    for place in places:
        if relative and (found := place / relative).is_file():
            return found
    raise ConfigError(f'{urdf}: mesh {name!r}: not found in {", ".join(map(str, places))}')


def _spoilt(mesh: Path) -> str:
    if mesh.read_bytes()[:len(LFS)] == LFS:
        return 'a pointer of Git LFS in place of the mesh; git lfs pull fetches it'
    return (f'of {mesh.stat().st_size} bytes, cannot be read as {mesh.suffix}; restore it, or '
            'give the link a box, sphere or cylinder')


def _place(element: Element, xyz: Numbers, rpy: Numbers) -> None:
    ElementTree.SubElement(element, 'origin', xyz=_joined(xyz), rpy=_joined(rpy))


def _joined(values: Numbers) -> str:
    return ' '.join(map(repr, values))


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split())[:200]
