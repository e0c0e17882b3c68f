"""The driver of one arm: `python -m faults.arm_driver DOMAIN CONTRACT TOPIC`; it stands."""
from __future__ import annotations

import sys

from il_ros.contract import Contract
from il_ros.nodes import shell
from il_ros.scheduling import run_first
from nodes.peer import Peer
import numpy as np
from sensor_msgs.msg import JointState


def main(domain: str, robot: str, topic: str) -> None:
    """Publish the start of the arm's joints at 100 Hz until the end of the process."""
    contract = Contract.load(robot)
    state, = contract.state_topics[topic]
    position = np.array(contract.start)[contract.indices(state.joints)].tolist()
    run_first(children=False)
    with Peer(int(domain), 'arm_driver') as peer:
        states = peer.node.create_publisher(JointState, topic, shell.STREAM)

        def tell() -> None:
            message = JointState(name=list(state.joints), position=position)
            message.header.stamp = peer.node.get_clock().now().to_msg()
            states.publish(message)
        peer.node.create_timer(0.01, tell)
        while True:
            peer.executor.spin_once()


if __name__ == '__main__':
    main(*sys.argv[1:])
