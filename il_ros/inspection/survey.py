"""All detectors over a dataset."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from il_ros.datasets.reader import Dataset
from il_ros.inspection import motion, others, pictures
from il_ros.inspection.contradiction import contradiction
from il_ros.inspection.finding import Finding
from il_ros.inspection.motion import Motion, motions_of
from il_ros.inspection.opened import Opened
from il_ros.spread.spread import Ask, Here, in_order, Spread

ALONE = (motion.idle, motion.leap, motion.clipped)
BY_LIMITS = ('leap', 'clipped')   # of a robot, which a generated contract does not know
BESIDE = (others.duration, others.jerky, others.lag, others.incomplete, others.technique,
          contradiction)
Found = list[list[Finding]]
Progress = Callable[[int, int], None]


def findings(dataset: Dataset, look: bool = True, progress: Progress = lambda *_: None,
             spread: Spread | None = None) -> Found:
    """Return what each episode has that spoils training.

    Args:
        dataset: Its episodes are compared with those of the same task.
        look: Also at the pictures, which takes as long as to decode them.
        progress: Told how many episodes were looked at, of how many.
        spread: Where they are looked at; in this process when None.

    Raises:
        DatasetError: A video cannot be read.
        WorkError: Processes or machines were lost again and again.
    """
    episodes = motions_of(dataset)
    found = of_motions(episodes)
    cameras = dataset.cameras if look else []
    looks: dict[str, list[pictures.Look]] = {camera: [] for camera in cameras}
    for number, all_seen in enumerate(in_order(
            spread or Here(), partial(_look, Opened(dataset), cameras), range(len(episodes)))):
        for camera, seen in zip(cameras, all_seen, strict=True):
            looks[camera].append(seen)
            found[number] += [*pictures.frozen(seen, camera, episodes[number]),
                              *pictures.dark(seen, camera)]
        progress(number + 1, len(episodes))
    for camera, every in looks.items():
        for number, finding in pictures.moved(every, camera):
            found[number].append(finding)
    return found


def _look(dataset: Opened, cameras: Sequence[str], episode: int, _: Ask) -> list[pictures.Look]:
    return [pictures.look(dataset.dataset, camera, episode) for camera in cameras]


def of_motions(episodes: Sequence[Motion]) -> Found:
    """Return what each episode has that can be told without its pictures."""
    found: Found = [[finding for detector in ALONE for finding in detector(episode)
                     if finding.kind not in BY_LIMITS or not episode.contract.generated]
                    for episode in episodes]
    for task in dict.fromkeys(episode.task for episode in episodes):
        group = [number for number, episode in enumerate(episodes) if episode.task == task]
        if len(group) < others.FEW:
            continue
        for detector in BESIDE:
            for place, finding in detector([episodes[number] for number in group]):
                found[group[place]].append(finding)
    return found
