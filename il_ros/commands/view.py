"""`il_ros view`: an episode in a viewer."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
import json
from pathlib import Path
from typing import Annotated, TYPE_CHECKING

from il_ros.commands import require_here, say
from il_ros.commands.progress import progress_bar
from il_ros.errors import ConfigError
import typer

if TYPE_CHECKING:
    from il_ros.contract import Contract
    from il_ros.viewing.episode import Episode
    from il_ros.viewing.predicted import Predictions


def view(
    source: Annotated[Path, typer.Argument(
        metavar='BAG|DATASET|CHECKPOINT',
        help='Of a checkpoint: what it would do over an episode. With --foxglove also a robot.')],
    episode: Annotated[int, typer.Option(min=0, help='Which episode of a dataset.')] = 0,
    over: Annotated[Path | None, typer.Option(
        metavar='DATASET|BAG', help='Of a checkpoint: the episodes to predict over; what it was '
                                    'trained on, if that lies nearby.')] = None,
    save: Annotated[Path | None, typer.Option(
        help='Write an .rrd file in place of opening the viewer.')] = None,
    web: Annotated[bool, typer.Option(
        '--web', help='In the browser of this machine, where there is no window.')] = False,
    foxglove: Annotated[Path | None, typer.Option(
        help='Write a layout for Foxglove (or Lichtblick) to this file instead.')] = None,
    namespace: Annotated[str, typer.Option(
        help='With --foxglove: of the topics of the robot.')] = '',
) -> None:
    """Show an episode in Rerun: who controlled, tools, plans, cameras, forces, joints.

    Rerun's usage data are switched off before its viewer is started.

    Example: `il_ros view out/demo/dataset --episode 3`
    """
    for path, option in ((save, '--save'), (foxglove, '--foxglove')):
        require_here(path, option)
        if path and path.exists():
            raise ConfigError(f'{path} exists; name a new file with {option}')
    if foxglove:
        from il_ros.evaluation.report import write_page
        from il_ros.viewing.foxglove import foxglove_layout

        if save or over or web:
            raise ConfigError('--foxglove writes a layout; leave out --save, --over and --web')
        text = json.dumps(foxglove_layout(_contract(source), namespace), indent=2) + '\n'
        say(f'layout: {write_page(text, foxglove)}; import it in Foxglove: Layouts, Import')
        return
    if namespace:
        raise ConfigError('--namespace goes with --foxglove')
    if over and not _is_checkpoint(source):
        raise ConfigError(f'--over goes with a checkpoint; {source} is none')
    from il_ros.viewing.recording import write
    from il_ros.viewing.viewer import recorded

    with recorded(save, web) as path, _chosen(source, episode, over) as (found, predictions):
        with progress_bar('rows', found.length) as advance:
            write(found, path, predictions, advance)
        said = f'{found.name}: {found.outcome}'
        say(f'{said}; written: {path}, see it with: rerun {path}' if save else said)


def _is_checkpoint(source: Path) -> bool:
    from il_ros.policies.checkpoint import WEIGHTS

    return (source / WEIGHTS).is_file()


@contextmanager
def _chosen(source: Path, episode: int, over: Path | None
            ) -> Iterator[tuple[Episode, Predictions | None]]:
    """Open what is shown, and the policy that predicts over it."""
    from il_ros.viewing.episode import of_dataset, opened

    if not _is_checkpoint(source):
        with opened(source, episode) as found:
            yield found, None
        return
    from il_ros.policies.source import open_policy
    from il_ros.viewing.predicted import dataset_of, Predictions

    shown: AbstractContextManager[Episode] = opened(over, episode) if over else nullcontext(
        of_dataset(dataset_of(source), episode))
    with shown as found:
        yield found, Predictions(open_policy(source), found)


def _contract(source: Path) -> Contract:
    """Return the contract of a bag, a dataset, a checkpoint or a robot."""
    from il_ros.bags.find import is_bag
    from il_ros.bags.reader import Bag
    from il_ros.contract import Contract
    from il_ros.datasets.reader import Dataset
    from il_ros.policies.checkpoint import read

    if is_bag(source):
        with Bag(source) as bag:
            return bag.contract
    if _is_checkpoint(source):
        return read(source).contract
    return Dataset(source).contract if source.is_dir() else Contract.load(source)
