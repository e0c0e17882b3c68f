"""What a policy would do over an episode that is recorded already."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from il_ros.contract import require_same
from il_ros.datasets.reader import Dataset
from il_ros.datasets.schema import INFO_FILE
from il_ros.errors import CheckpointError
from il_ros.policies.checkpoint import read_training
from il_ros.policies.policy import infer_or_hold, Policy
from il_ros.training.joined import Part
from il_ros.types import Observation
from il_ros.viewing.episode import Chunk, Episode

EVERY = 5           # rows from one prediction to the next
UPWARDS = 4         # folders above a checkpoint beside which its dataset is looked for


class Predictions:
    """Asks a policy at every fifth row; the rows between are its past, as live.

    Attributes:
        chunks: What it said so far.

    Raises:
        ContractMismatchError: The episode is of another robot.
    """

    def __init__(self, policy: Policy, episode: Episode) -> None:
        require_same(policy.contract, episode.contract, 'the policy', episode.name)
        self.chunks: list[Chunk] = []
        self._policy, self._period_ns = policy, episode.contract.period_ns
        self._past: list[Observation] = []
        self._tick: int | None = None
        policy.reset()

    def see(self, tick: int, observation: Observation) -> None:
        """Take the next row; where the recording has a gap, the policy begins anew."""
        if self._tick is not None and tick != self._tick + 1:
            self._policy.reset()
            self._past = []
            self._tick = None
        due = self._tick is None or len(self._past) == EVERY - 1
        self._tick = tick
        if not due:
            self._past.append(observation)
            return
        seen = replace(observation, past=tuple(self._past))
        self._past = []
        if (rows := infer_or_hold(self._policy, seen, None)) is not None:
            self.chunks.append(Chunk((tick + 1) * self._period_ns, rows))


def dataset_of(checkpoint: Path) -> Dataset:
    """Return the dataset that a checkpoint was trained on, where it lies nearby.

    A checkpoint knows its name and hash. It is looked for here, and beside the run.

    Raises:
        CheckpointError: It is not there, or holds other rows by now.
    """
    trained_on = read_training(checkpoint).get('trained_on', {})
    here = checkpoint.resolve()
    near = [Path.cwd(), *here.parents[:UPWARDS]]
    for name, known in trained_on.items():
        for place in dict.fromkeys(folder / name for folder in near):
            if (place / INFO_FILE).is_file():
                found = Dataset(place)
                if Part(name, found).hash == known['hash']:
                    return found
    names = ', '.join(trained_on) or 'a dataset that it does not name'
    raise CheckpointError(f'{checkpoint}: was trained on {names}, which is not nearby as it was; '
                          'name the episodes to predict over with --over DATASET')
