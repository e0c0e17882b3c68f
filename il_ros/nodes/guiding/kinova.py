"""Kinova: refused."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.nodes.clients.client import Client
from il_ros.teaching.steps import Step


@dataclass(frozen=True)
class Settings:
    """There are none."""


def steps(client: Client, contract: Contract, settings: Settings) -> list[Step]:
    """Refuse.

    Raises:
        ConfigError: Always: ros2_kortex (issue 337) keeps the arm in its servoing mode.
    """
    raise ConfigError('kinova: ros2_kortex blocks the admittance modes of the arm while it runs, '
                      'so that nobody can lead it by hand; teach it with a device (teleop:=)')
