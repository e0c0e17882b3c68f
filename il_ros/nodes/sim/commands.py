"""What sim_robot listens to: every interface of the contract, as a robot's controllers would."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from il_ros.contract import CommandInterface
from il_ros.errors import ConfigError, MessageError
from il_ros.nodes import shell
from il_ros.nodes.sim.gripper_server import GripperServer
from il_ros.sim.commands import named, setpoint, trajectory, twist
from il_ros.sim.simulation import Simulation
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

TYPES = {'trajectory_msgs/JointTrajectory': JointTrajectory,
         'std_msgs/Float64MultiArray': Float64MultiArray, 'sensor_msgs/JointState': JointState,
         'geometry_msgs/Twist': Twist, 'geometry_msgs/TwistStamped': TwistStamped}
# Of a robot with one interface for all joints, which also takes what others would send.
STANDARD = {'trajectory_msgs/JointTrajectory': 'joint_trajectory_controller/joint_trajectory',
            'std_msgs/Float64MultiArray': 'position_controller/commands'}
THROTTLE_S = 2.0
NOW = np.zeros(1, dtype=np.int64)
LONG = np.array([60 * SECOND])   # velocities count until others come: without end, but for this
# Columns of the contract, positions (K, n), when each is due after the start [ns], the start [ns].
Apply = Callable[[list[int], Floats, np.ndarray, int], None]


class SimCommands:
    """Turns the messages of the robot's interfaces into trajectories of its columns."""

    def __init__(self, node: Node, simulation: Simulation, apply: Apply) -> None:
        """Listen.

        Args:
            node: sim_robot.
            simulation: Of the robot.
            apply: Takes what a message means; may raise MessageError.

        Raises:
            ConfigError: The simulation has no such interface.
        """
        contract = simulation.contract
        self._node, self._simulation, self._apply = node, simulation, apply
        self.grippers = [GripperServer(node, interface, contract, apply,
                                       lambda column: float(simulation.positions[column]))
                         for interface in contract.commands if interface.action]
        topics = [interface for interface in contract.commands if interface.topic]
        for interface in topics:
            self._listen(interface)
        if len(contract.commands) == 1:
            (only,) = contract.commands
            for kind, topic in STANDARD.items():
                if only.type in STANDARD and kind != only.type:
                    self._listen(CommandInterface(topic, kind, only.joints))

    def _listen(self, interface: CommandInterface) -> None:
        if interface.type not in TYPES:
            raise ConfigError(f'{interface.name}: the simulation has no controller that takes '
                              f'{interface.type}; it takes {", ".join(TYPES)}')
        self._node.create_subscription(TYPES[interface.type], interface.name,
                                       partial(self._take, interface), shell.STREAM)

    def _take(self, interface: CommandInterface, message: Any) -> None:
        simulation, joints = self._simulation, list(interface.joints or ())
        columns = simulation.contract.indices(joints)
        try:
            if isinstance(message, JointTrajectory):
                positions, after_ns = trajectory(joints, message)
                self._apply(columns, positions, after_ns, shell.stamp_ns(message.header.stamp))
            elif interface.by_velocity:
                way = setpoint(joints, message) * (LONG / SECOND)
                begin = simulation.setpoints(simulation.now_ns)[:, columns]
                self._apply(columns, begin + way, LONG, 0)
            elif isinstance(message, Float64MultiArray):
                self._apply(columns, setpoint(joints, message), NOW, 0)
            elif isinstance(message, JointState):
                self._apply(columns, named(joints, message), NOW, 0)
            else:
                self._apply(columns, twist(interface, message), NOW, 0)
        except MessageError as error:
            self._node.get_logger().error(f'{interface.name}: refused: {error}',
                                          throttle_duration_sec=THROTTLE_S)
