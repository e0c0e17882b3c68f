"""`il_ros panel`: the operator's page for a running graph, or for a simulated one."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
import sys
from typing import Annotated

from il_ros.errors import ConfigError
import typer


def panel(
    robot: Annotated[str, typer.Option(help='Name or file of the contract.')] = 'sim_arm',
    namespace: Annotated[str, typer.Option(help='Namespace of the robot.')] = '',
    host: Annotated[str, typer.Option(
        help='Address to listen at; any but 127.0.0.1 wants --certificate and --key, or '
             '--plain.')] = '127.0.0.1',
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8765,
    certificate: Annotated[Path | None, typer.Option(help='TLS certificate, PEM.')] = None,
    key: Annotated[Path | None, typer.Option(help='Its private key, PEM.')] = None,
    plain: Annotated[bool, typer.Option(
        '--plain', help='Without encryption beyond this machine: whoever listens on the way may '
                        'act.')] = False,
    motion_from_lan: Annotated[bool, typer.Option(
        '--motion-from-lan', help='A browser on another machine may arm, resume, rewind and hand '
                                  'back.')] = False,
    lost_s: Annotated[float, typer.Option(
        min=0, help='After which silence of the page that resumed the policy it is paused; '
                    '0: never.')] = 2.0,
    goal: Annotated[int, typer.Option(min=1, help='Episodes to record.')] = 20,
    reports: Annotated[Path, typer.Option(
        help='Folder below which pages of inspect and evaluate are listed.')] = Path(),
    sim: Annotated[bool, typer.Option(
        '--sim', help='Start the simulated robot, gate, arbiter and recorder, too.')] = False,
    device: Annotated[str, typer.Option(
        help='With --sim: keyboard (in this terminal), scripted, none, or another device.')] = '',
    checkpoint: Annotated[str, typer.Option(
        help='With --sim: a policy that drives; without one the device does.')] = '',
    task: Annotated[str, typer.Option(help='With --sim: of the simulated robot.')] = '',
    out: Annotated[Path, typer.Option(
        help='With --sim: folder of episodes and logs.')] = Path('out/panel'),
    seed: Annotated[int, typer.Option(min=0, help='With --sim: of the scene.')] = 0,
) -> None:
    """Serve the operator's page; it prints the address to open.

    Example: `il_ros panel --sim --device scripted`
    """
    import aiohttp  # noqa: F401  said at once where it is missing

    if not sim and (device or checkpoint or task):
        raise ConfigError('--device, --checkpoint and --task need --sim; a running graph has its '
                          'own')
    parameters: dict[str, object] = {
        'robot': robot, 'host': host, 'port': port, 'certificate': str(certificate or ''),
        'key': str(key or ''), 'plain': plain, 'motion_from_lan': motion_from_lan,
        'lost_s': float(lost_s), 'goal': goal, 'reports': str(reports.resolve())}
    if sim:
        from il_ros.workflow.cell import Cell, run_cell

        device = device or ('keyboard' if sys.stdin.isatty() else 'none')
        run_cell(Cell(robot, device, checkpoint, task, seed, namespace), out, parameters)
        return
    with _arguments(parameters, namespace):
        from il_ros.nodes import panel as node
        if code := node.main():
            raise typer.Exit(code)


@contextmanager
def _arguments(parameters: Mapping[str, object], namespace: str) -> Iterator[None]:
    """Let this process be the node, with these parameters."""
    from il_ros.nodes.clients.namespace import namespace_of
    from il_ros.workflow.graph import ros_arguments

    before = sys.argv
    sys.argv = ['panel', *ros_arguments(parameters), '-r', f'__ns:={namespace_of(namespace)}']
    try:
        yield
    finally:
        sys.argv = before
