"""Where the episodes of a round come from."""
from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from il_ros.bags.find import is_bag
from il_ros.bags.reader import Bag
from il_ros.datasets.effort import bag_effort
from il_ros.errors import BagError
from il_ros.evaluation.rollout import Rollout
from il_ros.recording.store import PARTIAL
from il_ros.workflow.loop import Loop, LoopConfig
from il_ros.workflow.session import Session

BAGS = 'rollouts'


class Collector(Protocol):
    """Rolls a policy out with an expert beside it and keeps what happened on disk.

    Attributes:
        paired: The robot is simulated, so policies are compared on the same held-out seeds.
            Where not, by rollouts in which help counts as a failure.
    """

    paired: bool

    def begin(self, number: int, checkpoint: Path) -> None:
        """Get ready for the rollouts of a round; the policy is the promoted one."""

    def recorded(self, seed: int, known: Collection[str]) -> tuple[Rollout, str] | None:
        """Return the closed rollout that a killed run did not note any more; None without one.

        Args:
            seed: Of the rollout.
            known: Where the noted ones are.
        """

    def roll_out(self, seed: int) -> tuple[Rollout, str]:
        """Record one rollout; return it and where it is."""

    def rest(self) -> None:
        """The rollouts of the round are done."""

    def aggregate(self, dataset: Path) -> None:
        """Append what was recorded to the dataset; what is in it already stays as it is."""

    def load(self, checkpoint: Path) -> None:
        """Roll out another policy from now on."""

    def close(self) -> None:
        """End what was started."""


class LiveCollector:
    """A simulated robot over the live ROS graph, which runs on through all rounds."""

    paired = True

    def __init__(self, config: LoopConfig, loop: Loop, out: Path) -> None:
        self._config, self._loop = config, loop
        self._bags = out / 'bags' / BAGS
        self.session: Session | None = None

    def begin(self, number: int, checkpoint: Path) -> None:
        """Start the nodes, once; see `Collector`."""
        if self.session is None:
            self.session = self._loop.session(BAGS, checkpoint).__enter__()

    def recorded(self, seed: int, known: Collection[str]) -> tuple[Rollout, str] | None:
        """Return a labelled bag that nobody noted.

        An episode that was cut short has no label: it is converted, and rolled out again.
        """
        return unnoted(self._bags, seed, known)

    def roll_out(self, seed: int) -> tuple[Rollout, str]:
        """See `Collector`."""
        assert self.session is not None
        episode = self.session.roll_out(seed, self._config.conditions, self._config.timeout_s)
        return episode, episode.bag.name

    def rest(self) -> None:
        """See `Collector`."""
        if self.session:
            self.session.rest()

    def aggregate(self, dataset: Path) -> None:
        """See `Collector`."""
        self._loop.convert([self._bags], dataset)

    def load(self, checkpoint: Path) -> None:
        """Swap the policy of the running node."""
        if self.session:
            self.session.load(checkpoint)

    def close(self) -> None:
        """End the nodes."""
        if self.session:
            session, self.session = self.session, None
            session.__exit__(None, None, None)


def unnoted(bags: Path, seed: int, known: Collection[str]) -> tuple[Rollout, str] | None:
    """Return the first labelled bag of a folder that is not known, as the rollout of a seed."""
    folders = sorted(bags.iterdir()) if bags.is_dir() else []
    for path in folders:
        if path.name in known or path.name.endswith(PARTIAL) or not is_bag(path):
            continue
        try:
            with Bag(path) as bag:
                outcome = bag.info.outcome
            if outcome in ('success', 'failure'):
                found = bag_effort(path)
                return Rollout(seed, outcome == 'success', found.seconds, found.take_overs,
                               found.human_seconds), path.name
        except BagError:
            continue  # damaged: named by the conversion
    return None
