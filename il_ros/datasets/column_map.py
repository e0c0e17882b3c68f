"""Data of another robot in the columns of ours, as a person says it in a YAML file."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from il_ros.config import build, nearest, parse_yaml, read_text
from il_ros.contract import Camera, Contract, POSE_SIZE
from il_ros.contract.checks import unique
from il_ros.datasets import schema
from il_ros.datasets.units import unit_problems
from il_ros.encodings import COLOUR, ENCODINGS, GREY
from il_ros.errors import ConfigError, ContractMismatchError, DatasetError
import numpy as np
from numpy.typing import NDArray

NONE = 'none'   # in place of a camera or a pose that the data lack
JOINT_COLUMNS = (schema.STATE, schema.ACTION, schema.POLICY_ACTION)
Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class JointColumn:
    """Where a joint of ours comes from: scale * theirs + offset.

    Attributes:
        source: Their joint; `from` in YAML.
        scale: 0.0174533 makes radians of degrees, -1 turns the other way.
        offset: [rad] or [m].
    """

    source: str = field(metadata={'key': 'from'})
    scale: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if self.scale == 0:
            raise ConfigError('scale: expected another number than 0')


@dataclass(frozen=True)
class ColumnMap:
    """What our columns are in data of another robot with the same action space.

    Attributes:
        joints: Where every joint of ours comes from.
        cameras: Their camera for each of ours, or 'none'.
        poses: Their pose for each of ours, or 'none'.
        unused: Joints of theirs that we have nothing for.
    """

    joints: Mapping[str, JointColumn]
    cameras: Mapping[str, str] = field(default_factory=dict)
    poses: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    @staticmethod
    def load(path: Path) -> ColumnMap:
        """Return the mapping in a YAML file.

        Raises:
            ConfigError: It cannot be read or is not valid.
        """
        return build(ColumnMap, parse_yaml(read_text(path), str(path)), str(path))

    def check(self, ours: Contract, theirs: Contract, where: str) -> None:
        """Check that every column of ours has one of theirs that may mean the same.

        Args:
            ours: The robot that is trained for.
            theirs: The robot of the data.
            where: Name of the file, for errors.

        Raises:
            ConfigError: A name is unknown or stands twice.
            ContractMismatchError: A column is not mapped, or cannot mean the same.
        """
        used = {name: column.source for name, column in self.joints.items()}
        _covers(used, ours.joint_names, theirs.joint_names, f'{where}: joints')
        _known(self.unused, theirs.joint_names, f'{where}: unused')
        unique((*used.values(), *self.unused), f'{where}: joint')
        if left := [name for name in theirs.joint_names
                    if name not in (*used.values(), *self.unused)]:
            raise ContractMismatchError(f'{where}: joints: none is from {", ".join(left)} of '
                                        f'{theirs.robot}; what shall be left out, name as unused')
        if ours.rate_hz != theirs.rate_hz:
            raise ContractMismatchError(
                f'{where}: {theirs.robot} was recorded at {theirs.rate_hz:g} Hz, {ours.robot} at '
                f'{ours.rate_hz:g}: a chunk would take another time; convert its bags at ours')
        for name, source in used.items():
            i, k = ours.indices([name])[0], theirs.indices([source])[0]
            if ours.is_velocity[i] != theirs.is_velocity[k] or (
                    ours.continuous[i] != theirs.continuous[k]):
                raise ContractMismatchError(
                    f'{where}: joints: {name} is {_kind(ours, i)}, {source} {_kind(theirs, k)}')
        self._check_views(ours, theirs, where)

    def _check_views(self, ours: Contract, theirs: Contract, where: str) -> None:
        mine, other = ([c.name for c in contract.cameras] for contract in (ours, theirs))
        for names, columns, of, kind in (
                (self.cameras, mine, other, 'camera'),
                (self.poses, _poses(ours), _poses(theirs), 'pose')):
            _covers(names, columns, [*of, NONE], f'{where}: {kind}s')
            unique([name for name in names.values() if name != NONE], f'{where}: {kind}')
        for name, source in self.cameras.items():
            if source == NONE:
                continue
            a, b = (_family(contract.camera(camera))
                    for contract, camera in ((ours, name), (theirs, source)))
            if a != b and not {a, b} <= {COLOUR, GREY}:
                raise ContractMismatchError(f'{where}: cameras: {name} is {a}, {source} is {b}')

    def columns(self, ours: Contract, theirs: Contract, columns: Columns
                ) -> dict[str, NDArray[Any]]:
        """Return the columns of theirs as ours; the poses are left out where one is 'none'.

        Args:
            ours: The robot that is trained for.
            theirs: The robot of the data.
            columns: Of a dataset; those without joints and poses stay.
        """
        found = {name: values for name, values in columns.items()
                 if name not in (*JOINT_COLUMNS, schema.ENVIRONMENT)}
        mapped = [self.joints[name] for name in ours.joint_names]
        order = theirs.indices([column.source for column in mapped])
        scale = np.array([column.scale for column in mapped])
        offset = np.array([column.offset for column in mapped])
        for name in JOINT_COLUMNS:
            if name in columns:
                found[name] = np.asarray(columns[name], np.float64)[:, order] * scale + offset
        names = [self.poses[name] for name in _poses(ours)]
        if names and NONE not in names and schema.ENVIRONMENT in columns:
            places = np.concatenate([np.arange(POSE_SIZE) + POSE_SIZE * _poses(theirs).index(name)
                                     for name in names])
            found[schema.ENVIRONMENT] = np.asarray(columns[schema.ENVIRONMENT])[:, places]
        return found

    def told(self, ours: Contract, theirs: Contract, columns: Columns) -> list[str]:
        """Return in words what becomes of each column.

        Args:
            ours: The robot that is trained for.
            theirs: The robot of the data.
            columns: What `columns` returned.
        """
        state, lines = columns[schema.STATE], []
        for i, name in enumerate(ours.joint_names):
            column = self.joints[name]
            lines.append(
                f'{name} = {column.scale:g} * {column.source} + {column.offset:g}: measured '
                f'{state[:, i].min():.3g} to {state[:, i].max():.3g}, allowed '
                f'{ours.lower[i]:.3g} to {ours.upper[i]:.3g}')
        if self.unused:
            lines.append(f'unused: {", ".join(self.unused)}')
        for name, source in self.cameras.items():
            size = '' if source == NONE else _size(ours, theirs, name, source)
            lines.append(f'camera {name} = {source}{size}')
        return lines + [f'pose {name} = {source}' for name, source in self.poses.items()]


def require_units(ours: Contract, columns: Columns, where: str) -> None:
    """Check mapped columns against the limits of our robot.

    Raises:
        DatasetError: One lies outside; the text says in which unit it may be.
    """
    if problems := unit_problems(ours, columns):
        raise DatasetError(f'{where}: {"; ".join(problems)}')


def _covers(names: Mapping[str, str], ours: Sequence[str], theirs: Sequence[str], where: str
            ) -> None:
    _known(names, ours, where)
    _known(names.values(), theirs, where)
    if missing := [name for name in ours if name not in names]:
        raise ContractMismatchError(f'{where}: not mapped: {", ".join(missing)}; to choose from: '
                                    f'{", ".join(theirs)}')


def _known(names: Iterable[str], valid: Sequence[str], where: str) -> None:
    for name in names:
        if name not in valid:
            raise ConfigError(f'{where}: unknown {name!r}; {nearest(name, list(valid))}')


def _family(camera: Camera) -> str:
    return 'depth in metres' if camera.depth else ENCODINGS[camera.encoding].family


def _kind(contract: Contract, joint: int) -> str:
    return ('a velocity' if contract.is_velocity[joint] else
            'a joint that turns without end' if contract.continuous[joint] else 'a position')


def _poses(contract: Contract) -> list[str]:
    return list(contract.poses.names) if contract.poses else []


def _size(ours: Contract, theirs: Contract, name: str, source: str) -> str:
    a, b = ours.camera(name), theirs.camera(source)
    return '' if (a.height, a.width) == (b.height, b.width) else (
        f', {b.height}x{b.width} resized to {a.height}x{a.width}')
