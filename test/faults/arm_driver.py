"""The driver of one arm: `python -m faults.arm_driver DOMAIN CONTRACT TOPIC COMMANDS`."""
from __future__ import annotations

import sys

from il_ros.contract import Contract
from il_ros.nodes import shell
from il_ros.scheduling import run_first
from nodes.peer import Peer
import numpy as np
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory


def main(domain: str, robot: str, topic: str, commands: str) -> None:
    """Publish the arm's joints at 100 Hz, and take trajectories, until the end of the process."""
    contract = Contract.load(robot)
    state, = contract.state_topics[topic]
    position = np.array(contract.start)[contract.indices(state.joints)].tolist()

    def follow(message: JointTrajectory) -> None:
        position[:len(message.joint_names)] = message.points[0].positions
    run_first(children=False)
    with Peer(int(domain), 'arm_driver') as peer:
        states = peer.node.create_publisher(JointState, topic, shell.STREAM)

        def tell() -> None:
            message = JointState(name=list(state.joints), position=position)
            message.header.stamp = peer.node.get_clock().now().to_msg()
            states.publish(message)
        peer.node.create_subscription(JointTrajectory, commands, follow, shell.STREAM)
        peer.node.create_timer(0.01, tell)
        while True:
            peer.executor.spin_once()


if __name__ == '__main__':
    main(*sys.argv[1:])
