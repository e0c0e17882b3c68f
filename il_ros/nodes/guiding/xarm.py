"""xArm: mode 2 of its driver, with its trajectory controller off."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from il_ros.contract import Contract
from il_ros.errors import ConfigError, IlRosError
from il_ros.nodes import shell
from il_ros.nodes.clients.client import Client
from il_ros.nodes.guiding.controllers import switch
from il_ros.teaching.steps import Step

POSITION, SERVO, TEACHING = 0, 1, 2
CALL_S, READ_BACK_S = 5.0, 3.0


@dataclass(frozen=True)
class Settings:
    """Of config/guides.

    Attributes:
        driver: Namespace of the driver's services and of robot_states.
        manager: The controller manager.
    """

    driver: str = 'xarm'
    manager: str = 'controller_manager'


def steps(client: Client, contract: Contract, settings: Settings) -> list[Step]:
    """Return what leads the arm, and back.

    Raises:
        ConfigError: xarm_msgs is not installed.
    """
    try:
        from xarm_msgs.msg import RobotMsg
        from xarm_msgs.srv import SetInt16
    except ImportError:
        raise ConfigError('xarm_msgs is not installed: build xarm_ros2 in your workspace'
                          ) from None
    modes: list[int] = []
    client.node.create_subscription(RobotMsg, f'{settings.driver}/robot_states',
                                    lambda message: modes.append(message.mode), shell.STREAM)

    def call(what: str, value: int) -> None:
        name = f'{settings.driver}/{what}'
        answer: Any = client.call(SetInt16, name, SetInt16.Request(data=value), CALL_S)
        if answer.ret:
            raise IlRosError(f'{name} {value} answered {answer.ret}: {answer.message}')

    def go(*through: int) -> None:
        for mode in through:
            call('set_mode', mode)
            call('set_state', 0)
        modes.clear()
        # set_mode answers before the arm is in the mode, and sometimes it never gets there.
        if not client.wait(lambda: modes[-1:] == [through[-1]], READ_BACK_S):
            raise IlRosError(f'{settings.driver}/robot_states says mode '
                             f'{modes[-1] if modes else "nothing"}, expected {through[-1]}')

    return [switch(client, contract, settings.manager),
            Step('mode 2 (joint teaching)', 'mode 0, then 1 (servo)', lambda: go(TEACHING),
                 lambda: go(POSITION, SERVO))]
