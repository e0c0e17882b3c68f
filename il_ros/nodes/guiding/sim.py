"""The simulated arm: its servos off."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.contract import Contract
from il_ros.nodes.clients.client import Client
from il_ros.teaching.steps import Step
from std_srvs.srv import SetBool

SERVICE, CALL_S = 'sim/guide', 5.0


@dataclass(frozen=True)
class Settings:
    """There are none."""


def steps(client: Client, contract: Contract, settings: Settings) -> list[Step]:
    """Return what leads the arms, and back."""
    def call(on: bool) -> None:
        client.call(SetBool, SERVICE, SetBool.Request(data=on), CALL_S)

    return [Step('servos off', 'servos on', lambda: call(True), lambda: call(False))]
