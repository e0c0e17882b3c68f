"""The page of the `il_ros` command and the launch files, from the commands themselves."""
from __future__ import annotations

from collections.abc import Callable
import inspect
from pathlib import Path
import re
from types import NoneType
from typing import Any, get_args, get_type_hints

from il_ros.cli import app
from il_ros.nodes.shared.arguments import ARGUMENTS
import typer
from typer.models import ArgumentInfo, OptionInfo

from tools.docs.markdown import cell, page, table
from tools.docs.settings import kind

LAUNCH = Path(__file__).resolve().parents[2] / 'launch'
EXAMPLE = re.compile(r'\n\s*Examples?: (.*)', re.DOTALL)
PATH = {Path: 'path'}


def commands(of: typer.Typer = app, name: str = 'il_ros') -> dict[str, Callable[..., Any]]:
    """Return every subcommand: its full name, and the function behind it."""
    found = {f'{name} {each.name or each.callback.__name__}': each.callback
             for each in of.registered_commands if each.callback}
    for group in of.registered_groups:
        found |= commands(group.typer_instance, f'{name} {group.name}')
    return dict(sorted(found.items()))


def options(function: Callable[..., Any]) -> list[list[str]]:
    """Return the rows of a command's table: name, what it takes, its default, what it is."""
    hints = get_type_hints(function, include_extras=True)
    return [_row(parameter, *_parts(hints[parameter.name]))
            for parameter in inspect.signature(function).parameters.values()]


def _parts(hint: Any) -> tuple[Any, ArgumentInfo | OptionInfo]:
    plain, *rest = get_args(hint)
    return plain, next(each for each in rest if isinstance(each, (ArgumentInfo, OptionInfo)))


def _row(parameter: inspect.Parameter, hint: Any, info: ArgumentInfo | OptionInfo) -> list[str]:
    required = parameter.default is inspect.Parameter.empty
    if isinstance(info, ArgumentInfo):
        name = info.metavar or parameter.name.upper()
        shown = f'`{name}`' if required else f'`[{name}]`'
    else:
        switches = info.param_decls or (f'--{parameter.name.replace("_", "-")}',)
        shown = ', '.join(f'`{each}`' for each in '/'.join(switches).split('/'))
    value = parameter.default
    default = '**required**' if required else ('on' if value else 'off') if isinstance(
        value, bool) else '' if value in (None, '', ()) else f'`{value}`'
    return [shown, _takes(hint, info), default, cell(info.help or '')]


def _takes(hint: Any, info: ArgumentInfo | OptionInfo) -> str:
    kinds = [each for each in get_args(hint) if each is not NoneType]
    plain = kinds[0] if kinds and NoneType in get_args(hint) else hint
    if plain is bool:
        return 'switch'
    of_many = get_args(plain)[0] if get_args(plain) else None
    text = PATH.get(of_many or plain) or kind(of_many or plain)
    low, high = info.min, info.max
    if low is not None and high is not None:
        text += f', {low:g} to {high:g}'
    elif low is not None:
        text += f', {low:g} or more'
    elif high is not None:
        text += f', {high:g} or less'
    return text + (', several' if of_many else '')


def _section(name: str, function: Callable[..., Any]) -> str:
    text = inspect.cleandoc(function.__doc__ or '')
    example = EXAMPLE.search(text)
    about = '\n\n'.join(' '.join(part.split())
                        for part in EXAMPLE.sub('', text).strip().split('\n\n'))
    shown = f'\n\nExample: {" ".join(example[1].split())}' if example else ''
    return f'## {name}\n\n{about}{shown}\n\n' + table(
        ('argument or option', 'takes', 'default', ''), options(function))


def commands_page() -> str:
    """Return the page of all subcommands."""
    found = commands()
    names = '\n'.join(f'- [`{name}`](#{name.replace(" ", "-")})' for name in found)
    return page(
        'The il_ros command',
        'Every subcommand has `--help`. Wrong input ends in one line and exit code 2; a bug ends '
        'in a traceback and exit code 1.', names,
        *(_section(*each) for each in found.items()))


def launch_page() -> str:
    """Return the page of the launch files."""
    arguments = [[f'`{name}:=`', f'`{default}`' if default else '', cell(about)]
                 for name, (default, about) in ARGUMENTS.items()]
    files = []
    for path in sorted(LAUNCH.glob('*.launch.py')):
        text = path.read_text()
        doc = text.split('"""')[1].split('\n')[0]
        taken = [f'`{name}`' for name in ARGUMENTS if f"'{name}'" in text]
        files.append([f'`{path.name}`', doc, ', '.join(taken)])
    return page(
        'Launch files',
        'All of them start parts of one graph: `ros2 launch il_ros FILE argument:=value`. The '
        'gate starts disarmed.',
        table(('file', 'what it starts', 'takes'), files),
        '## Arguments', table(('argument', 'default', ''), arguments))
