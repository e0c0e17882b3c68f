"""`il_ros redact`: a copy of a bag or dataset without what tells who was there."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

from il_ros.commands import say
from il_ros.commands.progress import new_progress
from il_ros.errors import ConfigError
import typer


def redact(
    recorded: Annotated[Path, typer.Argument(metavar='DATASET|BAG',
                                             help='Stays as it is.')],
    out: Annotated[Path, typer.Option(help='A new folder for the copy.')],
    faces: Annotated[bool, typer.Option(
        '--faces', help='Blur faces, as far as a detector finds them.')] = False,
    region: Annotated[list[str], typer.Option(
        metavar='CAMERA:X,Y,WIDTH,HEIGHT',
        help='Black out a part of the pictures [pixels]; repeatable.')] = [],  # noqa: B006
    text: Annotated[bool, typer.Option(
        '--text', help='Replace known names, e-mail addresses and telephone numbers in free '
                       'texts.')] = False,
    name: Annotated[list[str], typer.Option(
        help='Of somebody else who may stand in texts; repeatable.')] = [],  # noqa: B006
    drop_topic: Annotated[list[str], typer.Option(
        help='Of a bag, not to be copied; repeatable.')] = [],  # noqa: B006
    keep_topic: Annotated[list[str], typer.Option(
        help='Of a bag, to be copied though the contract does not need it.')] = [],  # noqa: B006
    key: Annotated[Path | None, typer.Option(
        help='File of the key that pseudonyms are made with; made where there is none. By '
             'default ~/.config/il_ros/redaction.key.')] = None,
    threshold: Annotated[float, typer.Option(
        help='Least score of a face; lower finds more, also what is none.')] = 0.1,
    robot: Annotated[str, typer.Option(
        help='Robot name or contract file, for a bag that carries no contract.')] = '',
    namespace: Annotated[str, typer.Option(
        help='Namespace of the robot in such a bag, where there are several.')] = '',
) -> None:
    """Write a redacted copy, and a report beside it. Operators always get pseudonyms.

    Of a bag, topics that neither the contract nor il_ros needs are left out: sound, too. No
    detector finds every face: look at the copy, and name places with --region.

    Example: `il_ros redact dataset --out shared --faces --region scene:0,0,160,120 --text`
    """
    from il_ros.bags.find import is_bag
    from il_ros.contract import Contract
    from il_ros.datasets.schema import INFO_FILE
    from il_ros.redaction.asked import Asked
    from il_ros.redaction.bag import redact_bag
    from il_ros.redaction.dataset import redact_dataset
    from il_ros.redaction.faces import FaceDetector
    from il_ros.redaction.names import default_key, Pseudonyms, read_key
    from il_ros.redaction.pictures import parse_regions

    is_dataset = (recorded / INFO_FILE).is_file()
    if not (is_dataset or is_bag(recorded)):
        raise ConfigError(f'{recorded}: expected a dataset or one bag, got '
                          + ('a folder that is neither' if recorded.is_dir() else 'nothing'))
    if is_dataset and (drop_topic or keep_topic or robot or namespace):
        raise ConfigError('--drop-topic, --keep-topic, --robot and --namespace are for bags; '
                          f'{recorded} is a dataset')
    regions = parse_regions(region)
    detector = FaceDetector(threshold) if faces else None
    contract = Contract.load(robot) if robot else None
    secret, note = read_key(key or default_key())
    asked = Asked(Pseudonyms(secret), detector, regions, text, name, drop_topic, keep_topic)
    with new_progress() as bars:
        tasks = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total, note='')
            bars.update(tasks[what], completed=done)

        report = (redact_dataset(recorded, out, asked, show) if is_dataset else
                  redact_bag(recorded, out, asked, contract, namespace, show))
    for line in (*([note] if note else []), *report.lines()):
        say(line)
    say(f'{out}: redacted; report: {out.with_name(f"{out.name}.redaction.json")}')
