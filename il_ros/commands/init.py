"""`il_ros init`."""
from __future__ import annotations

from pathlib import Path
import sys
from typing import Annotated

import typer


def init(
    name: Annotated[str, typer.Argument(help='Name of the robot; the file is NAME.yaml.')],
    seconds: Annotated[float, typer.Option(help='How long to listen [s].', min=0.5)] = 5.0,
    namespace: Annotated[str, typer.Option(help="Namespace of the robot's topics.")] = '',
    urdf: Annotated[Path | None, typer.Option(
        help='URDF file, where the robot tells none on robot_description.')] = None,
    answers: Annotated[list[str] | None, typer.Option(
        '--set', help='Answer to a question, as KEY=VALUE; repeatable.')] = None,
    yes: Annotated[bool, typer.Option(
        '--yes', help='Take the default of every question.')] = False,
) -> None:
    """Write a contract from a running robot, and say what the doctor says of it.

    Example: `il_ros init my_robot`
    """
    from dataclasses import replace

    from il_ros.commands import console
    from il_ros.commands.doctor import doctor
    from il_ros.config import path_name
    from il_ros.contract import Contract
    from il_ros.drafting.draft import draft
    from il_ros.drafting.questions import Answers
    from il_ros.errors import ConfigError
    from il_ros.kinematics import check_urdf
    from il_ros.nodes.clients.survey import Survey

    path_name(name, 'robot')
    file = Path(f'{name}.yaml')
    taken = f'{file} exists already and is not overwritten: choose another name, or move it'
    if file.exists():
        raise ConfigError(taken)
    asked = Answers(answers or (), yes, _prompt if sys.stdin.isatty() else None)
    console.print(f'listening for {seconds:g} s in {"/" + namespace.strip("/")}', markup=False)
    survey = Survey(namespace)
    try:
        heard = survey.listen(seconds)
    finally:
        survey.close()
    text = draft(heard, name, asked, urdf.resolve() if urdf else None)
    contract = Contract.from_text(text, str(file))
    if not urdf:
        contract = replace(contract, urdf_text=heard.urdf()[1])
    check_urdf(contract)
    try:
        with file.open('x', encoding='utf-8') as sink:
            sink.write(text)
    except FileExistsError:
        raise ConfigError(taken) from None
    except OSError as error:
        raise ConfigError(f'{file}: cannot be written: {error.strerror}') from None
    console.print(f'wrote {file}; read it, every line says where it came from', markup=False)
    doctor(str(file), namespace=namespace)


def _prompt(text: str) -> str:
    from il_ros.errors import ConfigError
    try:
        return input(f'{text}: ')
    except EOFError:
        raise ConfigError('standard input ended before every question was answered') from None
