"""`il_ros import`."""
from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
import re
import sys
from typing import Annotated

from il_ros.errors import ConfigError
import typer


def import_bag(
    bag: Annotated[Path, typer.Argument(help='Bag directory or file of any recorder.')],
    name: Annotated[str, typer.Option(
        help='Name of the robot; the file is NAME.yaml beside the bag. By default as the bag.'
    )] = '',
    urdf: Annotated[Path | None, typer.Option(
        help='URDF file, where the bag holds no robot_description.')] = None,
    answers: Annotated[list[str] | None, typer.Option(
        '--set', help='Answer to a question, as KEY=VALUE; repeatable.')] = None,
    yes: Annotated[bool, typer.Option(
        '--yes', help='Take the default of every question.')] = False,
) -> None:
    """Write a contract from a bag, and say how the bag is converted with it. Needs no ROS.

    Example: `il_ros import recording/`
    """
    from dataclasses import replace

    from il_ros.commands import say
    from il_ros.commands.init import exists, prompt, write
    from il_ros.config import path_name
    from il_ros.contract import Contract
    from il_ros.drafting.draft import draft
    from il_ros.drafting.questions import Answers
    from il_ros.importing.check import conversion
    from il_ros.importing.content import Content
    from il_ros.importing.heard import checked_urdf, hear
    from il_ros.importing.roles import lines

    robot = name or re.sub('[^A-Za-z0-9_-]', '_', bag.resolve().stem)[:64]
    path_name(robot, 'robot')
    file = bag.parent / f'{robot}.yaml'
    if file.exists():
        raise exists(file)
    asked = Answers(answers or (), yes, prompt if sys.stdin.isatty() else None)
    description = checked_urdf(urdf.resolve() if urdf else None)
    with Content(bag) as content:
        imported = hear(content, asked, description)
        for line in lines(content.topics, imported.roles, imported.heard):
            say(line)
    heard = imported.heard
    text = draft(heard, robot, asked, description)
    contract = Contract.from_text(text, 'the draft')
    if not heard.guess and not find_spec('pinocchio'):
        say('Pinocchio is not installed: whether kinematics read the URDF was not tried')
    elif not heard.guess:
        from il_ros.kinematics import check_urdf
        check_urdf(contract if description else replace(contract, urdf_text=heard.urdf()[1]))
    write(file, text)
    say(f'wrote {file}; read it, every line says where it came from')
    if heard.guess:
        say('no URDF: limits are what the data show, and a little more; with --urdf they are the '
            "robot's")
    if imported.shown:
        say('no commands: the arm was moved by hand, and its action is where it goes (--shown)')
    untold = [joint for joint in imported.untold if joint in contract.joint_names]
    for joint in untold:
        say(f'nothing says what {joint} was told, as an action leaves no topic: its action is '
            'where it goes (--shown)')
    command, problem = conversion(bag, contract, file, imported.shown, untold)
    say(command)
    if problem:
        raise ConfigError(f'this will be refused: {problem}')
