"""`il_ros demo`: the main job on a simulated arm."""
from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
import time
from typing import Annotated

from il_ros.commands import console
from il_ros.commands.progress import new_progress, StepProgress
from il_ros.errors import ConfigError
import typer

PATIENCE_S = 120.0  # for an episode that a person drives with the keyboard


def demo(
    out: Annotated[Path, typer.Option(help='New folder for everything.')] = Path('out/demo'),
    seed: Annotated[int, typer.Option(min=0, max=99, help='Of scenes, operator, training.')] = 0,
    vision: Annotated[bool, typer.Option(
        '--vision', help='Train from the camera images instead of the object poses.')] = False,
    interactive: Annotated[bool, typer.Option(
        '--interactive', help='You are the operator, with the keyboard.')] = False,
    speed: Annotated[float, typer.Option(
        min=0.1, max=4, help='Simulated seconds per second.')] = 1.0,
    quick: Annotated[bool, typer.Option(
        '--quick', help='Few episodes and steps: shows that it runs, not how well.')] = False,
) -> None:
    """Teach a simulated arm over real ROS 2: demonstrate, train, correct, train again.

    Example: `il_ros demo --out out/demo --seed 1`
    """
    from il_ros.workflow.demo import demo_config, run_demo, summary
    from il_ros.workflow.demo_report import write_demo_report

    if not console.is_terminal and interactive:
        raise ConfigError('--interactive needs a terminal: expected a keyboard, got a pipe')
    out = free(out)
    config = demo_config(seed, vision=vision, quick=quick)
    config = replace(config, loop=replace(config.loop, speed=speed))
    if interactive:
        config = replace(config, loop=replace(
            config.loop, device='keyboard', timeout_s=PATIENCE_S))
    start = time.monotonic()
    with new_progress(bars=not interactive) as progress:
        rounds = run_demo(config, out, StepProgress(progress))
    result = summary(config, rounds, time.monotonic() - start)
    (out / 'summary.json').write_text(json.dumps(result, indent=2) + '\n')
    page = write_demo_report(config, result, rounds, out)
    _print(result)
    console.print(f'report: {page}   data: {out / "bags"}, {out / "dataset"}, '
                  f'{out / "checkpoints"}')


def free(out: Path) -> Path:
    """Move the results of an earlier demo aside; nothing recorded is overwritten."""
    if not out.exists() or not any(out.iterdir()):
        return out
    if not (out / 'bags').is_dir():
        raise ConfigError(f'{out} is not empty and not of a demo; name a new folder with --out')
    number = 1
    while (aside := out.with_name(f'{out.name}.{number}')).exists():
        number += 1
    out.rename(aside)
    console.print(f'the results of the run before are in {aside} now')
    return out


def _print(result: dict) -> None:  # type: ignore[type-arg]
    from il_ros.evaluation.statistics import wilson
    from rich.table import Table

    table = Table('policy from', 'success', '95 % interval', 'human control')
    entries = [*result['rounds'], result['equal_human_seconds']]
    for entry in entries:
        low, high = wilson(entry['successes'], entry['episodes'])
        table.add_row(entry['name'].replace('_', ' '),
                      f"{entry['successes']} of {entry['episodes']}", f'{low:.0%} to {high:.0%}',
                      f"{entry['human_seconds']:.0f} s")
    console.print(table)
