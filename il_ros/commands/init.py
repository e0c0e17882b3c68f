"""`il_ros init`."""
from __future__ import annotations

from pathlib import Path
import sys
from typing import Annotated, TYPE_CHECKING

from il_ros.errors import ConfigError
import typer

if TYPE_CHECKING:
    from il_ros.drafting.heard import Heard
    from il_ros.drafting.questions import Answers


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
    from il_ros.commands import console
    from il_ros.commands.doctor import doctor
    from il_ros.config import path_name
    from il_ros.drafting.questions import Answers

    path_name(name, 'robot')
    file = Path(f'{name}.yaml')
    if file.exists():
        raise exists(file)
    asked = Answers(answers or (), yes, prompt if sys.stdin.isatty() else None)
    console.print(f'listening for {seconds:g} s in /{namespace.strip("/")}', markup=False,
                  highlight=False, soft_wrap=True)
    write(file, _checked(_listen(namespace, seconds), name, asked,
                          urdf.resolve() if urdf else None))
    console.print(f'wrote {file}; read it, every line says where it came from', markup=False,
                  highlight=False, soft_wrap=True)
    doctor(str(file), namespace=namespace)


def _listen(namespace: str, seconds: float) -> Heard:
    from il_ros.nodes.clients.survey import Survey
    survey = Survey(namespace)
    try:
        return survey.listen(seconds)
    finally:
        survey.close()


def _checked(heard: Heard, name: str, asked: Answers, urdf: Path | None) -> str:
    """Return the text of a contract that loads and fits its URDF."""
    from dataclasses import replace

    from il_ros.contract import Contract
    from il_ros.drafting.draft import draft
    from il_ros.kinematics import check_urdf
    text = draft(heard, name, asked, urdf)
    contract = Contract.from_text(text, 'the draft')
    check_urdf(contract if urdf else replace(contract, urdf_text=heard.urdf()[1]))
    return text


def write(file: Path, text: str) -> None:
    """Write a contract that is not there yet.

    Raises:
        ConfigError: It is there, or cannot be written.
    """
    try:
        with file.open('x', encoding='utf-8') as sink:
            sink.write(text)
    except FileExistsError:
        raise exists(file) from None
    except OSError as error:
        raise ConfigError(f'{file}: cannot be written: {error.strerror}') from None


def exists(file: Path) -> ConfigError:
    """Return that a file is there already."""
    return ConfigError(f'{file} exists already and is not overwritten: choose another name, or '
                       'move it')


def prompt(text: str) -> str:
    """Return what a person types.

    Raises:
        ConfigError: Nobody does.
    """
    try:
        return input(f'{text}: ')
    except EOFError:
        raise ConfigError('standard input ended before every question was answered') from None
