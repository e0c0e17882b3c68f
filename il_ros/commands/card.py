"""`il_ros card`: what a dataset or a policy is, on one page."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

from il_ros.commands import open_dataset, say
from il_ros.errors import ConfigError
import typer


def card(
    place: Annotated[Path, typer.Argument(metavar='DATASET|CHECKPOINT')],
    evaluation: Annotated[list[Path], typer.Option(
        help='Of a checkpoint: result of `il_ros evaluate --out`; repeatable.')] = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option(
        help='Markdown file to write; README.md in that folder by default.')] = None,
) -> None:
    """Write a data card or a model card: contents, conditions, figures, hashes, licences.

    Example: `il_ros card runs/act/best --evaluation result.json`
    """
    from il_ros.cards.data_card import data_card
    from il_ros.cards.model_card import model_card
    from il_ros.datasets.schema import INFO_FILE
    from il_ros.evaluation.report import write_page

    target = out or place / 'README.md'
    if target.exists():
        raise ConfigError(f'{target} exists already and is not overwritten; name a new file with '
                          '--out, or move it away')
    if (place / INFO_FILE).is_file():
        if evaluation:
            raise ConfigError(f'--evaluation is of a checkpoint; {place} is a dataset')
        text = data_card(open_dataset(place))
    else:
        text = model_card(place, evaluation)
    say(f'card: {write_page(text, target)}')
