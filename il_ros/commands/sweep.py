"""`il_ros sweep`: one training per combination of settings, through Ray."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from il_ros.buckets.fetch import local
from il_ros.commands import console, require_here
from il_ros.commands.progress import progress_bar
from il_ros.errors import ConfigError
from rich.table import Table
import typer


def sweep(
    dataset: Annotated[Path, typer.Argument(help='Folder that `il_ros convert` wrote.')],
    out: Annotated[Path, typer.Option(help='New folder, for a run each.')],
    vary: Annotated[list[str], typer.Option(
        '--set', help='Setting and its values, as in learning_rate=1e-3,3e-4; may be repeated.')],
    config: Annotated[str, typer.Option(
        help='All other settings: YAML file, or name under config/training/.')] = 'bc',
) -> None:
    """Train every combination of settings; RAY_ADDRESS names a cluster, else on this machine.

    Example: `il_ros sweep dataset --out runs/sweep --set seed=0,1 --set policy.bc.hidden=64,256`
    """
    from il_ros.training.config import TrainConfig
    from il_ros.training.sweep import combinations
    from il_ros.training.sweep import sweep as run

    require_here(out, '--out')
    if out.exists():
        raise ConfigError(f'{out} exists; name a new folder with --out')
    if not (local(dataset) / 'meta/info.json').is_file():
        raise ConfigError(f'{dataset}: expected a dataset, with meta/info.json')
    runs = combinations(TrainConfig.preset(config), dict(_choices(text) for text in vary))
    with progress_bar('trainings', len(runs)) as advance:
        results = run(dataset, out, runs, advance)
    table = Table('validation', *runs[0][0], 'run')
    for result in results:
        table.add_row(result.error or ('-' if result.validation is None
                                       else f'{result.validation:.4f}'),
                      *map(str, result.values.values()), result.folder.name)
    console.print(table)
    out.mkdir(parents=True, exist_ok=True)
    (out / 'sweep.json').write_text(json.dumps(
        [result._asdict() | {'folder': str(result.folder)} for result in results],
        indent=2) + '\n')


def _choices(text: str) -> tuple[str, list[Any]]:
    from il_ros.config import parse_yaml

    name, equals, values = text.partition('=')
    if not (name and equals and values):
        raise ConfigError(f'--set: expected a setting and values, as in seed=0,1, got {text!r}')
    found: list[Any] = parse_yaml(f'values: [{values}]', f'--set {text}')['values']
    return name, found
