"""UR: freedrive_mode_controller, kept alive by a Bool ten times a second."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.nodes.clients.client import Client
from il_ros.nodes.guiding.controllers import switch
from il_ros.teaching.steps import Step
from rclpy.clock import Clock, ClockType
from rclpy.timer import Timer
from std_msgs.msg import Bool

PERIOD_S, APPEAR_S = 0.1, 5.0


@dataclass(frozen=True)
class Settings:
    """Of config/guides.

    Attributes:
        controller: The driver's freedrive controller.
        manager: The controller manager.
    """

    controller: str = 'freedrive_mode_controller'
    manager: str = 'controller_manager'


def steps(client: Client, contract: Contract, settings: Settings) -> list[Step]:
    """Return what leads the arm, and back."""
    topic = f'{settings.controller}/enable_freedrive_mode'
    publisher = client.node.create_publisher(Bool, topic, 10)
    timers: list[Timer] = []

    def do() -> None:
        if not client.wait(lambda: publisher.get_subscription_count() > 0, APPEAR_S):
            raise IlRosError(f'nobody listens to {topic}; is {settings.controller} of a '
                             'ur_robot_driver that knows freedrive?')
        publisher.publish(Bool(data=True))
        timers.append(client.node.create_timer(
            PERIOD_S, lambda: publisher.publish(Bool(data=True)),
            clock=Clock(clock_type=ClockType.STEADY_TIME)))

    def undo() -> None:
        while timers:
            client.node.destroy_timer(timers.pop())
        publisher.publish(Bool(data=False))

    return [switch(client, contract, settings.manager, settings.controller),
            Step('freedrive on', 'freedrive off', do, undo)]
