"""The process that publishes chunks and does nothing else; policy_inference starts it.

It has no subscription and no service, sleeps to absolute deadlines and plays the newest plan on,
whatever delays its parent. It ends with its parent.
"""
from __future__ import annotations

from contextlib import suppress
import gc
import json
import socket
import sys
import time

from il_ros.config import build
from il_ros.contract import Contract
from il_ros.execution.child import received
from il_ros.execution.plan import PATIENCE_NS, Playback
from il_ros.execution.player import Job, NAME, Played
from il_ros.nodes.policy.chunk_publisher import ChunkPublisher
from il_ros.nodes.shared.beside import beside
from il_ros.scheduling import run_first
from il_ros.timing import Grid, MILLISECOND, SECOND

BLOCKED_NS = 5 * MILLISECOND
YOUNG = 1    # generations of garbage that are collected between two ticks


def play(publisher: ChunkPublisher, job: Job, channel: socket.socket) -> None:
    """Publish, tick by tick, what the newest plan says, until the parent is gone."""
    playback = Playback(job.period_ns, publisher.period_ns,
                        patience_ns=max(PATIENCE_NS, job.lease_ns), lease_ns=job.lease_ns)
    grid = Grid(job.period_ns, job.start_ns)
    grid.take(time.monotonic_ns())  # what was due before is not skipped
    published = skipped = blocked = slowest_ns = 0
    while True:
        time.sleep(max(grid.due_ns - time.monotonic_ns(), 0) / SECOND)
        if (tick := grid.take(time.monotonic_ns())) is None:
            continue
        datagrams = list(received(channel))
        if b'' in datagrams:
            return
        if datagrams:
            playback.take(datagrams[-1])
        skipped += tick.skipped
        if due := playback.at(tick.due_ns):
            began_ns = time.monotonic_ns()
            publisher.publish(*due)
            took_ns = time.monotonic_ns() - began_ns
            published += 1
            blocked += took_ns > BLOCKED_NS
            slowest_ns = max(slowest_ns, took_ns)
        played = Played(published, skipped + playback.overtaken, blocked, slowest_ns / MILLISECOND)
        with suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            channel.send(played.pack(), socket.MSG_DONTWAIT)
        gc.collect(YOUNG)


def main(socket_fd: str, job_text: str, *arguments: str) -> int:
    """Play until the parent is gone; the arguments come from `ChunkPlayer`."""
    job = build(Job, json.loads(job_text), 'job')
    with beside(NAME, socket_fd, *arguments) as (node, channel):
        publisher = ChunkPublisher(node, Contract.from_text(job.contract))
        if job.priority:
            run_first(job.priority)  # the parent says when the system refuses
        gc.freeze()   # a collection never walks what the imports left,
        gc.disable()  # and never comes between a tick and its chunk
        play(publisher, job, channel)
    return 0


if __name__ == '__main__':
    raise SystemExit(main(*sys.argv[1:]))
