"""Rollouts for DAgger itself: the simulated expert labels every state, beta says who acts."""
from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import Any

from il_ros.contract import Contract, require_same
from il_ros.datasets.effort import episode_efforts
from il_ros.datasets.extend import extend, NewEpisode
from il_ros.datasets.reader import Dataset
from il_ros.evaluation.labelled_rollout import label_rollout, LabelledRollout
from il_ros.evaluation.rollout import Rollout
from il_ros.execution.chunk_scheduler import make_scheduler
from il_ros.intervention.beta import Beta
from il_ros.policies.load import load
from il_ros.policies.policy import Policy
from il_ros.workflow.loop import Loop, LoopConfig


class VanillaCollector:
    """The simulation in this process, without ROS; each rollout goes into the dataset at once."""

    paired = True

    def __init__(self, config: LoopConfig, loop: Loop, out: Path, dataset: Path,
                 beta: Beta) -> None:
        """Raises IlRosError where the robot or the task is not one of the simulated expert's."""
        import gymnasium
        import il_ros.sim  # noqa: F401  registers the environments
        from il_ros.teleop.scripted.operators import make_operator

        self._config, self._loop, self._out = config, loop, out
        self._dataset, self._beta = dataset, beta
        self._contract = Dataset(dataset).contract
        require_same(Contract.load(config.robot), self._contract, config.robot, str(dataset))
        self._expert = make_operator(self._contract, config.seed, config.task)
        self._env: Any = gymnasium.make(f'il_ros/{config.task}-v0', contract=self._contract,
                                        cameras=bool(self._contract.cameras))
        self._policy: Policy | None = None
        self._share = 1.0

    def begin(self, number: int, checkpoint: Path) -> None:
        """Load the policy; beta is that of the round."""
        self._policy, self._share = load(checkpoint), self._beta.at(number)

    def recorded(self, seed: int, known: Collection[str]) -> tuple[Rollout, str] | None:
        """Return the rollout of a seed that is in the dataset already."""
        dataset = Dataset(self._dataset)
        for index, episode in enumerate(dataset.episodes):
            if episode.get('source_hash') == _digest(self._out, seed) and _name(seed) not in known:
                found = episode_efforts(dataset)[index]
                return Rollout(seed, bool(found.successes), found.seconds, found.take_overs,
                               found.human_seconds), _name(seed)
        return None

    def roll_out(self, seed: int) -> tuple[Rollout, str]:
        """Roll out one episode and append it to the dataset."""
        assert self._policy is not None
        config = self._config
        found: LabelledRollout = label_rollout(
            self._env, self._contract, self._policy,
            make_scheduler(config.scheduler, self._contract, config.execute_steps),
            self._expert, self._share, seed, config.conditions,
            max_steps=round(config.timeout_s * self._contract.rate_hz))
        extend(self._dataset, self._contract, [NewEpisode(
            found.rows, _name(seed), _digest(self._out, seed), self._contract.task,
            found.result.success, {'operator': 'simulated expert'})])
        return found.result, _name(seed)

    def rest(self) -> None:
        """Nothing runs on."""

    def aggregate(self, dataset: Path) -> None:
        """Nothing is left to append."""

    def load(self, checkpoint: Path) -> None:
        """The next `begin` does it."""

    def close(self) -> None:
        """Free the cameras."""
        self._env.close()


def _name(seed: int) -> str:
    return f'vanilla_{seed}'


def _digest(out: Path, seed: int) -> str:
    """Return what names a rollout of this run, whatever other runs append to the same dataset."""
    return sha256(f'{out.resolve()} {seed}'.encode()).hexdigest()
