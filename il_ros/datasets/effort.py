"""What people did for some episodes: seconds at the controls, take-overs, switches of control."""
from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from il_ros.bags.reader import Bag
from il_ros.datasets.from_bags.rows import episode_rows
from il_ros.datasets.reader import Dataset
from il_ros.types import ControlSource, GUIDED, LABELLED
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Effort:
    """Figures of one or more episodes; they add up.

    A rollout is an episode in which a policy drove or was corrected; the others are
    demonstrations. Time in which neither drove (held, aligning) splits no take-over.

    Attributes:
        episodes: Episodes.
        successes: Those that succeeded.
        seconds: Recorded time [s].
        human_seconds: A person drove [s].
        correcting_seconds: Of these, in rollouts [s].
        label_seconds: A person said afterwards, or beside the policy, what they would have done
            [s].
        policy_seconds: A policy drove [s], with or without such labels.
        take_overs: Stretches of a rollout in which a person drove.
        context_switches: Changes between person and policy, either way.
    """

    episodes: int = 0
    successes: int = 0
    seconds: float = 0.0
    human_seconds: float = 0.0
    correcting_seconds: float = 0.0
    label_seconds: float = 0.0
    policy_seconds: float = 0.0
    take_overs: int = 0
    context_switches: int = 0

    def __add__(self, other: Effort) -> Effort:
        return Effort(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: Effort) -> Effort:
        """Return what came on top of a part."""
        return Effort(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def mean_intervention_s(self) -> float | None:
        """Mean length of a take-over [s]; None without one."""
        return self.correcting_seconds / self.take_overs if self.take_overs else None

    @property
    def human_share(self) -> float | None:
        """Part of the time in which a person drove, 0 to 1; None without any."""
        return self.human_seconds / self.seconds if self.seconds else None

    @property
    def person_seconds(self) -> float:
        """Time of a person: driving and labelling [s]."""
        return self.human_seconds + self.label_seconds

    @property
    def success_per_human_minute(self) -> float | None:
        """Episodes that succeeded per minute of driving or labelling; None without any."""
        minutes = self.person_seconds / 60
        return self.successes / minutes if minutes else None

    @property
    def text(self) -> str:
        """One line for people."""
        share, length, success = (self.human_share, self.mean_intervention_s,
                                  self.success_per_human_minute)
        parts = [f'a person drove {self.human_seconds:.0f} s'
                 + ('' if share is None else f' ({share:.0%} of the time)')]
        if self.label_seconds:
            parts.append(f'and labelled {self.label_seconds:.0f} s')
        parts.append(f'{self.take_overs} take-overs'
                     + ('' if length is None else f' of {length:.1f} s'))
        parts.append(f'{self.context_switches} changes between person and policy')
        if success is not None:
            parts.append(f'{success:.1f} successes per human minute')
        return ', '.join(parts)

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain data for JSON files."""
        def rounded(value: float | None) -> float | None:
            return None if value is None else round(value, 3)

        return {'human_share': rounded(self.human_share), 'take_overs': self.take_overs,
                'context_switches': self.context_switches,
                'mean_intervention_s': rounded(self.mean_intervention_s),
                'success_per_human_minute': rounded(self.success_per_human_minute),
                'label_seconds': round(self.label_seconds, 2),
                'policy_seconds': round(self.policy_seconds, 2)}


def effort(control: NDArray[np.integer], intervention: NDArray[np.integer], success: bool,
           rate_hz: float) -> Effort:
    """Return the effort of one episode.

    Args:
        control: Who acted, as in the dataset's column `control_source`. Shape (N,).
        intervention: Where a person corrected the policy. Shape (N,).
        success: Whether it succeeded.
        rate_hz: Rows per second.
    """
    drove = np.where(control == LABELLED, ControlSource.POLICY,
                     np.where(control == GUIDED, ControlSource.HUMAN, control))
    human = drove == ControlSource.HUMAN
    rollout = bool((drove == ControlSource.POLICY).any() or np.asarray(intervention).any())
    active = human[np.isin(drove, (ControlSource.POLICY, ControlSource.HUMAN))].astype(int)
    starts = int((np.diff(active, prepend=0) == 1).sum()) if rollout else 0
    return Effort(
        1, int(success), len(control) / rate_hz, float(human.sum() / rate_hz),
        float(human.sum() / rate_hz) if rollout else 0.0,
        float((control == LABELLED).sum() / rate_hz),
        float((drove == ControlSource.POLICY).sum() / rate_hz), starts,
        int((np.diff(active) != 0).sum()) if rollout else 0)


def episode_efforts(dataset: Dataset) -> list[Effort]:
    """Return the effort of each episode of a dataset."""
    columns = {name: dataset.columns[name].reshape(-1)
               for name in ('control_source', 'intervention', 'success')}
    return [effort(columns['control_source'][rows], columns['intervention'][rows],
                   bool(columns['success'][rows].any()), dataset.fps)
            for rows in map(dataset.rows, range(len(dataset.lengths)))]


def dataset_effort(dataset: Dataset) -> Effort:
    """Return the effort of a whole dataset."""
    return sum(episode_efforts(dataset), Effort())


def bag_effort(path: Path) -> Effort:
    """Return the effort of a recorded episode.

    Raises:
        BagError: It cannot be read.
    """
    with Bag(path) as bag:
        rows = list(episode_rows(bag))
        return effort(np.array([row.source for row in rows], np.int64),
                      np.array([row.intervention for row in rows], np.int64),
                      bag.info.outcome == 'success', bag.contract.rate_hz)
