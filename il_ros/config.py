"""YAML files onto frozen dataclasses, strictly.

An unknown, missing or mistyped key is an error that names the nearest valid one.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, Field, fields, is_dataclass, MISSING
import difflib
import math
import os
from pathlib import Path
import re
import sys
import types
from typing import Any, get_args, get_origin, get_type_hints, TypeVar, Union

from il_ros.errors import ConfigError
from il_ros.yaml12 import Exponent, Loader, problem
import yaml

T = TypeVar('T')
MAX_BYTES = 1_000_000
NOT_IN_TEXT = {'text': False}  # metadata of a field that says where a value came from
NAME = re.compile(r'[A-Za-z0-9_-]{1,64}')  # of what becomes part of a path
TRUTH = {'yes': True, 'on': True, 'no': False, 'off': False}  # of YAML 1.1


@dataclass(frozen=True)
class Range:
    """Within which a number has to be, both ends included: `Annotated[float, Range(0.0, 1.0)]`."""

    lowest: float
    highest: float

    def check(self, name: str, value: float) -> None:
        """Refuse a number beyond.

        Raises:
            ConfigError: It is.
        """
        if not self.lowest <= value <= self.highest:
            raise ConfigError(f'{name}: expected {self.lowest:g} to {self.highest:g}, got '
                              f'{value:g}')


class OneOf(tuple[str, ...]):
    """What a text may be: `Annotated[str, OneOf(names)]`; its owner calls `check`."""

    def check(self, name: str, value: str) -> None:
        """Refuse another text by a ConfigError."""
        if value not in self:
            raise ConfigError(f'{name}: expected one of {", ".join(self)}, got {value!r}')


class Live:
    """Marks what may change while its node runs: `Annotated[str, LIVE]`."""


LIVE = Live()


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """Return the mapping that `text` holds; `yaml12` says how its values are read.

    Args:
        text: The YAML document.
        where: Its name, for errors.

    Raises:
        ConfigError: It is too large, not YAML, no mapping, or has what `yaml12.Loader` refuses.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError(f'{where}: {len(text)} characters, expected at most {MAX_BYTES}')
    try:
        data = yaml.load(text, Loader=Loader)
    except ConfigError as error:
        raise ConfigError(f'{where}: {error}') from None
    except yaml.YAMLError as error:
        raise ConfigError(f'{where}: not valid YAML: {problem(error)}') from None
    if not isinstance(data, dict):
        raise ConfigError(f'{where}: expected keys and values, got {type(data).__name__}')
    return data


def read_text(path: Path) -> str:
    """Return the text of a configuration file.

    Raises:
        ConfigError: It cannot be read or is not UTF-8 text.
    """
    try:
        return path.read_text(encoding='utf-8')
    except OSError as error:
        raise ConfigError(f'{path}: cannot be read: {error.strerror}') from None
    except UnicodeDecodeError:
        raise ConfigError(f'{path}: expected UTF-8 text') from None


def path_name(name: str, what: str) -> None:
    """Check a name that becomes part of a path.

    Raises:
        ConfigError: It might lead elsewhere.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f'{what} {name[:80]!r}: expected 1 to 64 characters of A-Z a-z 0-9 _ -')


def number(text: str) -> float | None:
    """Return the finite number that a text says, None where it says none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def positive(**values: float) -> None:
    """Check that values are more than 0.

    Raises:
        ConfigError: One is not; the text names it.
    """
    for name, value in values.items():
        if value <= 0:
            raise ConfigError(f'{name}: expected more than 0, got {value}')


def nearest(name: str, valid: list[str]) -> str:
    """Return a hint that names the valid entry nearest to `name`."""
    close = ([entry for entry in valid if entry.lower() == name.strip().lower()]
             or difflib.get_close_matches(name, valid, n=1, cutoff=0.5))
    return f'did you mean {close[0]!r}?' if close else f'valid: {", ".join(sorted(valid))}'


