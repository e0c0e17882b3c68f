"""sim_robot: the simulated arm behind the topics of a ROS 2 robot."""
from __future__ import annotations

from dataclasses import dataclass
import json
import math
from pathlib import Path
import sys
import time
from typing import Annotated

from il_ros.config import OneOf, Range
from il_ros.contract import Contract
from il_ros.errors import ConfigError, MessageError
from il_ros.nodes import shell
from il_ros.nodes.shared.preflight import other_publishers
from il_ros.nodes.sim.cameras import Cameras
from il_ros.nodes.sim.commands import SimCommands
from il_ros.nodes.sim.hand import Hand
from il_ros.nodes.sim.topics import StatePublishers
from il_ros.sim.robot import PERIOD_NS, SimulatedRobot
from il_ros.sim.simulation import Simulation
from il_ros.sim.tasks import default_task, TASKS
from il_ros.srv import ResetSim
from il_ros.timing import Tick, to_s
from il_ros.types import Floats
import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

MOST_OVERDUE = 10   # periods that are caught up with; what is beyond is lost time
THROTTLE_S = 2.0


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        task: What lies in the scene; the first one of the robot when empty.
        seed: Of the scene; `sim/reset` takes others.
        cameras: Whether images are rendered.
        speed: Simulated per real seconds; other than 1 publishes /clock.
        use_clock: Publish /clock at speed 1, too.
        log: File that gets every command applied as a line of JSON; '' for none.
    """

    robot: str = 'sim_arm'
    task: Annotated[str, OneOf(('', *TASKS))] = ''
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0
    cameras: bool = True
    speed: Annotated[float, Range(0.001, 1000.0)] = 1.0
    use_clock: bool = False
    log: str = ''

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise ConfigError(f'speed: expected more than 0, got {self.speed}')
        if self.seed < 0:
            raise ConfigError(f'seed: expected 0 or more, got {self.seed}')


class SimRobotNode(Node):
    """Joint states and poses at 100 Hz, images at the contract's rate, commands, reset, /clock."""

    def __init__(self) -> None:
        super().__init__('sim_robot')
        self.parameters = parameters = shell.declare(self, Parameters)
        self.contract = contract = Contract.load(parameters.robot)
        self.simulation = Simulation(contract, parameters.task or default_task(contract))
        self.simulation.reset(parameters.seed)
        self.robot = SimulatedRobot(self.simulation)
        self._log = Path(parameters.log) if parameters.log else None
        self._own_clock = parameters.use_clock or parameters.speed != 1.0
        self._state = StatePublishers(self, self.simulation, self._own_clock)
        self._cameras = (Cameras(self.simulation, self._own_clock, sys.argv[1:])
                         if parameters.cameras and contract.cameras else None)
        self._commands = SimCommands(self, self.simulation, self._apply)
        self.create_service(ResetSim, 'sim/reset', self._reset)
        Hand(self, self.robot)
        if self._own_clock:
            self.create_timer(1.0, self._look_for_clocks,
                              clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _look_for_clocks(self) -> None:
        if others := other_publishers(self, ['/clock']):
            self.get_logger().error(
                f'{", ".join(others)} publishes /clock, too, which all robots of a ROS domain '
                'share: leave speed at 1 in all but one, or give each a ROS_DOMAIN_ID of its own',
                throttle_duration_sec=THROTTLE_S)

    def tick(self, tick: Tick) -> None:
        """Simulate and publish all periods up to a tick of the steady grid."""
        periods = 1 + min(tick.skipped, MOST_OVERDUE)
        if tick.skipped >= MOST_OVERDUE:
            self.get_logger().warning(
                f'cannot keep up: {to_s(tick.skipped * PERIOD_NS):.2f} s behind; set cameras to '
                'false, lower speed, or run less beside it', throttle_duration_sec=THROTTLE_S)
        if not self._own_clock:
            due_ns = shell.now_ns(self) - (time.monotonic_ns() - tick.due_ns)
            self.robot.keep_time(due_ns - (periods - 1) * PERIOD_NS)
        for _ in range(periods):
            for moment in self.robot.advance():
                if self._cameras and moment.images:
                    self._cameras.show(moment.stamp_ns)
                if moment.state:
                    self._state.publish(moment.stamp_ns)
                    for gripper in self._commands.grippers:
                        gripper.tick()

    def destroy_node(self) -> None:
        """End the cameras' process, too."""
        if self._cameras:
            self._cameras.close()
        super().destroy_node()

    def _apply(self, columns: list[int], positions: Floats, after_ns: np.ndarray,
               start_ns: int) -> None:
        due_ns = self.robot.follow(positions, after_ns, start_ns, columns)
        if due_ns is None:
            raise MessageError('every point is in the past')
        if self._log:
            with self._log.open('a') as log:
                log.write(json.dumps({
                    'monotonic_ns': time.monotonic_ns(), 'stamp_ns': self.robot.stamp_ns,
                    'columns': columns, 'due_ns': due_ns.tolist(),
                    'positions': positions.tolist(),
                    'measured': self.simulation.positions.tolist()}) + '\n')

    def _reset(self, request: ResetSim.Request, response: ResetSim.Response) -> ResetSim.Response:
        noise = request.action_noise
        response.success = math.isfinite(noise) and noise >= 0
        if response.success:
            start_ns = self.robot.reset(request.seed, request.disturb, noise)
            response.message = f'seed {request.seed}, starts at {start_ns} ns'
        else:
            response.message = f'action_noise: expected 0 or more, got {noise}'
        return response


def main() -> int:
    """Run sim_robot, first: a robot does not wait for what is computed beside it."""
    return shell.main(SimRobotNode, lambda node: shell.spin_on_grid(
        node, round(PERIOD_NS / node.parameters.speed), node.tick), first=True)


if __name__ == '__main__':
    raise SystemExit(main())
