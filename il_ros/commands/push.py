"""`il_ros push`: a dataset or a checkpoint to the Hugging Face Hub."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

from il_ros.commands import say
import typer

HUB = typer.Argument(metavar='hf://OWNER/NAME', help='On the Hugging Face Hub.')


def push(
    folder: Annotated[Path, typer.Argument(help='Folder of a dataset or a checkpoint.')],
    address: Annotated[str, HUB],
    public: Annotated[bool, typer.Option(
        '--public', help='Everybody may see it; without this, only its owner.')] = False,
    update: Annotated[bool, typer.Option(
        '--update', help='In place of what is there, which stays in its Git history.')] = False,
    why: Annotated[str, typer.Option(help='Message of the commit.')] = '',
) -> None:
    """Put a dataset or a checkpoint on the hub, private unless you say otherwise.

    All in one commit. A push that was cut off sends only the rest when it is made again. LeRobot
    opens the dataset by its name. The token is that of `hf auth login` or HF_TOKEN.

    Example: `il_ros push dataset hf://anna/pick-cubes`
    """
    from il_ros.commands.progress import counted_bar
    from il_ros.hub.address import parse_address
    from il_ros.hub.push import push as run

    place = parse_address(address)
    quiet()
    with counted_bar('files') as advance:
        done = run(folder, place, public, update, why, advance)
    what = (f'{done.changed} files new or another, {done.removed} gone, '
            f'{done.content.size / 1e6:.1f} MB in all' if done.changed or done.removed else
            'all of it is there already')
    say(f'{done.address}: {done.content.summary}; {what}; '
        f'{"private" if done.private else "public"}, commit {done.revision[:12]}'
        + (f', tag {done.content.tag}' if done.content.tag else ''))


def quiet(bars: bool = False) -> None:
    """Let the client show its own bars or none, and leave what goes wrong to us."""
    from huggingface_hub.utils import disable_progress_bars, enable_progress_bars, logging

    (enable_progress_bars if bars else disable_progress_bars)()
    logging.set_verbosity_error()
