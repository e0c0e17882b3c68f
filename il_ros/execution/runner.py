"""A policy at work: streams in, one chunk per tick out, whatever inference takes.

Everything `policy_inference` does but ROS. Chunks that belong to an older control epoch are void:
only observations after the hand-over count.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from il_ros.alignment.aligner import Aligner, Unavailable
from il_ros.contract import Contract
from il_ros.errors import CheckpointError, ConfigError
from il_ros.execution.chunk import Chunk, Silent
from il_ros.execution.schedulers.scheduler import ChunkScheduler
from il_ros.execution.worker import Failure, InferenceWorker, Result, State
from il_ros.policies.source import Place
from il_ros.timing import MILLISECOND
from il_ros.types import Observation
from numpy.typing import NDArray

MOST_MISSED = 8     # ticks that a late process may make up for from what the streams kept


@dataclass
class Counters:
    """Since the start; for diagnostics."""

    chunks: int = 0           # given out
    inferences: int = 0       # finished
    unavailable: int = 0      # ticks without an observation
    gaps: int = 0             # of the observations, after which a history began anew
    void: int = 0             # chunks from before a change of control, thrown away
    failures: int = 0         # of the inference process
    inference_ms: float = 0.0  # the newest


class PolicyRunner:
    """Loads policies, keeps one at work and gives its chunks out."""

    def __init__(self, contract: Contract, scheduler: ChunkScheduler,
                 start_worker: Callable[[Place, Contract], InferenceWorker]) -> None:
        """Begin without a policy.

        Args:
            contract: The robot.
            scheduler: Turns chunks into rows; reset with every new epoch.
            start_worker: Starts inference for a checkpoint, see `InferenceWorker`.
        """
        self.contract = contract
        self.counters = Counters()
        self.active = False
        self.epoch = 0
        self._aligner = Aligner(contract)
        self._scheduler = scheduler
        self._start_worker = start_worker
        self._worker: InferenceWorker | None = None
        self._loading: InferenceWorker | None = None
        self._epoch_since_ns = -1
        self._newest: Result | None = None
        self._stamp_ns = 0
        self._past: deque[Observation] = deque(maxlen=0)  # since the last one that was submitted
        self._seen_ns = 0       # the newest observation that the policy was or will be given
        self._fresh = True      # the policy has to forget what came before
        self._awaited = False   # the chunk under way will count

    @property
    def checkpoint(self) -> Place | None:
        """The policy that is loaded, None without one."""
        return self._worker.checkpoint if self._worker else None

    @property
    def kind(self) -> str:
        """Which network is loaded, '' without one."""
        return self._worker.description.kind if self._worker else ''

    @property
    def topics(self) -> list[str]:
        """The streams that `push` takes."""
        return self._aligner.topics

    def load(self, checkpoint: Place) -> None:
        """Begin to load a checkpoint; the policy at work stays until `loaded` says it is ready.

        Raises:
            CheckpointError: Its description cannot be read, or another is being loaded.
            ContractMismatchError: It is for another robot.
        """
        if self._loading:
            raise CheckpointError(f'{self._loading.checkpoint} is being loaded; '
                                  'wait until that is done')
        self._loading = self._start_worker(checkpoint, self.contract)

    def loaded(self, *, activate: bool = False) -> Failure | Place | None:
        """Return, once, the checkpoint that is ready now or why it is not; else None.

        Args:
            activate: Give its chunks out at once.
        """
        worker = self._loading
        if worker is None:
            return None
        failure = worker.poll()
        if worker.state is State.STARTING:
            return None
        self._loading = None
        if isinstance(failure, Failure):
            return failure
        if self._worker:
            self._worker.close()
        self._worker = worker
        self._past = deque(maxlen=worker.description.past)
        if set(cameras := worker.description.cameras) != set(self._aligner.cameras):
            self._aligner = Aligner(self.contract, cameras)
        self._forget()
        self.active |= activate
        return worker.checkpoint

    def activate(self) -> str:
        """Begin to give chunks out; return which policy's.

        Raises:
            ConfigError: No policy is loaded.
        """
        if self._worker is None:
            raise ConfigError('no policy is loaded; call policy/load with a checkpoint first')
        self._forget()
        self.active = True
        return f'active: {self._worker.checkpoint}'

    def deactivate(self) -> str:
        """Give no more chunks out."""
        self.active = False
        self._forget()
        return 'not active'

    def push(self, topic: str, stamp_ns: int, value: NDArray[Any]) -> None:
        """Take a sample of a stream; see `Aligner.push`."""
        self._aligner.push(topic, stamp_ns, value)

    def change_epoch(self, epoch: int, stamp_ns: int) -> None:
        """Take note of who is in control; with a new epoch every chunk is void.

        Args:
            epoch: Of the newest control mode.
            stamp_ns: Its stamp; observations up to it are not for this epoch.
        """
        if epoch != self.epoch:
            self.epoch, self._epoch_since_ns = epoch, stamp_ns
            self._forget()

    def tick(self, stamp_ns: int) -> Chunk | Silent:
        """Take what was inferred, ask for the next chunk and return what is due.

        Args:
            stamp_ns: The tick [ns, ROS time].
        """
        if stamp_ns < self._stamp_ns:  # the clock was set back: nothing from before it counts
            self._aligner.reset()
            self._epoch_since_ns = stamp_ns
            self._forget()
        self._stamp_ns = stamp_ns
        if self._worker is None:
            return Silent('no policy is loaded')
        failure = self._collect(self._worker, stamp_ns)
        if not self.active:
            return Silent('not active')
        if failure:
            return Silent(failure.reason, problem=True, event=True)

        observation = self._aligner.observe(stamp_ns)
        if isinstance(observation, Unavailable):
            self.counters.unavailable += 1
            return Silent(f'{observation.topic}: {observation.reason}', problem=True)
        rows = self._scheduler.output(stamp_ns)
        start_ns = stamp_ns + self.contract.period_ns
        if stamp_ns > self._epoch_since_ns:
            self._bridge(stamp_ns)
            if self._scheduler.due(start_ns) and self._worker.submit(
                    replace(observation, past=tuple(self._past)),
                    self._scheduler.previous(start_ns), reset=self._fresh):
                self._fresh, self._awaited = False, True
                self._past.clear()
            else:
                self._remember([observation])
        if self._newest is None:
            return Silent('waiting for the first chunk')
        if rows is None:
            return Silent(f'the chunk has ended; the last inference took '
                          f'{self.counters.inference_ms:.0f} ms', problem=True)
        self.counters.chunks += 1
        passed = round((stamp_ns - self._newest.observation_ns) / self.contract.period_ns) - 1
        return Chunk(stamp_ns, rows, self._newest.observation_ns, self._newest.inference_ns,
                     self.epoch, self._newest.uncertainty_from(passed, len(rows)))

    def close(self) -> None:
        """End the inference processes."""
        for worker in (self._worker, self._loading):
            if worker:
                worker.close()

    def _bridge(self, stamp_ns: int) -> None:
        """Look at the ticks that were left out, or forget the past: histories end at gaps."""
        seen_ns, self._seen_ns = self._seen_ns, stamp_ns
        ticks = round((stamp_ns - seen_ns) / self.contract.period_ns)
        if self._fresh and not self._past or not self._past.maxlen or ticks <= 1:
            return
        missed = [self._aligner.observe(seen_ns + (stamp_ns - seen_ns) * k // ticks)
                  for k in range(1, ticks)] if ticks <= MOST_MISSED else []
        if len(found := [o for o in missed if isinstance(o, Observation)]) == ticks - 1:
            return self._remember(found)
        self.counters.gaps += 1
        self._past.clear()
        self._fresh = True

    def _remember(self, seen: list[Observation]) -> None:
        """Keep what goes with the next request; without room the policy begins anew."""
        room = self._past.maxlen or 0
        self._fresh |= bool(room) and len(self._past) + len(seen) > room
        self._past.extend(seen)

    def _collect(self, worker: InferenceWorker, stamp_ns: int) -> Failure | None:
        found = worker.poll()
        if isinstance(found, Failure):
            self.counters.failures += 1
            self._forget()  # rather silence, and the gate holds, than a chunk played out blindly
            if worker.state is State.ENDED:
                worker.restart()
            return found
        if found:
            self.counters.inferences += 1
            self.counters.inference_ms = found.inference_ns / MILLISECOND
            if not self._awaited:
                self.counters.void += 1
                return None
            self._newest = found
            self._scheduler.add(found.chunk, found.observation_ns + self.contract.period_ns,
                                stamp_ns)
        return None

    def _forget(self) -> None:
        self._scheduler.reset()
        self._newest = None
        self._past.clear()
        self._fresh, self._awaited = True, False
