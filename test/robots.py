"""Robots made at random, and where their links are after plain homogeneous transforms."""
from math import cos, sin
from pathlib import Path
from xml.etree import ElementTree

from il_ros.contract import Contract
import numpy as np

RADIUS = 0.02  # of the sphere on a random robot's last link [m]
KINDS = ('revolute', 'continuous', 'prismatic', 'fixed')


def contract(names, urdf, tip, rest='', start=None, continuous=()):
    """Return a contract of these joints; its limits bind nothing here."""
    joints = ''.join(
        f'  - {{name: {name}, velocity: 2.0, acceleration: 10.0, '
        + ('continuous: true}\n' if name in continuous else 'position: [-20.0, 20.0]}\n')
        for name in names)
    return Contract.from_text(
        f'robot: arm\ntask: pick\nrate_hz: 30.0\njoints:\n{joints}'
        f'start: {[0.0] * len(names) if start is None else start}\n'
        'state: {topic: joint_states, type: sensor_msgs/JointState, rate_hz: 100.0, '
        'max_age_s: 0.1}\n'
        'command: {topic: command, type: trajectory_msgs/JointTrajectory}\n'
        f'urdf: {urdf}\ntip: {tip}\n{rest}')


def joint(name, kind, parent, child, *, xyz=(0, 0, 0.3), rpy=(0, 0, 0), axis=(0, 0, 1),
          mimic=None, limits=(-20, 20)):
    """Return one joint as XML; `mimic` is leader, multiplier and offset."""
    def text(values):
        return ' '.join(repr(float(v)) for v in values)

    inner = f'<parent link="{parent}"/><child link="{child}"/>'
    inner += f'<origin xyz="{text(xyz)}" rpy="{text(rpy)}"/><axis xyz="{text(axis)}"/>'
    if kind != 'continuous':
        inner += f'<limit lower="{limits[0]}" upper="{limits[1]}" effort="1" velocity="1"/>'
    if mimic:
        inner += f'<mimic joint="{mimic[0]}" multiplier="{mimic[1]}" offset="{mimic[2]}"/>'
    return f'<joint name="{name}" type="{kind}">{inner}</joint>'


def ball(name, radius=RADIUS):
    """Return a link with a sphere at its origin as XML."""
    return (f'<link name="{name}"><collision><geometry><sphere radius="{radius}"/></geometry>'
            '</collision></link>')


def write(path: Path, links, joints):
    """Write a URDF and return its path."""
    links = [link if link.startswith('<') else f'<link name="{link}"/>' for link in links]
    path.write_text(f'<robot name="arm">{"".join(links)}{"".join(joints)}</robot>')
    return path


def random_robot(path: Path, random, kinds, mimics=0):
    """Write a chain of joints of these kinds, of which `mimics` follow others.

    A sphere is on the last link. Everything stands in the file in any order. Returns the path and
    the names of the joints that move by themselves.
    """
    joints, links, ours, moving = [], ['link0'], [], []
    for i, kind in enumerate(kinds):
        links.append(ball(f'link{i + 1}') if i == len(kinds) - 1 else f'link{i + 1}')
        axis = random.choice([[1, 0, 0], [0, -1, 0], [0, 0, 1], *random.normal(size=(3, 3))])
        mimic = None
        if kind != 'fixed':
            if moving and mimics:  # of any that moves, one that mimics as well included
                mimics -= 1
                mimic = (random.choice(moving), random.uniform(-2, 2), random.uniform(-1, 1))
            moving.append(f'j{i}')
        joints.append(joint(
            f'j{i}', kind, f'link{i}', f'link{i + 1}', xyz=random.uniform(-0.3, 0.3, 3),
            rpy=random.uniform(-3, 3, 3), axis=axis, mimic=mimic))
        if kind != 'fixed' and not mimic:
            ours.append(f'j{i}')
    write(path, random.permutation(links), random.permutation(joints))
    return path, random.permutation(ours).tolist()


class Transforms:
    """What the text of a URDF says, by nothing but 4 x 4 matrices."""

    def __init__(self, path):
        self.joints = {j.get('name'): j for j in ElementTree.parse(path).getroot().iter('joint')
                       if j.get('type')}

    def value(self, name, q):
        """Return the position of a joint where those of `q` stand, others at zero."""
        mimic = self.joints[name].find('mimic')
        if name in q or mimic is None:
            return q.get(name, 0.0)
        return (float(mimic.get('multiplier', 1)) * self.value(mimic.get('joint'), q)
                + float(mimic.get('offset', 0)))

    def pose(self, link, q):
        """Return the pose of a link in the root's frame, (4, 4)."""
        for name, found in self.joints.items():
            if found.find('child').get('link') == link:
                return self.pose(found.find('parent').get('link'), q) @ self._step(name, q)
        return np.eye(4)

    def _step(self, name, q):
        found, place = self.joints[name], np.eye(4)
        roll, pitch, yaw = numbers(found.find('origin'), 'rpy')
        place[:3, :3] = (turn([0, 0, 1], yaw) @ turn([0, 1, 0], pitch) @ turn([1, 0, 0], roll))
        place[:3, 3] = numbers(found.find('origin'), 'xyz')
        axis, kind = numbers(found.find('axis'), 'xyz'), found.get('type')
        motion, value = np.eye(4), self.value(name, q)
        if kind == 'prismatic':
            motion[:3, 3] = value * axis / np.linalg.norm(axis)
        elif kind != 'fixed':
            motion[:3, :3] = turn(axis, value)
        return place @ motion


def numbers(element, key):
    """Return the numbers of an attribute."""
    return np.array([float(part) for part in element.get(key).split()])


def turn(axis, angle):
    """Return the rotation about an axis, (3, 3)."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    c, s = cos(angle), sin(angle)
    return np.array([[c + x * x * (1 - c), x * y * (1 - c) - z * s, x * z * (1 - c) + y * s],
                     [y * x * (1 - c) + z * s, c + y * y * (1 - c), y * z * (1 - c) - x * s],
                     [z * x * (1 - c) - y * s, z * y * (1 - c) + x * s, c + z * z * (1 - c)]])
