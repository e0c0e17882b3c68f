"""`il_ros pull`: a dataset or a checkpoint from the Hugging Face Hub."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

from il_ros.commands import console, open_dataset, say
from il_ros.commands.push import HUB, quiet
import typer


def pull(
    address: Annotated[str, HUB],
    out: Annotated[Path | None, typer.Option(
        help='A new folder; by default the name on the hub.')] = None,
    by: Annotated[str, typer.Option(help='For the history; you by default.')] = '',
) -> None:
    """Fetch a dataset or a checkpoint from the hub into a new folder.

    hf://OWNER/NAME@REVISION names a branch, a tag or a commit. The commit that was fetched stands
    in the history. A pull that was cut off goes on where it was when it is made again.

    Example: `il_ros pull hf://lerobot/svla_so101_pickplace --out theirs`
    """
    from il_ros.hub.address import DATASET, parse_address
    from il_ros.hub.pull import pull as run

    place = parse_address(address)
    out = out or Path(place.short)
    quiet(bars=console.is_terminal)
    done = run(place, out, by)
    say(f'{out}: {done.address} at commit {done.revision[:12]}, {done.files} files, '
        f'{done.size / 1e6:.1f} MB')
    if done.address.kind == DATASET:
        found = open_dataset(out)
        say(f'{out}: {len(found.lengths)} episodes, {len(found)} rows')
