"""A person's hand at the simulated arm."""
from __future__ import annotations

from geometry_msgs.msg import PoseStamped
from il_ros.nodes import shell
from il_ros.sim.robot import SimulatedRobot
import numpy as np
from rclpy.node import Node
from std_srvs.srv import SetBool

GUIDE, HAND = 'sim/guide', 'sim/hand'
THROTTLE_S = 2.0


class Hand:
    """Offers `sim/guide`, which lets go of the arms, and listens to where the hand is.

    `frame_id` of a pose names the tool that the hand holds, as the contract's poses do.
    """

    def __init__(self, node: Node, robot: SimulatedRobot) -> None:
        """Offer the service and listen.

        Args:
            node: sim_robot.
            robot: Which is led.
        """
        self._node, self._robot = node, robot
        node.create_service(SetBool, GUIDE, self._guide)
        node.create_subscription(PoseStamped, HAND, self._pull, shell.STREAM)

    def _guide(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._robot.lead(request.data)
        response.success = True
        response.message = 'led by hand' if request.data else 'holds where it is'
        return response

    def _pull(self, message: PoseStamped) -> None:
        at, turned, tool = message.pose.position, message.pose.orientation, message.header.frame_id
        pose = np.array([at.x, at.y, at.z, turned.x, turned.y, turned.z, turned.w])
        if not (np.isfinite(pose).all() and abs(np.linalg.norm(pose[3:]) - 1) < 0.1 and
                self._robot.simulation.led.pull(tool, pose)):
            self._node.get_logger().error(
                f'{HAND}: expected the pose of a tool that frame_id names, got {tool!r}, {pose}',
                throttle_duration_sec=THROTTLE_S)
