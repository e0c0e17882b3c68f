"""What a dataset is worth: gaps, idleness, coverage, outliers, limits, interventions."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from il_ros.bags.clocks import command_streams
from il_ros.datasets import clocks, schema
from il_ros.datasets.effort import Effort, episode_efforts
from il_ros.datasets.from_bags.idle import motion
from il_ros.datasets.gaps import Gaps
from il_ros.datasets.reader import Dataset
from il_ros.datasets.units import unit_problems
from il_ros.inspection.finding import Finding, score
from il_ros.inspection.limits import limited, near_limit
from il_ros.inspection.outliers import is_outlier, path_distances
from il_ros.inspection.parts import (
    near_limits,
    part_reports,
    PartReport,
)
from il_ros.inspection.survey import findings
from il_ros.inspection.zones import grasp_zones, start_zone, Zone
from il_ros.spread.spread import Spread
from il_ros.types import Floats, PERSON
import numpy as np

ENOUGH_ZONES = 6
IDLE_S = 1.0                # longer idle ends are worth trimming
SHORT_S = 1.0
OUTSIDE = 0.1               # ticks lost at the ends, per row, that are worth a look
FEW = 5                     # episodes, below which nothing is called an outlier


@dataclass(frozen=True)
class EpisodeReport:
    """One episode.

    Attributes:
        duration_s: Rows by their period.
        rate_hz: Rows per second of recorded time; below the contract's where ticks are missing.
        missing_ticks: Ticks inside the episode without a complete observation.
        gaps: Stretches of them, over which no window of training reaches.
        longest_gap_s: Between two rows.
        lost_ticks: All recorded ticks without a complete observation, at the ends, too.
        lost_messages: Dropped while recording or refused while converting.
        sync_error_s: 99th percentile of the age of the oldest sample behind an observation.
        idle_head_s: Standing still at the beginning.
        idle_tail_s: Standing still at the end.
        human: Share of the rows that a person drove.
        intervention: Share of the rows in which a person corrected the policy.
        near_limit: Share of the rows with a joint (not the gripper) next to a position limit; NaN
            where the limits are those of the data.
        near_limits: The same of each part by its name.
        limited: Share of the commands that the gate changed, largest first, by its rule; None
            where no gate reported.
        effort: What people did.
        distance: From the median path, as a share of the joint ranges.
        start_zone: Where the first pose of the contract lay at the start.
        grasp_zones: By arm, where its tool was when its gripper first closed.
        problems: What to look at, findings first.
        clocks: What the stamps of each stream have in common with their arrival.
        findings: What spoils training.
    """

    index: int
    source: str
    outcome: str
    operator: str
    frames: int
    duration_s: float
    rate_hz: float
    missing_ticks: int
    gaps: int
    longest_gap_s: float
    lost_ticks: int
    lost_messages: int
    sync_error_s: float
    idle_head_s: float
    idle_tail_s: float
    human: float
    intervention: float
    effort: Effort
    near_limit: float
    near_limits: dict[str, float]
    limited: dict[str, float] | None
    distance: float
    start_zone: Zone | None
    grasp_zones: dict[str, Zone]
    problems: list[str] = field(default_factory=list)
    clocks: clocks.Clocks = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def score(self) -> float:
        """What it is worth with all that, from 1 down to 0."""
        return score(self.findings, len(self.problems) - len(self.findings))

    @property
    def grasp_zone(self) -> Zone | None:
        """That of the first arm that closed its gripper, in the contract's order."""
        return next(iter(self.grasp_zones.values()), None)


@dataclass(frozen=True)
class Report:
    """A dataset.

    Attributes:
        start_zones: Episodes per zone; empty where the contract names no poses.
        grasps: Likewise, by arm.
        effort: What people did, in all.
        problems: What concerns the dataset as a whole.
        parts: What each part of the robot does.
    """

    root: str
    robot: str
    tasks: list[str]
    frames: int
    duration_s: float
    episodes: list[EpisodeReport]
    start_zones: dict[Zone, int]
    grasps: dict[str, dict[Zone, int]]
    effort: Effort
    problems: list[str]
    parts: list[PartReport]

    @property
    def grasp_zones(self) -> dict[Zone, int]:
        """Grasps of all arms per zone."""
        return dict(sorted(sum(map(Counter, self.grasps.values()), Counter[Zone]()).items()))


def inspect(dataset: Dataset, pictures: bool = True,
            progress: Callable[[int, int], None] = lambda *_: None,
            spread: Spread | None = None) -> Report:
    """Return the report of a dataset.

    Args:
        dataset: As it is on the disk.
        pictures: Look at those, too, which takes as long as to decode them.
        progress: Told how many episodes' pictures were looked at, of how many.
        spread: Where the pictures are looked at; in this process when None.

    Raises:
        DatasetError: A video cannot be read.
        WorkError: Processes or machines were lost again and again.
    """
    distances, efforts = path_distances(dataset), episode_efforts(dataset)
    spoilt = findings(dataset, pictures, progress, spread)
    episodes = [_episode(dataset, k, distances, efforts[k], spoilt[k])
                for k in range(len(dataset.lengths))]
    start = Counter(e.start_zone for e in episodes if e.start_zone)
    grasp = {arm.name: Counter(e.grasp_zones[arm.name] for e in episodes
                               if arm.name in e.grasp_zones) for arm in dataset.contract.arms}
    return Report(str(dataset.root), dataset.contract.robot, dataset.tasks, len(dataset),
                  len(dataset) / dataset.fps, episodes, dict(sorted(start.items())),
                  {arm: dict(sorted(zones.items())) for arm, zones in grasp.items() if zones},
                  sum(efforts, Effort()), _problems(dataset, episodes, start, grasp),
                  part_reports(dataset))