def build(cls: type[T], data: Any, where: str) -> T:
    """Map `data` onto the dataclass `cls`, recursively.

    A field that may be None is None where its key is absent, default or not.

    Raises:
        ConfigError: A key is unknown or missing, or a value has the wrong type.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f'{where}: expected keys and values, got {data!r}')
    hints = get_type_hints(cls)
    known = {_key(f): f for f in fields(cls)  # type: ignore[arg-type]
             if f.metadata != NOT_IN_TEXT}
    for key in data:
        if key not in known:
            raise ConfigError(f'{where}: unknown key {str(key)!r}; '
                              f'{nearest(str(key), list(known))}')
    required = [n for n, f in known.items() if n not in data
                and f.default is MISSING and f.default_factory is MISSING]
    if missing := [n for n in required
                   if type(None) not in get_args(hints[known[n].name])]:
        raise ConfigError(f'{where}: missing {", ".join(missing)}')
    values = {known[key].name: _convert(hints[known[key].name], value, f'{where}: {key}')
              for key, value in data.items()}
    values |= dict.fromkeys(known[key].name for key in required)
    try:
        return cls(**values)
    except ConfigError as error:
        raise ConfigError(f'{where}: {error}') from None


def _convert(kind: Any, value: Any, where: str) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        kinds = [a for a in args if a is not type(None)]
        mappings = [a for a in kinds if get_origin(a) is Mapping] if isinstance(value, Mapping) \
            else []
        return _convert((mappings or kinds)[0], value, where)
    if origin is Mapping:
        return {_convert(args[0], k, where): _convert(args[1], v, f'{where}: {k}')
                for k, v in value.items()}
    if is_dataclass(kind):
        return build(kind, value, where)  # type: ignore[arg-type]
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f'{where}: expected a list, got {value!r}')
        if args[-1] is not Ellipsis and len(value) != len(args):
            raise ConfigError(f'{where}: expected {len(args)} values, got {len(value)}')
        each = [args[0]] * len(value) if args[-1] is Ellipsis else args
        return tuple(_convert(k, v, f'{where}[{i}]')
                     for i, (k, v) in enumerate(zip(each, value, strict=True)))
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ConfigError(f'{where}: expected a finite number, got {value!r}')
        return float(value)
    if kind is int and isinstance(value, Exponent) and value.is_integer():
        return int(value)
    if kind is str and isinstance(value, Exponent):
        return value.text
    if kind is bool and isinstance(value, str) and value.lower() in TRUTH:
        return TRUTH[value.lower()]
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    hint = ' (a text: a number has no quotes, colon or leading zero)' if (
        kind in (int, float) and isinstance(value, str) and value[:1].isdigit()) else ''
    raise ConfigError(f'{where}: expected {kind.__name__}, got {value!r}{hint}')


def _key(of: Field[Any]) -> str:
    """Return a field's key in YAML: its name, where its metadata give no other."""
    return str(of.metadata.get('key', of.name))


def to_mapping(value: Any) -> Any:
    """Return a dataclass as plain mappings and lists, without unset optional keys."""
    if is_dataclass(value):
        return {_key(f): to_mapping(v) for f in fields(value)
                if f.metadata != NOT_IN_TEXT and (v := getattr(value, f.name)) is not None}
    if isinstance(value, (list, tuple)):
        return [to_mapping(v) for v in value]
    if isinstance(value, Mapping):
        return {k: to_mapping(v) for k, v in value.items()}
    return value


def find_config(kind: str, name: str) -> Path:
    """Return the file that `name` means: a path, or a name under config/<kind>/.

    Looked for in the checkout, the sourced ROS 2 prefixes and this Python's prefix, in that order.

    Raises:
        ConfigError: There is none; the text lists the names that exist.
    """
    if name.endswith(('.yaml', '.yml')) or os.sep in name:
        return Path(name)
    folders = config_folders(kind)
    for folder in folders:
        if (found := folder / f'{name}.yaml').is_file():
            return found
    names = sorted({p.stem for f in folders for p in f.glob('*.yaml')})
    raise ConfigError(f'no config/{kind}/{name}.yaml; {nearest(name, names)} '
                      'A path to a YAML file is accepted too')


def config_folders(kind: str) -> list[Path]:
    """Return the existing config/<kind> folders, the checkout's first."""
    checkout = Path(__file__).resolve().parent.parent
    prefixes = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    places = [checkout / 'config' / kind] if (checkout / 'package.xml').is_file() else []
    places += [Path(p, 'share/il_ros/config', kind) for p in prefixes if p]
    return [p for p in dict.fromkeys(places) if p.is_dir()]
