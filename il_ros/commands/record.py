"""`il_ros record`: start and stop episodes by keys."""
from __future__ import annotations

from collections.abc import Sequence
import sys
from typing import Annotated, TYPE_CHECKING

from il_ros.errors import ConfigError
import typer

if TYPE_CHECKING:
    from il_ros.nodes.clients.record import RecordClient
    from il_ros.teleop.terminal import Terminal

KEYS = 's start   y success   n failure   u unlabelled   d discard   q quit'
OUTCOMES = {'y': 'success', 'n': 'failure', 'u': 'unlabelled'}
REFRESH_S = 0.1


def record(
    namespace: Annotated[str, typer.Option(help='Namespace of teleop_capture.')] = '',
    task: Annotated[list[str] | None, typer.Option(
        help='What the episodes are of; several are gone through, one per episode that is kept.',
        show_default=False)] = None,
) -> None:
    """Start, stop, label and discard episodes at the running teleop_capture by keys.

    Example: `il_ros record --task 'pick the cube' --task 'open the box'`
    """
    from il_ros.nodes.clients.record import RecordClient
    from il_ros.teleop.terminal import Terminal

    if not sys.stdin.isatty():
        raise ConfigError('il_ros record: expected a terminal as standard input; elsewhere use '
                          'the services capture/start and capture/stop')
    terminal = Terminal()
    try:
        client = RecordClient(namespace)
        try:
            terminal.say(KEYS)
            _serve(client, terminal, task or [])
        finally:
            client.close()
    except KeyboardInterrupt:
        pass
    finally:
        terminal.close()


def _serve(client: RecordClient, terminal: Terminal, tasks: Sequence[str]) -> None:
    while True:
        for key in terminal.typed():
            if key == 'q' and not client.recording:
                return
            if text := _press(key, client, tasks):
                terminal.say(text)
        client.wait(lambda: False, REFRESH_S)
        terminal.show(client.line())


def _press(key: str, client: RecordClient, tasks: Sequence[str]) -> str:
    if key == 's':
        return client.start(tasks)
    if key in OUTCOMES:
        return client.stop(OUTCOMES[key])
    if key == 'd':
        return client.discard()
    return 'an episode is running: y, n, u or d ends it' if key == 'q' else KEYS
