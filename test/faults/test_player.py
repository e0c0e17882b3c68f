"""The process that publishes chunks notices a publish call that blocks."""
import socket
import threading
import time

from il_ros.execution.chunk import Chunk
from il_ros.execution.plan import Plan
from il_ros.execution.player import Job, PLAYED, Played
from il_ros.nodes.policy.chunk_player import BLOCKED_NS, play
from il_ros.nodes.policy.chunk_publisher import ChunkPublisher
from il_ros.timing import MILLISECOND, SECOND
from nodes.harness import next_domain
from nodes.robot import CONTRACT, START
import numpy as np
import pytest
import rclpy

DOMAIN = next_domain()
ROWS = 100


@pytest.fixture
def node():
    context = rclpy.Context()
    context.init(domain_id=DOMAIN)
    yield rclpy.create_node('player', context=context)
    context.try_shutdown()


class Publisher(ChunkPublisher):
    """The real one, on a transport that takes its time."""

    def publish(self, source_id, chunk):
        super().publish(source_id, chunk)
        time.sleep(2 * BLOCKED_NS / SECOND)


def test_publish_calls_that_block_are_counted(node):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    now_ns = time.monotonic_ns()
    job = Job(CONTRACT.to_text(), now_ns, CONTRACT.period_ns, 0)
    thread = threading.Thread(target=play, args=(Publisher(node, CONTRACT), job, theirs))
    thread.start()
    played = Played()
    try:
        ours.settimeout(20.0)
        while played.published < 5:
            chunk = Chunk(node.get_clock().now().nanoseconds, np.tile(START, (ROWS, 1)), 1, 1, 0,
                          np.empty(0))
            ours.send(Plan(time.monotonic_ns(), 'test', chunk).pack())
            played = Played(*PLAYED.unpack(ours.recv(1 << 12)))
    finally:
        ours.close()
        thread.join()
        theirs.close()
    assert played.publish_blocked == played.published >= 5
    assert played.publish_slowest_ms >= 2 * BLOCKED_NS / MILLISECOND
