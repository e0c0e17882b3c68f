"""Episodes that are no bags into a dataset: rollouts of a simulation, labels made afterwards."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.files.atomic import replacing
from il_ros.datasets.from_bags.rows import Row
from il_ros.datasets.writer import DatasetWriter
from il_ros.rights import Rights


@dataclass(frozen=True)
class NewEpisode:
    """An episode to add.

    Attributes:
        rows: With the images of every camera of the contract.
        source: Where it comes from, for people.
        digest: Names its content; an episode that is in the dataset already is left out.
        task: What was to be done, in words.
        success: Whether it succeeded.
        values: More columns of the episode table.
    """

    rows: Iterable[Row]
    source: str
    digest: str
    task: str
    success: bool
    values: Mapping[str, Any] = field(default_factory=dict)


def extend(dataset: Path, contract: Contract, episodes: Sequence[NewEpisode]) -> int:
    """Add episodes to a dataset, or start it with them; it changes as a whole.

    Returns:
        How many were added; the others are in it already.

    Raises:
        ContractMismatchError: The dataset is of another robot.
        DatasetError: It cannot be written.
    """
    with replacing(dataset) as folder:
        writer = (DatasetWriter.onto(folder, dataset) if (dataset / schema.INFO_FILE).is_file()
                  else DatasetWriter(folder))
        writer.require(contract, 'the new episodes')
        for episode in episodes:
            if episode.digest in writer.sources or episode.digest in writer.deleted:
                continue
            if writer.add(episode.rows, contract, episode.task, episode.success):
                writer.describe({
                    'source': episode.source, 'source_hash': episode.digest,
                    'outcome': 'success' if episode.success else 'failure', 'operator': '',
                    **Rights().row,
                    'drops': 0, 'refused_messages': 0, 'ticks_without_observation': 0,
                    'recorded_ticks': int(writer.added[-1]['length']), 'stop_reason': '',
                    schema.CLOCKS: '',
                    **episode.values})
        writer.finish()
    return len(writer.added)
