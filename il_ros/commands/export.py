"""`il_ros export`: a checkpoint becomes one ONNX file."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from il_ros.commands import console
from il_ros.errors import ConfigError
import typer


def export(
    checkpoint: Annotated[Path, typer.Argument(help='Folder that `il_ros train` wrote.')],
    out: Annotated[Path, typer.Option(help='ONNX file to write.')],
) -> None:
    """Write a policy as one ONNX file, checked against the checkpoint.

    Example: `il_ros export out/bc/best --out policy.onnx`
    """
    if out.suffix != '.onnx':
        raise ConfigError(f'{out}: expected a name that ends with .onnx')
    if out.exists():
        raise ConfigError(f'{out} exists; name a new file with --out')

    from il_ros.policies.load import load
    from il_ros.policies.runtimes.onnx import export as write

    with console.status('exporting'):
        difference = write(load(checkpoint), out, _trained(checkpoint))
    console.print(f'[bold]{out}[/]: {out.stat().st_size / 1e6:.1f} MB, at most {difference:.1e} '
                  'from the checkpoint in ONNX Runtime', highlight=False, soft_wrap=True)


def _trained(checkpoint: Path) -> str:
    """Return what a checkpoint says of its data and their rights; '' where it does not."""
    from il_ros.policies.checkpoint import read_json

    file = checkpoint / 'training.json'
    said = read_json(file) if file.is_file() else {}
    kept = {name: said[name] for name in ('trained_on', 'started_from', 'despite', 'versions')
            if name in said}
    return json.dumps(kept) if kept else ''
