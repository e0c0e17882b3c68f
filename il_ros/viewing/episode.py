"""One episode of a bag or a dataset, as a viewer needs it."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from il_ros.alignment.decode import reorder
from il_ros.bags.find import is_bag
from il_ros.bags.reader import Bag
from il_ros.contract import Contract
from il_ros.datasets.from_bags.commanded import CHUNK, MODE
from il_ros.datasets.from_bags.led import commands_of
from il_ros.datasets.from_bags.rows import episode_rows, Row
from il_ros.datasets.reader import Dataset
from il_ros.datasets.stored_rows import stored_rows
from il_ros.errors import DatasetError, MessageError
from il_ros.timing import SECOND
from il_ros.types import Floats, Mode
import numpy as np
from numpy.typing import NDArray

WRENCH = 'geometry_msgs/WrenchStamped'
CHUNK_EVERY_NS = SECOND // 10


class Chunk(NamedTuple):
    """What a policy meant to do next.

    Attributes:
        at_ns: When it came, since the recording began.
        rows: Joint targets, a period apart [rad] or [m]. Shape (H, J).
    """

    at_ns: int
    rows: Floats


class Wrench(NamedTuple):
    """What a force sensor said.

    Attributes:
        topic: Where it said so.
        at_ns: Since the recording began. Shape (M,).
        values: Force x y z [N], torque x y z [Nm]. Shape (M, 6).
    """

    topic: str
    at_ns: NDArray[np.int64]
    values: Floats


class Told(NamedTuple):
    """A change of who controls the robot, in words."""

    at_ns: int
    text: str


@dataclass(frozen=True)
class Episode:
    """What is shown; times count from the beginning of the recording.

    Attributes:
        name: Where it comes from.
        outcome: success, failure or unlabelled.
        cameras: Names of those that `rows` have pictures of.
        rows: An observation per tick and what was done; to be gone through once.
        length: How many rows these are, at most.
        chunks: Of the policy that drove, at most ten a second; a dataset keeps none.
        wrenches: Of each force sensor; a dataset keeps none.
        told: Likewise.
    """

    name: str
    contract: Contract
    task: str
    outcome: str
    cameras: tuple[str, ...]
    rows: Iterator[Row]
    length: int
    chunks: tuple[Chunk, ...] = ()
    wrenches: tuple[Wrench, ...] = ()
    told: tuple[Told, ...] = ()


@contextmanager
def opened(path: Path, number: int = 0) -> Iterator[Episode]:
    """Open the episode of a bag, or that of a number in a dataset.

    Raises:
        IlRosError: It cannot be read, or there is no such episode.
    """
    if is_bag(path):
        with Bag(path) as bag:
            yield _of_bag(bag)
    else:
        yield of_dataset(Dataset(path), number)


def of_dataset(dataset: Dataset, number: int) -> Episode:
    """Return an episode of a dataset.

    Raises:
        DatasetError: There is no such episode.
    """
    if not 0 <= number < len(dataset.lengths):
        raise DatasetError(f'{dataset.place}: expected episode 0 to {len(dataset.lengths) - 1}, '
                           f'got {number}')
    first, columns = dataset.rows(number).start, dataset.columns
    succeeded = 'success' if columns['success'][first] else 'failure'
    return Episode(
        f'{dataset.place.resolve().name} episode {number}', dataset.contract,
        dataset.tasks[int(columns['task_index'][first])],
        str(dataset.episodes[number].get('outcome') or succeeded), tuple(dataset.cameras),
        stored_rows(dataset, number), dataset.lengths[number])


def _of_bag(bag: Bag) -> Episode:
    contract = bag.contract
    spoken = {bag.name_of(source): source.type for source in bag.sources if source.count}
    wrenches: dict[str, list[tuple[int, Floats]]] = {
        name: [] for name, kind in spoken.items() if kind.replace('/msg/', '/') == WRENCH}
    chunks: list[Chunk] = []
    told: list[Told] = []
    for topic, log_ns, message in bag.messages({*wrenches, CHUNK, MODE} & spoken.keys()):
        since_ns = log_ns - bag.start_ns
        if topic in wrenches:
            wrenches[topic].append((since_ns, _wrench(message)))
        elif topic == MODE:
            text = f'{_mode(message.mode)}: {message.reason} ({message.who})'
            if not told or told[-1].text != text:
                told.append(Told(since_ns, text))
        elif (not chunks or since_ns >= chunks[-1].at_ns + CHUNK_EVERY_NS) and (
                chunk := _chunk(contract, message, since_ns)):
            chunks.append(chunk)
    cameras = tuple(camera.name for camera in contract.cameras if bag.counts.get(camera.topic))
    return Episode(
        bag.path.name, contract, bag.info.task or contract.task, bag.info.outcome, cameras,
        episode_rows(bag, cameras, commanded=commands_of(bag)),
        (bag.end_ns - bag.start_ns) // contract.period_ns, tuple(chunks),
        tuple(Wrench(topic, np.array([at_ns for at_ns, _ in said]),
                     np.array([values for _, values in said]))
              for topic, said in wrenches.items()), tuple(told))


def _mode(value: int) -> str:
    return Mode(value).name if value in tuple(Mode) else f'mode {value}'


def _wrench(message: Any) -> Floats:
    parts = message.wrench.force, message.wrench.torque
    return np.array([getattr(part, axis) for part in parts for axis in 'xyz'])


def _chunk(contract: Contract, message: Any, at_ns: int) -> Chunk | None:
    try:
        rows = np.reshape(message.positions, (message.horizon, len(message.joint_names)))
        return Chunk(at_ns, np.array([
            reorder(contract, message.joint_names, row, CHUNK) for row in rows]))
    except (MessageError, ValueError):
        return None     # `episode_rows` tells of it
