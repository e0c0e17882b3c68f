"""Several datasets as one: their rows one after the other."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
import hashlib
from typing import Any

from il_ros.config import to_mapping
from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.column_map import ColumnMap, NONE
from il_ros.errors import ConfigError
from il_ros.policies.config import PolicyConfig
from il_ros.policies.transforms import ResizeImages
from il_ros.training.asked import filled
from il_ros.training.columns import task_column
from il_ros.training.config import TrainConfig
from il_ros.training.frames import JoinedFrames, Resized
from il_ros.training.samples import Frames, Source
from il_ros.training.shares import Axis, axis
from il_ros.types import View
import numpy as np
from numpy.typing import NDArray

KEPT = (schema.STATE, schema.ENVIRONMENT, schema.ACTION, 'control_source', 'intervention',
        'success', 'tick', 'task_index')
COLOUR_ROWS = 64     # of each dataset, for the mean colour of a camera


@dataclass(frozen=True)
class Part:
    """One of several datasets.

    Attributes:
        name: What people call it.
        source: Its episodes.
        share: Of a batch; None leaves it to the number of rows.
        columns: What is ours in data of another robot; None where it is the same.
    """

    name: str
    source: Source
    share: float | None = None
    columns: ColumnMap | None = None

    def mapped(self, ours: Contract) -> dict[str, NDArray[Any]]:
        """Return its columns as our robot has them, 'tick' always."""
        found = dict(self.source.columns)
        if self.columns:
            found = self.columns.columns(ours, self.source.contract, found)
        found.setdefault('tick', np.concatenate([np.arange(n) for n in self.source.lengths]))
        return {name: np.asarray(found[name]) for name in KEPT if name in found}

    @cached_property
    def hash(self) -> str:
        """Tells its robot and its rows, without pictures, from others, in hex."""
        digest = hashlib.sha256(self.source.contract.hash.encode())
        digest.update(repr((list(self.source.lengths), _tasks(self.source))).encode())
        for name in KEPT:
            if name in self.source.columns:
                values = np.ascontiguousarray(self.source.columns[name])
                digest.update(f'{name} {values.dtype} {values.shape}'.encode())
                digest.update(values.tobytes())
        return digest.hexdigest()

    @property
    def has_poses(self) -> bool:
        """Whether it has every pose of ours."""
        return schema.ENVIRONMENT in self.source.columns and not (
            self.columns and NONE in self.columns.poses.values())

    def camera(self, name: str) -> str | None:
        """Return what it calls a camera of ours; None where it has none."""
        if not self.columns:
            return name
        theirs = self.columns.cameras[name]
        return None if theirs == NONE else theirs


@dataclass(frozen=True)
class Joined:
    """Datasets of one robot, or mapped onto it; a `Source`.

    Attributes:
        contract: The robot that is trained for.
        parts: In order of their names.
    """

    contract: Contract
    parts: tuple[Part, ...]

    @cached_property
    def rows(self) -> list[int]:
        """Rows of each dataset."""
        return [sum(part.source.lengths) for part in self.parts]

    @cached_property
    def lengths(self) -> list[int]:
        """Rows per episode; they add up to N."""
        return [length for part in self.parts for length in part.source.lengths]

    @cached_property
    def tasks(self) -> list[str]:
        """Task texts of all, each once."""
        return list(dict.fromkeys(task for part in self.parts for task in _tasks(part.source)))

    @cached_property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns that every dataset has, of N rows; see `Source`."""
        found = [part.mapped(self.contract) for part in self.parts]
        for part, columns in zip(self.parts, found, strict=True):
            texts, index = task_column(part.source.tasks, part.source.contract.task, columns)
            columns['task_index'] = np.array([self.tasks.index(text) for text in texts])[index]
        return {name: np.concatenate([columns[name] for columns in found]) for name in KEPT
                if all(name in columns for columns in found)}

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """Index of each row's dataset. Shape (N,)."""
        return np.repeat(np.arange(len(self.parts)), self.rows)

    @cached_property
    def shares(self) -> tuple[float, ...] | None:
        """Of each dataset; None leaves all to the number of rows.

        Raises:
            ConfigError: Those that are given leave nothing to the others.
        """
        return filled([part.share for part in self.parts], self.rows, '--data')

    def frames(self, camera: str, indices: Any) -> View:
        """Return the camera's images of the rows. Shape (n, H, W, 3)."""
        seen = self.contract.camera(camera)
        resize = ResizeImages(seen.height, seen.width)
        return self.images(camera, [
            None if (theirs := part.camera(camera)) is None else
            Resized(part.source, theirs, resize) for part in self.parts])[indices]

    def images(self, camera: str, images: Sequence[Frames | None]) -> JoinedFrames:
        """Return the images of all rows.

        A dataset without the camera shows its mean colour in the others, or unknown distances, as
        if the augmentation `camera_dropout` had dropped it.

        Args:
            camera: Its name, for errors.
            images: Of each dataset, all of one size; None where it has none.

        Raises:
            ConfigError: No dataset has the camera.
        """
        some = [(kept, rows) for kept, rows in zip(images, self.rows, strict=True)
                if kept is not None]
        if not some:
            raise ConfigError(f'camera {camera!r}: no dataset has it; leave it out of the inputs')
        distances = self.contract.camera(camera).depth is not None
        shape = some[0][0][np.array([0])].shape[1:]
        colour = np.zeros(1) if len(some) == len(images) or distances else np.mean([
            kept[np.linspace(0, rows - 1, COLOUR_ROWS).astype(np.int64)].mean((0, 1, 2))
            for kept, rows in some], axis=0)
        kind = np.float32 if distances else np.uint8
        return JoinedFrames(tuple(images), self.rows,
                            np.broadcast_to(colour.round().astype(kind), shape))

    def record(self) -> dict[str, dict[str, Any]]:
        """Return what tells the datasets and their shares from others, by name."""
        shares = self.shares or [rows / sum(self.rows) for rows in self.rows]
        return {part.name: {
            'hash': part.hash, 'rows': rows, 'share': share,
            'robot': part.source.contract.robot,
            **({'columns': to_mapping(part.columns)} if part.columns else {})}
            for part, rows, share in zip(self.parts, self.rows, shares, strict=True)}


