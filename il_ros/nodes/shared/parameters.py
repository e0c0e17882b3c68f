"""ROS parameters of a frozen dataclass: declared, described, kept to their ranges, read-only.

What a node copies at its start cannot change while it runs, so it is read-only: `ros2 param set`
is refused. Fields marked `config.LIVE` change, and the node is told.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, fields, replace
import inspect
import itertools
import re
from typing import Any, get_type_hints, TypeVar

from il_ros.config import build, LIVE, OneOf, Range
from il_ros.errors import ConfigError
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

P = TypeVar('P')
FIXED = 'cannot change while the node runs'
ENTRY = re.compile(r'(\w+(?:, \w+)*): (.*)')
CLOCK = 'use_sim_time'
INDENT = ' ' * 4


def declare(node: Node, cls: type[P], changed: Callable[[P], None] | None = None) -> P:
    """Declare one ROS parameter per field of a dataclass and return their values.

    Args:
        node: The node.
        cls: Fields with defaults. `Attributes:` of its docstring describes each; `Annotated` with
            `config.Range`, `OneOf` or `LIVE` says what it may be, and when.
        changed: Takes all values after those that are `LIVE` were changed.

    Raises:
        ConfigError: A value has the wrong type, is out of range, or the dataclass refuses it.
    """
    where = f'parameters of {node.get_name()}'
    parts = fields(cls)  # type: ignore[arg-type]
    current = build(cls, {f.name: _given(node, f.name, f.default) for f in parts}, where)
    notes, about = _notes(cls), descriptions(cls)
    _check(current, notes, f'{where}: ')
    for field in parts:
        node.declare_parameter(field.name, getattr(current, field.name),
                               _descriptor(field, about[field.name], notes[field.name]),
                               ignore_override=True)
    node.set_descriptor(CLOCK, ParameterDescriptor(
        type=Parameter.Type.BOOL.value, description='Whether ROS time comes from /clock.'))
    live = {name for name, marks in notes.items() if LIVE in marks}

    def news(given: list[Parameter]) -> P:
        return replace(current, **{  # type: ignore[type-var]
            one.name: one.value for one in given if one.name in live})

    def check(given: list[Parameter]) -> SetParametersResult:
        try:
            if not all(one.name for one in given):   # which rclpy takes for declared
                raise ConfigError('expected the name of a parameter, got none')
            _check(news(given), notes)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def take(given: list[Parameter]) -> None:
        nonlocal current
        before, current = current, news(given)
        if changed and current != before:
            changed(current)

    node.add_on_set_parameters_callback(check)
    node.add_post_set_parameters_callback(take)
    return current


def descriptions(cls: type) -> dict[str, str]:
    """Return what the docstrings of a dataclass and its bases say of each of their attributes."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        _, _, section = inspect.cleandoc(base.__dict__.get('__doc__') or '').partition(
            'Attributes:\n')
        names: list[str] = []
        for line in itertools.takewhile(lambda line: line.startswith(INDENT), section.split('\n')):
            if entry := ENTRY.fullmatch(line.removeprefix(INDENT)):
                names = entry[1].split(', ')
                found |= dict.fromkeys(names, entry[2])
            else:
                found |= {name: f'{found[name]} {line.strip()}' for name in names}
    return found


def _given(node: Node, name: str, default: Any) -> Any:
    """Return what command line and parameter files say, of whatever type, else the default."""
    value = node.declare_parameter(name, default, ParameterDescriptor(dynamic_typing=True)).value
    node.undeclare_parameter(name)
    return value


def _notes(cls: type) -> dict[str, tuple[Any, ...]]:
    hints = get_type_hints(cls, include_extras=True)
    return {name: getattr(hint, '__metadata__', ()) for name, hint in hints.items()}


def _check(values: Any, notes: dict[str, tuple[Any, ...]], prefix: str = '') -> None:
    for name, marks in notes.items():
        for mark in marks:
            if isinstance(mark, Range):
                mark.check(f'{prefix}{name}', getattr(values, name))


def _descriptor(field: Field[Any], about: str, marks: tuple[Any, ...]) -> ParameterDescriptor:
    made = ParameterDescriptor(description=about, read_only=LIVE not in marks)
    limits = [] if LIVE in marks else [FIXED]
    for mark in marks:
        if isinstance(mark, OneOf):
            limits.insert(0, f'one of {", ".join(mark)}')
        elif isinstance(mark, Range) and isinstance(field.default, int):
            made.integer_range = [IntegerRange(
                from_value=int(mark.lowest), to_value=int(mark.highest), step=0)]
        elif isinstance(mark, Range):
            made.floating_point_range = [FloatingPointRange(
                from_value=float(mark.lowest), to_value=float(mark.highest), step=0.0)]
    made.additional_constraints = '; '.join(limits)
    return made
