"""What a conversion tells while it runs, and what a person should look at afterwards."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.from_bags.part import Taken
from il_ros.datasets.units import unit_problems
from il_ros.errors import DatasetError

Progress = Callable[[Path, int, int], bool]


class Cancelled(DatasetError):
    """The caller ended the conversion; nothing was written."""


class Warnings:
    """What concerns one bag or many: each thing is said once, of the first bag."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def look_at(self, taken: Taken, dataset: Contract | None) -> None:
        """Note what is odd about an episode of a dataset with this robot."""
        episode = taken.episode
        # What a policy wanted is judged by `il_ros inspect`.
        found = unit_problems(episode.contract, {
            name: values for name, values in episode.columns.items()
            if name != schema.POLICY_ACTION})
        if taken.namespace:
            found.append(f'topics: taken from {taken.namespace}, the only namespace that fits '
                         'the contract; --namespace names another')
        if topic := episode.contract.urdf_topic:
            found += _urdf_problems(topic, episode.contract, dataset)
        for text in found:
            about = text.partition(':')[0]
            self._found.setdefault(about, []).append(f'{taken.values["source"]}: {text}')

    def texts(self) -> list[str]:
        """Return what was noted, each thing once."""
        return [first + (f' ({len(more)} more bags likewise)' if more else '')
                for first, *more in self._found.values()]


def _urdf_problems(topic: str, ours: Contract, dataset: Contract | None) -> Iterator[str]:
    if not ours.urdf_text:
        yield (f'urdf: no message of {topic}: what moves the tool takes the URDF of another '
               f'episode, or the file {schema.URDF_FILE} that you put into the dataset')
    elif dataset and ours.urdf_text != dataset.urdf_text:
        yield f'urdf: another one on {topic} than in the first episode, whose the dataset keeps'


@dataclass
class Reporter:
    """Asks `progress` whether to go on."""

    progress: Progress | None
    labels: Sequence[Path]
    done: int = 0

    def __call__(self) -> None:
        """Ask once.

        Raises:
            Cancelled: The caller wants no more.
        """
        if self.progress and not self.progress(self.labels[self.done], self.done,
                                               len(self.labels)):
            raise Cancelled('cancelled; nothing was written')
