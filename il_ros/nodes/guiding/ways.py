"""Which way a file of config/guides means."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from il_ros.config import build, find_config, nearest, parse_yaml, read_text
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.nodes.clients.client import Client
from il_ros.nodes.guiding import controllers, freedrive, kinova, sim, xarm
from il_ros.teaching.steps import Step

WAYS: dict[str, Any] = {'controllers': controllers, 'freedrive': freedrive, 'xarm': xarm,
                        'kinova': kinova, 'sim': sim}
KEY = 'by'


def read_way(name: str) -> Callable[[Client, Contract], list[Step]]:
    """Return what makes the steps of a name under config/guides, or of a file.

    Raises:
        ConfigError: There is no such file, or it is wrong.
    """
    path = find_config('guides', name)
    given = parse_yaml(read_text(path), str(path))
    by = str(given.pop(KEY, ''))
    if by not in WAYS:
        raise ConfigError(f'{path}: {KEY}: no way {by!r}; {nearest(by, list(WAYS))}')
    way, settings = WAYS[by], build(WAYS[by].Settings, given, str(path))

    def steps(client: Client, contract: Contract) -> list[Step]:
        found: list[Step] = way.steps(client, contract, settings)
        return found

    return steps
