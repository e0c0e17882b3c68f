"""The steps of the loop: demonstrate, convert, train and evaluate, roll out and correct."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from il_ros.bags.find import find_bags
from il_ros.datasets.convert import convert
from il_ros.datasets.effort import dataset_effort, Effort
from il_ros.datasets.from_bags.cut import ALREADY
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError, IlRosError
from il_ros.evaluation.checkpoint import evaluate_checkpoint, Trial
from il_ros.evaluation.rollout import Conditions, Rollout
from il_ros.policies.checkpoint import recover
from il_ros.training.config import TrainConfig
from il_ros.training.train import Report, train
from il_ros.workflow.curve import CurveFile
from il_ros.workflow.session import Episode, Session, System

EVALUATION_SEEDS = 1_000_000  # held out: no recorded episode uses a seed from here on
SEEDS_PER_RUN = 10_000
FAILURES = 10  # demonstrations that may fail before something must be wrong


@dataclass(frozen=True)
class LoopConfig:
    """Sizes of the loop.

    Attributes:
        rollouts: Episodes per round, with the operator ready to take over.
        episodes: Rollouts per evaluation, on the same seeds for every policy.
        timeout_s: After which an episode has failed.
        workers: Processes of an evaluation, see `evaluate_checkpoint`.
    """

    seed: int = 0
    robot: str = 'sim_arm'
    task: str = 'PickPlace'
    rollouts: int = 10
    episodes: int = 50
    timeout_s: float = 12.0
    device: str = 'scripted'
    speed: float = 1.0
    scheduler: str = 'receding'
    execute_steps: int = 8
    conditions: Conditions = field(default_factory=lambda: Conditions(True, 0.005))
    training: TrainConfig = field(default_factory=TrainConfig)
    workers: int | None = None

    def __post_init__(self) -> None:
        for name in ('rollouts', 'episodes'):
            if getattr(self, name) < 1:
                raise ConfigError(f'{name}: expected at least 1, got {getattr(self, name)}')
        if not 0 <= self.seed < EVALUATION_SEEDS // SEEDS_PER_RUN:
            raise ConfigError(f'seed: expected 0 to {EVALUATION_SEEDS // SEEDS_PER_RUN - 1}, '
                              f'got {self.seed}')


@dataclass(frozen=True)
class Round:
    """A trained policy, what it was trained from and how it did.

    Attributes:
        human_seconds: A person drove or labelled for all its training data [s].
        rollouts: Its evaluation on the held-out seeds.
        curve: Of its training, see `CurveFile`.
        collected: Effort of the episodes that the round added to the training data.
    """

    name: str
    checkpoint: Path
    human_seconds: float
    rollouts: tuple[Rollout, ...]
    curve: dict[str, Any] = field(default_factory=dict, repr=False)
    collected: Effort = Effort()

    @property
    def successes(self) -> int:
        """Evaluation episodes that succeeded."""
        return sum(rollout.success for rollout in self.rollouts)

    def summary(self) -> dict[str, Any]:
        """Return what `summary.json` says of the round."""
        return {'name': self.name, 'successes': self.successes, 'episodes': len(self.rollouts),
                'human_seconds': round(self.human_seconds, 2), **self.collected.summary()}


class Progress(Protocol):
    """Who is told how the demo goes."""

    def step(self, text: str, total: int) -> None:
        """A step of `total` parts begins."""

    def advance(self, done: int, note: str = '') -> None:
        """So many parts of the present step are done."""

    def round(self, result: Round) -> None:
        """A policy has been trained and evaluated."""


class Loop:
    """Runs steps on one simulated robot; what they make lands under `out`.

    bags/<step>/ has the episodes, checkpoints/<step>/ the policies, logs/<step>/ the output of
    the nodes.
    """

    def __init__(self, config: LoopConfig, out: Path, progress: Progress) -> None:
        self._config, self._out, self._progress = config, out, progress
        self._seed = config.seed * SEEDS_PER_RUN
        self._known: dict[Path, Effort] = {}  # of each dataset at its last training

    def _next_seed(self) -> int:
        self._seed += 1
        return self._seed

    def session(self, name: str, checkpoint: Path | None = None) -> Session:
        """Return the running system, not yet started; its episodes go to bags/`name`."""
        config = self._config
        system = System(config.robot, config.task, config.device, checkpoint, config.seed,
                        config.speed, config.scheduler, config.execute_steps)
        return Session(system, self._out / 'bags' / name, self._out / 'logs' / name)

    def demonstrate(self, name: str, *, count: int | None = None,
                     human_seconds: float = 0.0) -> list[Path]:
        """Record demonstrations until `count` succeed, or for `human_seconds`; return their bags.

        A failed one is kept and labelled, but a person would not teach with it.

        Raises:
            IlRosError: Too many failed.
        """
        episodes: list[Episode] = []
        per_episode_s = 6.0
        total = count or max(1, round(human_seconds / per_episode_s))
        self._progress.step(f'record {name.replace("_", " ")} over ROS 2', total)
        with self.session(name) as session:
            good: list[Episode] = []
            while (len(good) < count if count
                   else sum(e.human_seconds for e in good) < human_seconds):
                episodes.append(session.demonstrate(self._next_seed(), self._config.timeout_s))
                good = [episode for episode in episodes if episode.success]
                self._progress.advance(len(good), _score(episodes))
                if len(episodes) - len(good) > FAILURES:
                    raise IlRosError(f'{len(episodes) - len(good)} of {len(episodes)} '
                                     f'demonstrations failed; see {self._out / "logs" / name}')
        return [episode.bag for episode in good]

    def correct(self, name: str, checkpoint: Path) -> list[Path]:
        """Record rollouts of a policy with the operator ready to take over; return the bags."""
        episodes: list[Episode] = []
        self._progress.step(f'{name}: the policy drives, the operator corrects',
                            self._config.rollouts)
        with self.session(name, checkpoint) as session:
            while len(episodes) < self._config.rollouts:
                episodes.append(session.roll_out(self._next_seed(), self._config.conditions,
                                                 self._config.timeout_s))
                self._progress.advance(len(episodes), _score(episodes))
        return [episode.bag for episode in episodes]

    def convert(self, bags: Sequence[Path], dataset: Path) -> None:
        """Append bags, or folders of them, to a dataset, or start it with them."""
        bags = find_bags(bags).bags
        self._progress.step(f'convert {len(bags)} episodes into {dataset.name}', len(bags))

        def advance(bag: Path, done: int, total: int) -> bool:
            self._progress.advance(done)
            return True

        result = convert(bags, dataset, append=dataset.exists(), trim_idle=True, skip_bad=True,
                         progress=advance)
        if left_out := [f'{bag.name}: {reason}' for bag, reason in result.skipped
                        if reason != ALREADY]:
            self._progress.advance(len(bags), f'left out: {"; ".join(left_out)}')

    def train(self, name: str, dataset: Path) -> Round:
        """Train a policy on a dataset and evaluate it on the held-out seeds."""
        checkpoint, curve = self.fit(name, dataset)
        effort = dataset_effort(Dataset(dataset))
        result = Round(name, checkpoint, effort.person_seconds, tuple(self.evaluate(checkpoint)),
                       curve, effort - self._known.get(dataset, Effort()))
        self._known[dataset] = effort
        self._progress.round(result)
        return result

    def fit(self, name: str, dataset: Path, start: Path | None = None
            ) -> tuple[Path, dict[str, Any]]:
        """Train a policy, or go on where a killed run of the same name was saved last.

        Args:
            name: Of its folder below checkpoints/.
            dataset: What it learns from.
            start: Checkpoint that it goes on from; None trains from scratch.

        Returns:
            The best checkpoint and the curve of the training.
        """
        out = self._out / 'checkpoints' / name
        config = replace(self._config.training, seed=self._config.seed,
                         start=str(start) if start else '')
        self._progress.step(f'train on {name.replace("_", " ")}', config.steps)
        out.mkdir(parents=True, exist_ok=True)
        recover(out / 'best')
        with CurveFile(out / 'curve.jsonl') as curve:
            def advance(report: Report) -> None:
                curve.add(report)
                self._progress.advance(report.step, f'loss {report.loss:.4f}')

            checkpoint = train(dataset, out, config, resume=(out / 'state').exists(),
                               progress=advance)
        return checkpoint, curve.read()

    def evaluate(self, checkpoint: Path) -> list[Rollout]:
        """Return rollouts of a policy on the held-out seeds, the same ones for every policy."""
        seeds = range(EVALUATION_SEEDS, EVALUATION_SEEDS + self._config.episodes)
        self._progress.step('evaluate on held-out seeds', len(seeds))
        return evaluate_checkpoint(
            Trial(checkpoint, self._config.task, self._config.conditions,
                  self._config.scheduler, self._config.execute_steps), seeds,
            workers=self._config.workers, progress=self._progress.advance)


def human_seconds(dataset: Dataset) -> float:
    """Return how long a human controlled the robot in a dataset [s]."""
    return dataset_effort(dataset).human_seconds


def _score(episodes: Sequence[Episode]) -> str:
    return f'{sum(e.success for e in episodes)}/{len(episodes)} succeeded'