def _episode(dataset: Dataset, index: int, distances: Floats, effort: Effort,
             spoilt: list[Finding]) -> EpisodeReport:
    contract, row, rows = dataset.contract, dataset.episodes[index], dataset.rows(index)
    columns = {name: values[rows] for name, values in dataset.columns.items()}
    state = columns[schema.STATE].astype(np.float64)
    ticks, count, fps = columns['tick'], len(state), dataset.fps
    span = motion(state, contract, ticks) or (count - 1, count - 1)
    gaps, lost = Gaps.of(ticks), int(row.get('ticks_without_observation') or 0)
    found: dict[str, Any] = {
        'frames': count,
        'duration_s': count / fps,
        'rate_hz': fps * count / (count + gaps.missing),
        'missing_ticks': gaps.missing,
        'gaps': gaps.number,
        'longest_gap_s': (gaps.longest + 1) / fps if gaps.number else 0.0,
        'lost_ticks': max(lost, gaps.missing),
        'lost_messages': int(row.get('drops') or 0) + int(row.get('refused_messages') or 0),
        'sync_error_s': float(np.percentile(columns['sync_error'], 99)),
        'idle_head_s': span[0] / fps,
        'idle_tail_s': (count - 1 - span[1]) / fps,
        'human': float(np.isin(columns['control_source'], PERSON).mean()),
        'intervention': float(np.mean(columns['intervention'] > 0)),
        'near_limit': near_limit(contract, state),
        'near_limits': near_limits(contract, state),
        'distance': float(distances[index]),
        'limited': limited(columns.get('limited_by')),
        'outcome': str(row.get('outcome') or ('success' if columns['success'].any() else '')),
    }
    seen = clocks.read_clocks(row.get(schema.CLOCKS))
    problems = [*(finding.text for finding in spoilt), *([gaps.text(fps)] if gaps.number else []),
                *_episode_problems(found, str(row.get('stop_reason') or '')),
                *clocks.problems(seen, [*contract.streams, *command_streams(contract)],
                                  (count + gaps.missing) / fps)]
    if len(distances) >= FEW and is_outlier(distances, index):
        problems.append(f'differs from the rest (distance {distances[index]:.2f}, '
                        f'median {np.median(distances):.2f})')
    return EpisodeReport(
        index=index, source=str(row.get('source', '')), operator=str(row.get('operator', '')),
        start_zone=start_zone(dataset, columns), grasp_zones=grasp_zones(dataset, columns),
        effort=effort, problems=problems, clocks=seen, findings=spoilt, **found)


def _episode_problems(found: dict[str, Any], stop_reason: str) -> list[str]:
    idle_s = max(found['idle_head_s'], found['idle_tail_s'])
    outside = found['lost_ticks'] - found['missing_ticks']
    rules = found['limited'] or {}
    limited = sum(rules.values())
    checks = {
        f'{outside} ticks without observation before its first or after its last row':
            outside > found['frames'] * OUTSIDE,
        f'{found["lost_messages"]} messages lost': found['lost_messages'],
        f'idle for {idle_s:.1f} s at an end: convert with --trim-idle': idle_s > IDLE_S,
        f'only {found["duration_s"]:.1f} s long': found['duration_s'] < SHORT_S,
        'incomplete: no outcome was given': found['outcome'] == 'unlabelled',
        f'incomplete: {stop_reason}': stop_reason.startswith(('recovered', 'disk full')),
        f'{found["near_limit"]:.0%} of the rows at a joint limit{_by_part(found)}':
            found['near_limit'] > 0.1,
        f'the gate limited {limited:.0%} of the commands, most by {next(iter(rules), "")}':
            limited > 0.1,
    }
    return [text for text, applies in checks.items() if applies]


def _by_part(found: dict[str, Any]) -> str:
    shares = found['near_limits']
    return '' if len(shares) < 2 else ' (' + ', '.join(
        f'{name} {share:.0%}' for name, share in shares.items() if share) + ')'


def _problems(dataset: Dataset, episodes: list[EpisodeReport], start: Counter[Zone],
              grasp: dict[str, Counter[Zone]]) -> list[str]:
    found = []
    if dataset.contract.poses is None:
        found.append('coverage is not known: the contract names no poses')
    several = len(dataset.contract.arms) > 1
    for name, zones in (('start', start), *((f'grasp{f" ({arm})" if several else ""}', found_at)
                                            for arm, found_at in grasp.items())):
        if zones and len(zones) < ENOUGH_ZONES:
            found.append(f'{name} positions cover {len(zones)} zones of 10 x 10 cm, '
                         f'expected at least {ENOUGH_ZONES}: vary where the objects lie')
    found += unit_problems(dataset.contract, dataset.columns)
    if episodes and not any(e.outcome == 'success' for e in episodes):
        found.append('no episode is labelled success')
    return found
