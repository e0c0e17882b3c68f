"""ROS parameters of the panel."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import Range
from il_ros.errors import ConfigError

LOOPBACK = '127.0.0.1'


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        host: Address to listen at; any but 127.0.0.1 wants certificate and key, or plain.
        port: Where; any free one when 0.
        certificate: File of the TLS certificate, PEM.
        key: File of its private key, PEM.
        plain: Without encryption beyond this machine: whoever listens on the way may act.
        motion_from_lan: Whether a browser on another machine may arm, resume, rewind, hand back.
        lost_s: After which silence of the page that resumed the policy it is paused; 0: never.
        goal: Episodes to record, which the page counts against.
        reports: Folder below which pages of inspect and evaluate are listed.
    """

    robot: str = 'sim_arm'
    host: str = LOOPBACK
    port: Annotated[int, Range(0, 65535)] = 8765
    certificate: str = ''
    key: str = ''
    plain: bool = False
    motion_from_lan: bool = False
    lost_s: Annotated[float, Range(0.0, 3600.0)] = 2.0
    goal: Annotated[int, Range(1, 100_000)] = 20
    reports: str = '.'

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.key):
            raise ConfigError('certificate and key: expected both or none')
        if self.host != LOOPBACK and not (self.certificate or self.plain):
            raise ConfigError(
                f'host {self.host}: beyond this machine whoever listens on the way would read the '
                'token and act: give certificate and key, or use an SSH tunnel (ssh -L '
                f'{self.port}:127.0.0.1:{self.port} ...), or say plain if the network is yours')
