"""The process that publishes chunks, as its parent sees it; `nodes.chunk_player` is what it runs.

The parent subscribes, infers and serves. Whatever delays it, the player keeps the grid.
"""
from __future__ import annotations

from dataclasses import asdict, dataclass
import json
import struct
from typing import NamedTuple

from il_ros.execution.child import Child
from il_ros.execution.plan import LEASE_NS, Plan, SILENCE

PROCESS, NAME = 'il_ros.nodes.policy.chunk_player', 'chunk_player'
LEAD = 8  # a plan is made this part of a period before the player needs it


@dataclass(frozen=True)
class Job:
    """What the player is told.

    Attributes:
        contract: Text of the contract.
        start_ns: A tick of the grid, steady time.
        period_ns: Steady time between two ticks.
        priority: Of SCHED_FIFO; 0 does not ask for it.
        lease_ns: See `plan.Playback`.
    """

    contract: str
    start_ns: int
    period_ns: int
    priority: int
    lease_ns: int = LEASE_NS


class Played(NamedTuple):
    """Since the start; for diagnostics.

    Attributes:
        published: Chunks.
        ticks_skipped: Overdue ticks that were left out.
        publish_blocked: Publish calls that took longer than `nodes.chunk_player.BLOCKED_NS`.
        publish_slowest_ms: Of all publish calls.
    """

    published: int = 0
    ticks_skipped: int = 0
    publish_blocked: int = 0
    publish_slowest_ms: float = 0.0

    def pack(self) -> bytes:
        """Return this as a datagram."""
        return PLAYED.pack(*self)


PLAYED = struct.Struct('<3qd')


class ChunkPlayer:
    """One player; every call returns at once but `close`.

    Attributes:
        lead_ns: What is to be published at a tick should be told this long before it.
    """

    def __init__(self, job: Job, arguments: list[str]) -> None:
        """Start it.

        Args:
            job: What to do.
            arguments: ROS arguments of the parent: namespace and remappings hold for both.
        """
        self.lead_ns = job.period_ns // LEAD
        self.first_ns = job.start_ns + job.period_ns - self.lead_ns
        self._played = Played()
        self._child = Child(PROCESS, NAME, json.dumps(asdict(job)), arguments,
                            'publishes chunks', 'policy_inference')

    def play(self, plan: Plan | None) -> None:
        """Replace what is played from now on; None is silence."""
        # A full socket: it is stopped, and finds its plans void when it goes on.
        self._child.tell(plan.pack() if plan else SILENCE)

    def played(self) -> Played:
        """Return what it has done.

        Raises:
            ChildError: It has ended.
        """
        for datagram in self._child.told():
            self._played = Played(*PLAYED.unpack(datagram))
        return self._played

    def close(self) -> None:
        """End it."""
        self._child.close()
