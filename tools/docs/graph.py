"""Topics, services and actions of the nodes, read out of their source."""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from il_ros.nodes import shell
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

ROOT = Path(__file__).resolve().parents[2]
NODES = ROOT / 'il_ros/nodes'
# Whose code a folder of helpers is. What all share counts for those that import it.
FOLDERS = {'arbiter': 'dagger_intervention', 'device': 'teleop', 'display': 'monitor',
           'gate': 'command_gate', 'guiding': 'il_ros guide', 'help': 'help_gate',
           'operating': 'panel', 'policy': 'policy_inference', 'recorder': 'teleop_capture',
           'sim': 'sim_robot', 'clients': 'il_ros (commands)'}
CALLS = {'create_publisher': 'publishes', 'create_subscription': 'subscribes',
         'create_service': 'serves', 'create_client': 'calls', 'trigger': 'serves',
         'ActionServer': 'action', 'ActionClient': 'calls action'}
QOS = {name: getattr(shell, name) for name in ('NEWEST', 'STREAM', 'SENSOR', 'LATCHED', 'CHANGES')}


class Use(NamedTuple):
    """One place where a node speaks or listens."""

    node: str
    how: str
    name: str
    type: str
    qos: str


def uses() -> list[Use]:
    """Return every use of a topic, service or action whose name the code says."""
    return sorted({use for path in NODES.rglob('*.py') for use in _of_file(path)})


def _of_file(path: Path) -> Iterator[Use]:
    text = path.read_text()
    if not any(name in text for name in CALLS):
        return      # it may need what is not here, as launch files do
    tree = ast.parse(text)
    module = import_module('.'.join(path.relative_to(ROOT).with_suffix('').parts))
    for known, call in _calls(tree, vars(module), []):
        how = CALLS[call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id]
        kind, name = _arguments(call, known)
        if isinstance(name, str) and (isinstance(kind, type) or how == 'serves'):
            for node in _owners(path):
                qos = (_value(call.args[3 if how == 'subscribes' else 2], known)
                       if how in ('publishes', 'subscribes') else None)
                yield Use(node, how, name, _type_name(kind), described(qos))


def _calls(tree: ast.AST, known: Mapping[str, Any],
           found: list[Any]) -> list[tuple[Any, ast.Call]]:
    """Return the calls of `CALLS`, each with the names that are known there; loops unrolled."""
    for part in ast.iter_child_nodes(tree):
        if isinstance(part, ast.For) and isinstance(part.iter, ast.Tuple):
            for element in part.iter.elts:
                inner = dict(known, **_bound(part.target, element, known))
                for line in part.body:
                    _calls(ast.Module([line], []), inner, found)
            continue
        if isinstance(part, ast.Call):
            name = getattr(part.func, 'attr', getattr(part.func, 'id', ''))
            if name in CALLS and len(part.args) >= 2:
                found.append((known, part))
        _calls(part, known, found)
    return found


class Named(str):
    """A method that only its name is known of."""

    @property
    def __name__(self) -> str:
        return str(self)


def _bound(target: ast.AST, value: ast.AST, known: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return {name: each for t, v in zip(target.elts, value.elts, strict=True)
                for name, each in _bound(t, v, known).items()}
    if not isinstance(target, ast.Name):
        return {}
    found = _value(value, known)
    return {target.id: Named(value.attr) if found is None and isinstance(value, ast.Attribute)
            else found}


def _value(expression: ast.AST, known: Mapping[str, Any]) -> Any:
    """Return what an expression means at import; None where only a running node knows."""
    if isinstance(expression, ast.Constant):
        return expression.value
    if isinstance(expression, ast.Name):
        return known.get(expression.id)
    if isinstance(expression, ast.Attribute):
        return getattr(_value(expression.value, known), expression.attr, None)
    if isinstance(expression, ast.FormattedValue):
        return _value(expression.value, known)
    if isinstance(expression, ast.JoinedStr):
        parts = [_value(part, known) for part in expression.values]
        return None if None in parts else ''.join(map(str, parts))
    return None


def _arguments(call: ast.Call, known: Mapping[str, Any]) -> tuple[Any, Any]:
    called = getattr(call.func, 'attr', getattr(call.func, 'id', ''))
    if called == 'trigger':   # (node, name, what it does)
        return None, _value(call.args[1], known)
    first = 1 if called.startswith('Action') else 0
    kind, name = (_value(each, known) for each in call.args[first:first + 2])
    return kind, name


def _type_name(kind: Any) -> str:
    if kind is None:
        return 'std_srvs/Trigger'
    return f'{kind.__module__.partition(".")[0]}/{kind.__name__}'


def described(profile: Any) -> str:
    """Return a QoS profile in words."""
    if isinstance(profile, int):
        return f'reliable, {profile} kept'
    if not isinstance(profile, QoSProfile):
        return ''
    said = ['reliable' if profile.reliability == ReliabilityPolicy.RELIABLE else 'best effort',
            f'{profile.depth} kept']
    if profile.durability == DurabilityPolicy.TRANSIENT_LOCAL:
        said.append('latched')
    return ', '.join(said)


def _owners(path: Path) -> list[str]:
    inside = path.relative_to(NODES)
    if len(inside.parts) == 1:
        return [inside.stem]
    if inside.parts[0] != 'shared':
        return [FOLDERS[inside.parts[0]]]
    name = f'il_ros.nodes.shared.{inside.stem}'
    users = [other for other in NODES.rglob('*.py') if other.parent.name != 'shared' and (
        name in (text := other.read_text()) or
        f'from il_ros.nodes.shared import {inside.stem}' in text)]
    return sorted({owner for user in users for owner in _owners(user)})
