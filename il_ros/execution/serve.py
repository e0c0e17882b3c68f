"""The child of `InferenceWorker`: loads a policy and answers until its parent is gone."""
from __future__ import annotations

import contextlib
from dataclasses import replace
import json
import mmap
from pathlib import Path
import socket
import sys
import time

from il_ros.config import build
from il_ros.contract import Contract
from il_ros.errors import CheckpointError, IlRosError
from il_ros.execution.layout import Layout, Views
from il_ros.execution.worker import CHUNK, ERROR, INFERRED, Job, MAX_MESSAGE, READY, RESET
from il_ros.policies.policy import (
    Continuation,
    Doubting,
    infer,
    infer_or_hold,
    Policy,
    start_observation,
)
from il_ros.policies.source import describe, open_policy, parse_place
from il_ros.scheduling import end_with_parent, ignore_interrupts
import numpy as np

WARM_UP = 3  # the first runs of a network are slow


def main(socket_fd: str, memory_fd: str, job_text: str) -> int:
    """Serve one policy; the arguments come from `InferenceWorker`."""
    ignore_interrupts()  # Ctrl-C goes to the parent, which ends us
    end_with_parent()
    with (socket.socket(fileno=int(socket_fd)) as channel,
          contextlib.suppress(BrokenPipeError, ConnectionResetError)):  # the parent is gone
        try:
            job = build(Job, json.loads(job_text), 'job')
            place = parse_place(job.place)
            robot = robot_of(job, sys.stdin.buffer.read().decode())
            known = describe(place, robot)
            policy = open_policy(place, job.options, robot, deadline_s=job.deadline_s,
                                 start_deadline_s=job.start_deadline_s)
            layout = Layout.of(known.contract, known.cameras, known.horizon, known.past)
            memory = mmap.mmap(int(memory_fd), 0)
            if len(memory) != layout.size:
                raise CheckpointError(f'{place}: was replaced while it was loaded')
            seen = start_observation(policy.contract, policy.cameras)
            rests = Continuation(seen.state[None], 1) if job.options.realtime else None
            for _ in range(WARM_UP):
                infer_or_hold(policy, seen, rests)  # what is seen is no scene: any pose may come
            policy.reset()
        except (IlRosError, RuntimeError) as error:
            channel.send(ERROR + str(error).encode()[:MAX_MESSAGE - 1])
            return 2
        channel.send(READY)
        answer(policy, layout.views(memory), channel)
    return 0


def robot_of(job: Job, urdf: str) -> Contract | None:
    """Return the robot of a job as its parent knows it, with a URDF that came as text."""
    if not job.contract:
        return None
    return replace(Contract.from_text(job.contract), urdf_text=urdf,
                   folder=Path(job.folder) if job.folder else None)


def answer(policy: Policy, views: Views, channel: socket.socket) -> None:
    """Infer for each request until the parent is gone."""
    while request := channel.recv(1):
        if request == RESET:
            policy.reset()
        began = time.monotonic_ns()
        try:
            chunk = infer(policy, *views.get())
        except IlRosError as error:  # of a server, or a tool out of reach
            channel.send(ERROR + str(error).encode()[:MAX_MESSAGE - 1])
            continue
        except (RuntimeError, ValueError) as error:  # out of memory, device lost
            channel.send(ERROR + f'inference failed: {error}'.encode()[:MAX_MESSAGE - 1])
            continue
        if not np.isfinite(chunk).all():
            channel.send(ERROR + b'the policy gave targets that are not finite')
            continue
        views.chunk[:len(chunk)] = chunk
        known = policy.uncertainty if isinstance(policy, Doubting) else None
        views.uncertainty[:len(chunk)] = np.nan if known is None else known
        channel.send(CHUNK + INFERRED.pack(time.monotonic_ns() - began, len(chunk)))


if __name__ == '__main__':
    raise SystemExit(main(*sys.argv[1:]))
