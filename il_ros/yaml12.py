"""The YAML that configuration is written in: plain values as YAML 1.2's core schema reads them.

PyYAML reads YAML 1.1, where 1e-3 is a text, 012 is ten, 1:30 is ninety, and `no` and a date are no
texts (https://yaml.org/spec/1.2.2/#103-core-schema). Beyond YAML 1.2, digits may be grouped as in
Python (1_000), and yes, no, on, off still count where true or false is expected (`config.build`).
"""
from __future__ import annotations

import re
from typing import Any

from il_ros.errors import ConfigError
import yaml

D = r'[0-9]+(?:_[0-9]+)*'
INF, NAN = r'\.(?:inf|Inf|INF)', r'\.(?:nan|NaN|NAN)'
PLAIN = {  # tag: what its values look like, the characters that they begin with
    'null': (re.compile(r'(?:~|null|Null|NULL|)\Z'), ['~', 'n', 'N', '']),
    'bool': (re.compile(r'(?:true|True|TRUE|false|False|FALSE)\Z'), list('tTfF')),
    # A leading zero makes a text: YAML 1.1 takes 012 for ten, YAML 1.2 for twelve.
    'int': (re.compile(rf'[-+]?(?:0|(?!0){D}|0o[0-7]+|0x[0-9a-fA-F]+)\Z'), list('-+0123456789')),
    'float': (re.compile(rf'(?:[-+]?(?:(?:\.{D}|{D}\.(?:{D})?)(?:[eE][-+]?[0-9]+)?'
                         rf'|{D}[eE][-+]?[0-9]+|{INF})|{NAN})\Z'), list('-+.0123456789')),
}
MAX_DEPTH = 50


class Exponent(float):
    """A number that YAML 1.1 takes for a text, such as 1e-3; where a text is expected, it is one.

    Attributes:
        text: As it was written.
    """

    text: str


class Loader(yaml.SafeLoader):
    """Plain values, lists and mappings; what may mislead or expand is refused with its line.

    Raises:
        ConfigError: The text has aliases (a few bytes of them expand to gigabytes), tags, keys
            that stand twice, or more levels than `MAX_DEPTH`.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}
    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next node."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _refused(event, 'YAML aliases are not accepted; write the value out')
        if event.tag is not None:
            raise _refused(event, f'YAML tags such as {event.tag.rpartition(":")[2]!r} are not '
                                  'accepted; write the value without it')
        if self._depth > MAX_DEPTH:
            raise _refused(event, f'more than {MAX_DEPTH} levels')
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Return the keys and values of a node."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused(key, 'expected a name as key')
            if key.value in lines:
                raise _refused(key, f'key {key.value!r} stands twice, first in line '
                                    f'{lines[key.value]}')
            lines[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)


def _refused(at: Any, text: str) -> ConfigError:
    return ConfigError(f'line {at.start_mark.line + 1}: {text}')


def _int(_: Loader, node: Any) -> int:
    text = node.value.replace('_', '')
    if len(text) > 100:
        raise _refused(node, f'a number of {len(text)} digits')
    return int(text, 16 if 'x' in text else 8 if 'o' in text else 10)


def _float(_: Loader, node: Any) -> float:
    text = node.value.replace('_', '').lower()
    number = Exponent(text.replace('.inf', 'inf').replace('.nan', 'nan'))
    number.text = node.value
    in_yaml_1_1 = '.' in text and not re.search('e[0-9]', text)
    return float(number) if in_yaml_1_1 else number


for _tag, (_pattern, _first) in PLAIN.items():
    Loader.add_implicit_resolver(f'tag:yaml.org,2002:{_tag}', _pattern, _first)
Loader.add_constructor('tag:yaml.org,2002:int', _int)
Loader.add_constructor('tag:yaml.org,2002:float', _float)


def problem(error: yaml.YAMLError) -> str:
    """Return what is wrong with a text, in one line that begins with its line."""
    mark = getattr(error, 'problem_mark', None)
    what = str(getattr(error, 'problem', None) or error)
    if '\\t' in what:
        what = 'a tab: YAML is indented by spaces'
    elif what.startswith(('expected', 'but')):
        what = f'{getattr(error, "context", None) or ""} {what}'
    return ' '.join(f'line {mark.line + 1}: {what}'.split() if mark else what.split())
