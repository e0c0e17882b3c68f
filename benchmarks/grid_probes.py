"""Processes of benchmarks/jitter.py: `python -m benchmarks.grid_probes NAME ...`."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
import gc
from pathlib import Path
import sys
import time

from il_ros.contract import Contract
from il_ros.disk.atomic import write_atomically
from il_ros.scheduling import run_first
from il_ros.timing import SECOND
import numpy as np

from benchmarks.probes import drivers

SETTLE_NS = SECOND   # of each stream is left out
FLOOR_VALUES = 2100  # of the chunk of 300 rows that the benchmark's network gives


def busy() -> None:
    """Take all the processor time there is."""
    while True:
        pass


def floor(out: str, begin: str, period_ns: str, seconds: str) -> None:
    """Write when a loop that only sleeps to absolute deadlines was due and when it woke [ns].

    Then it publishes a message of a chunk's size on `floor/chunk`, made beforehand and stamped
    with that deadline. It begins when the file `begin` appears, and runs under SCHED_FIFO where
    that is permitted.
    """
    run_first()
    from il_ros.msg import ActionChunk
    from il_ros.nodes import shell
    import rclpy
    shell.prepare_transport()
    rclpy.init()
    node = rclpy.create_node('floor_probe')
    publisher = node.create_publisher(ActionChunk, 'floor/chunk', shell.STREAM)
    message = ActionChunk(positions=np.zeros(FLOOR_VALUES))
    while not Path(begin).exists():
        time.sleep(0.01)
    gc.disable()
    due, times = time.monotonic_ns(), []
    ros_ns = time.time_ns() - due
    for _ in range(round(float(seconds) * SECOND / int(period_ns))):
        due += int(period_ns)
        message.header.stamp = shell.to_stamp(due + ros_ns)
        time.sleep(max(0, due - time.monotonic_ns()) / SECOND)
        times.append((due, time.monotonic_ns()))
        publisher.publish(message)
    np.save(out, np.array(times))


def stalls(out: str, period_ns: str) -> None:
    """Write the worst lateness [ns] of a bare SCHED_FIFO loop so far, each time it grows."""
    run_first()
    gc.disable()
    worst, due = 0, time.monotonic_ns()
    while True:
        due = max(due + int(period_ns), time.monotonic_ns())
        time.sleep(max(0, due - time.monotonic_ns()) / SECOND)
        if (late := time.monotonic_ns() - due) > worst:
            worst = late
            write_atomically(Path(out), str(worst))


def chunks(out: str, floor_out: str, begin: str, seconds: str) -> None:
    """Write of each chunk its stamp and when it arrived [ns, system time].

    Those on policy/chunk into one file, those on floor/chunk into the other. Independent, raw
    subscriptions under SCHED_FIFO. The first second is left out; after it the file `begin`
    appears.
    """
    run_first()
    from il_ros.msg import ActionChunk
    from il_ros.nodes import shell
    from il_ros.recording.cdr import stamp_ns
    import rclpy
    shell.prepare_transport()
    rclpy.init()
    node = rclpy.create_node('chunk_probe')
    times: list[tuple[int, int]] = []
    of_floor: list[tuple[int, int]] = []
    for topic, found in (('policy/chunk', times), ('floor/chunk', of_floor)):
        node.create_subscription(
            ActionChunk, topic, partial(_arrived, found, stamp_ns), shell.STREAM, raw=True)
    while not times or times[-1][1] - times[0][1] < SETTLE_NS:
        rclpy.spin_once(node, timeout_sec=1.0)
    Path(begin).touch()
    times.clear()
    gc.disable()
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)
    np.save(out, np.array(times).reshape(-1, 2))
    np.save(floor_out, np.array(of_floor).reshape(-1, 2))


def _arrived(found: list[tuple[int, int]], stamp_ns: Callable[[bytes], int | None],
             data: bytes) -> None:
    found.append((stamp_ns(data) or 0, time.time_ns()))


def naive(checkpoint: str) -> None:
    """Call the network inside an rclpy timer that also publishes, beside image callbacks.

    Chunks are stamped with the tick of the timer that they were meant for.
    """
    from il_ros.execution.runner import Chunk
    from il_ros.nodes import shell
    from il_ros.nodes.policy.chunk_publisher import ChunkPublisher
    from il_ros.nodes.shared.streams import Streams
    from il_ros.policies.checkpoint import read
    from il_ros.policies.load import load, sample_observation
    import rclpy
    import torch
    torch.set_num_threads(1)
    seen = sample_observation(read(Path(checkpoint)))
    policy = load(Path(checkpoint))
    contract = policy.contract
    shell.prepare_transport()
    rclpy.init()
    node = rclpy.create_node('naive')
    publisher = ChunkPublisher(node, contract)
    topics = {camera.topic: camera.name for camera in contract.cameras}

    def push(topic: str, stamp_ns: int, image: np.ndarray) -> None:
        seen.images[topics[topic]] = image

    streams = Streams(node, contract, push)
    streams.follow(topics)
    start_ns = time.time_ns()

    def tick() -> None:
        now_ns = time.time_ns()
        due_ns = now_ns - (now_ns - start_ns) % contract.period_ns
        publisher.publish('naive', Chunk(due_ns, policy.infer(seen), due_ns, 0, 0, np.zeros(0)))

    node.create_timer(contract.period_ns / SECOND, tick)
    rclpy.spin(node)


def commands(out: str, robot: str, seconds: str) -> None:
    """Write the time from each command's publication to its arrival at all topics [ns].

    Stands for arbiter and robot, 30 commands per second, under SCHED_FIFO. -1 where one did not.
    """
    run_first()
    from il_ros.msg import Command
    from il_ros.nodes import shell
    import rclpy
    from trajectory_msgs.msg import JointTrajectory
    contract = Contract.load(robot)
    shell.prepare_transport()
    rclpy.init()
    node = rclpy.create_node('gate_probe')
    told, start = drivers(node, contract), np.array(contract.start)
    publisher = node.create_publisher(Command, 'control/command', shell.STREAM)
    arrived: list[int] = []
    for interface in contract.commands:
        node.create_subscription(JointTrajectory, interface.topic,
                                 lambda _: arrived.append(time.monotonic_ns()), shell.STREAM)
    command = Command(session=shell.new_session(), source=Command.HUMAN,
                      joint_names=contract.joint_names, positions=contract.start)
    took: list[int] = []

    def spin(end_ns: int) -> None:
        while (left_ns := end_ns - time.monotonic_ns()) > 0:
            rclpy.spin_once(node, timeout_sec=left_ns / SECOND)

    gc.disable()
    begin, due = 0, time.monotonic_ns()
    while not begin or due < begin + float(seconds) * SECOND:
        due = max(due + contract.period_ns, time.monotonic_ns())   # no burst after a stall
        for publish in told:
            publish(start, time.time_ns())
        spin(due - contract.period_ns // 2)
        command.header.stamp = shell.to_stamp(time.time_ns())
        command.seq += 1
        arrived.clear()
        sent = time.monotonic_ns()
        publisher.publish(command)
        spin(due)
        whole = len(arrived) == len(contract.commands)
        if whole and not begin:
            begin = due  # the gate is armed
        elif begin:
            took.append(arrived[-1] - sent if whole else -1)
    np.save(out, np.array(took))


PROBES: dict[str, Callable[..., None]] = {
    probe.__name__: probe for probe in (busy, floor, stalls, chunks, naive, commands)}

if __name__ == '__main__':
    PROBES[sys.argv[1]](*sys.argv[2:])
