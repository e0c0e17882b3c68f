"""Tables of what dataclasses hold: contract keys, node parameters, training settings, figures."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass, MISSING
import inspect
import re
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints, Union

from il_ros.config import LIVE, NOT_IN_TEXT, OneOf, Range
from il_ros.nodes.shared.parameters import descriptions

from tools.docs.markdown import cell, escaped, table

WORDS = {float: 'number', int: 'whole number', str: 'text', bool: 'true or false', Any: 'anything',
         NoneType: 'none'}


def kind(hint: Any) -> str:
    """Return a type hint as people say it."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return kind(args[0])
    if origin in (Union, UnionType):
        return ' or '.join(kind(each) for each in args if each is not NoneType)
    if origin is tuple:
        if args[-1] is Ellipsis:
            return f'list of {_several(args[0])}'
        return f'{len(args)} {_several(args[0])}'
    if origin is list:
        return f'list of {_several(args[0])}'
    if origin in (Mapping, dict):
        return f'{kind(args[1])} by name'
    if is_dataclass(hint):
        return f'[{hint.__name__}](#{hint.__name__.lower()})'
    return WORDS.get(hint, getattr(hint, '__name__', str(hint)))


def _several(hint: Any) -> str:
    return {str: 'texts', float: 'numbers', int: 'whole numbers'}.get(hint, kind(hint))


def marks(hint: Any) -> tuple[str, bool]:
    """Return what a value may be, and whether it may change while its node runs."""
    found = getattr(hint, '__metadata__', ())
    said = [f'{m.lowest:g} to {m.highest:g}' for m in found if isinstance(m, Range)]
    said += [', '.join(f'`{each}`' for each in m) for m in found if isinstance(m, OneOf)]
    return '; '.join(said), LIVE in found


def default(field: Field[Any], open_: bool) -> str:
    """Return the default of a field as YAML has it."""
    value = field.default
    if value is MISSING and field.default_factory is not MISSING:
        value = field.default_factory()
    if value is MISSING:
        return '' if open_ else '**required**'
    if value is None or value == '' or value == () or is_dataclass(value):
        return ''
    if isinstance(value, bool):
        return f'`{str(value).lower()}`'
    if isinstance(value, (tuple, list)):
        return f'`[{", ".join(map(str, value))}]`'
    if type(value).__repr__ is object.__repr__:
        return ''
    return f'`{value:g}`' if isinstance(value, float) else f'`{value}`'


def table_of(cls: type, head: str = 'key') -> str:
    """Return a table of the fields of a dataclass."""
    hints, about = get_type_hints(cls, include_extras=True), descriptions(cls)
    rows = []
    for field in fields(cls):
        if field.metadata == NOT_IN_TEXT:
            continue
        hint = hints[field.name]
        may_be, live = marks(hint)
        text = cell(about.get(field.name, ''))
        rows.append([f'`{field.metadata.get("key", field.name)}`', kind(hint), may_be,
                     default(field, NoneType in get_args(hint)),
                     text + (' *Changes while the node runs.*' if live else '')])
    if head == 'figure':
        rows = [[*row[:3], '', row[4]] for row in rows]
    return table((head, 'is', 'may be', 'default', ''), rows)


def nested(cls: type, found: dict[type, None] | None = None) -> dict[type, None]:
    """Return a dataclass and all that its fields hold, in the order in which they are met."""
    found = {} if found is None else found
    if cls not in found:
        found[cls] = None
        for name, hint in get_type_hints(cls).items():
            if name in {field.name for field in fields(cls)}:
                for part in _dataclasses(hint):
                    nested(part, found)
    return found


def _dataclasses(hint: Any) -> list[type]:
    if is_dataclass(hint):
        return [hint]  # type: ignore[list-item]
    return [each for part in get_args(hint) for each in _dataclasses(part)]


def lead(thing: Any) -> str:
    """Return what a docstring says before its sections, in one paragraph per paragraph."""
    text = inspect.cleandoc(thing.__doc__ or '')
    for section in ('\nAttributes:', '\nArgs:', '\nRaises:', '\nReturns:'):
        text = text.partition(section)[0]
    return '\n\n'.join(_joined(part) for part in text.strip().split('\n\n'))


def _joined(paragraph: str) -> str:
    """Return a paragraph on one line, and each item of a list on one of its own."""
    head, *items = re.split(r'\n- ', f'\n{paragraph}')
    lines = [' '.join(head.split()), *(f'- {" ".join(item.split())}' for item in items)]
    return '\n'.join([lines[0], '', *lines[1:]] if items and lines[0] else filter(None, lines))


def section(cls: type, head: str = 'key') -> str:
    """Return a section of a dataclass: what it is, and the table of its fields."""
    return f'## {cls.__name__}\n\n{escaped(lead(cls))}\n\n{table_of(cls, head)}'


def properties(cls: type) -> str:
    """Return a table of the properties of a class that say what they are."""
    rows = [[f'`{name}`', cell(lead(value))] for name, value in vars(cls).items()
            if isinstance(value, property) and value.__doc__ and not name.startswith('_')]
    return table(('figure', ''), rows)