def check_inputs(source: Source, policy: PolicyConfig) -> None:
    """Check that the robot, and each of several datasets, has what the policy sees.

    Raises:
        ConfigError: There is no such input, or one has none of its cameras, or no poses.
    """
    policy.check_inputs(source.contract)
    for part in source.parts if isinstance(source, Joined) else ():
        if policy.cameras and not any(map(part.camera, policy.cameras)):
            raise ConfigError(f'{part.name}: has none of the cameras that the policy sees '
                              f'({", ".join(policy.cameras)})')
        if 'environment' in policy.inputs and not part.has_poses:
            raise ConfigError(f"{part.name}: has no poses, which the input 'environment' is made "
                              'of; give the policy other inputs')


def axes_of(source: Source, config: TrainConfig) -> tuple[Axis, ...]:
    """Return how rows are told apart beside their source: by dataset, task and robot.

    Args:
        source: One dataset or several.
        config: Shares of tasks and robots.

    Returns:
        None for one dataset of which no shares are asked.

    Raises:
        ConfigError: A share is of what no dataset has.
    """
    if not isinstance(source, Joined) and config.tasks is None and config.robots is None:
        return ()
    parts = source.parts if isinstance(source, Joined) else (Part('dataset', source),)
    joined = source if isinstance(source, Joined) else Joined(source.contract, parts)
    texts, task = task_column(source.tasks, source.contract.task, source.columns)
    robots = [part.source.contract.robot for part in parts]
    kinds = tuple(dict.fromkeys(robots))
    return (Axis('data', tuple(part.name for part in parts), joined.owner, joined.shares),
            axis('tasks', texts, task, config.tasks),
            axis('robots', kinds, np.array([kinds.index(robot) for robot in robots])[joined.owner],
                 config.robots))


def _tasks(source: Source) -> list[str]:
    return list(source.tasks) or [source.contract.task]
