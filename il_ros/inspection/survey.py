"""All detectors over a dataset."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from il_ros.datasets.reader import Dataset
from il_ros.inspection import motion, others, pictures
from il_ros.inspection.contradiction import contradiction
from il_ros.inspection.finding import Finding
from il_ros.inspection.motion import Motion, motions_of

ALONE = (motion.idle, motion.leap, motion.clipped)
BY_LIMITS = ('leap', 'clipped')   # of a robot, which a generated contract does not know
BESIDE = (others.duration, others.jerky, others.lag, others.incomplete, others.technique,
          contradiction)
Found = list[list[Finding]]
Progress = Callable[[int, int], None]


def findings(dataset: Dataset, look: bool = True, progress: Progress = lambda *_: None) -> Found:
    """Return what each episode has that spoils training.

    Args:
        dataset: Its episodes are compared with those of the same task.
        look: Also at the pictures, which takes as long as to decode them.
        progress: Told how many episodes were looked at, of how many.

    Raises:
        DatasetError: A video cannot be read.
    """
    episodes = motions_of(dataset)
    found = of_motions(episodes)
    cameras = dataset.cameras if look else []
    looks: dict[str, list[pictures.Look]] = {camera: [] for camera in cameras}
    for number, episode in enumerate(episodes):
        for camera in cameras:
            seen = pictures.look(dataset, camera, number)
            looks[camera].append(seen)
            found[number] += [*pictures.frozen(seen, camera, episode),
                              *pictures.dark(seen, camera)]
        progress(number + 1, len(episodes))
    for camera, all_seen in looks.items():
        for number, finding in pictures.moved(all_seen, camera):
            found[number].append(finding)
    return found


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
