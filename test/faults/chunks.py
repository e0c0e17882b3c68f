"""Stands for a policy: `python -m faults.chunks DOMAIN CONTRACT base_x=0.3 left_1~0.2`.

It publishes a chunk at every tick, as policy_inference does, until it is killed. Columns stay
where the robot starts, at a value, or swing by so much.
"""
from __future__ import annotations

import sys
import time

from il_ros.contract import Contract
from il_ros.msg import ActionChunk, ControlMode
from il_ros.nodes import shell
from il_ros.scheduling import run_first
from il_ros.timing import SECOND
from nodes.peer import Peer
import numpy as np

HORIZON = 20
SWING_S = 4.0   # there and back


def main(domain: str, robot: str, *wanted: str) -> None:
    """Publish until the end of the process."""
    contract = Contract.load(robot)
    row, swing = np.array(contract.start), np.zeros(len(contract.joints))
    for text in wanted:
        name, value = text.replace('~', '=').split('=')
        (swing if '~' in text else row)[contract.joint_names.index(name)] = float(value)
    run_first(children=False)
    with Peer(int(domain), 'policy') as peer:
        node, session, epoch = peer.node, shell.new_session(), [0]
        chunks = node.create_publisher(ActionChunk, 'policy/chunk', shell.STREAM)
        node.create_subscription(ControlMode, 'control/mode',
                                 lambda m: epoch.append(m.epoch), shell.LATCHED)
        due_ns, seq = time.monotonic_ns(), 0
        while True:
            due_ns += contract.period_ns
            while (left_ns := due_ns - time.monotonic_ns()) > 0:
                peer.executor.spin_once(timeout_sec=left_ns / SECOND)
            at_s = due_ns / SECOND + np.arange(HORIZON) / contract.rate_hz
            rows = row + np.sin(2 * np.pi * at_s / SWING_S)[:, None] * swing
            message = ActionChunk(
                source_id='policy', session=session, seq=seq, epoch=epoch[-1],
                joint_names=contract.joint_names, dt=contract.period_ns / SECOND,
                horizon=HORIZON, positions=rows.ravel().tolist())
            message.header.stamp = node.get_clock().now().to_msg()
            message.observation_stamp = message.header.stamp
            chunks.publish(message)
            seq += 1


if __name__ == '__main__':
    main(*sys.argv[1:])
