"""Parameters of all nodes: descriptions, ranges, what may change, and rclpy's own attributes."""
from __future__ import annotations

import ast
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Annotated

from il_ros.config import LIVE, OneOf, Range
from il_ros.errors import ConfigError
from il_ros.nodes.shared.parameters import declare, descriptions
from nodes.harness import next_domain, running
import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter

NODES = Path(__file__).resolve().parents[2] / 'il_ros/nodes'
DOMAIN = next_domain()
SAME_NAME = {'destroy_node'}   # extended on purpose


def classes():
    """Return all classes of il_ros.nodes as (name, syntax)."""
    return {node.name: node for path in sorted(NODES.rglob('*.py'))
            for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)}


def nodes():
    """Return the syntax of each class that is an rclpy Node, whatever it derives from."""
    found, known = classes(), {'Node'}
    while new := {name for name, syntax in found.items() if name not in known
                  and {getattr(base, 'id', '') for base in syntax.bases} & known}:
        known |= new
    return [found[name] for name in sorted(known - {'Node'})]


def parameter_classes():
    found = []
    for path in sorted(NODES.rglob('*.py')):
        for syntax in ast.parse(path.read_text()).body:
            if isinstance(syntax, ast.ClassDef) and syntax.name == 'Parameters':
                parts = path.relative_to(NODES).with_suffix('').parts
                found.append(import_module('.'.join(('il_ros.nodes', *parts))).Parameters)
    return found


@pytest.fixture(scope='module')
def context():
    context = rclpy.Context()
    context.init(domain_id=DOMAIN)
    yield context
    context.try_shutdown()


@pytest.fixture
def plain(context):
    node = rclpy.create_node('plain', context=context)
    yield node
    node.destroy_node()


@pytest.mark.parametrize('syntax', nodes(), ids=lambda syntax: syntax.name)
def test_no_attribute_is_one_of_rclpy(plain, syntax):
    taken = set(dir(Node)) | set(vars(plain))
    taken = {name for name in taken if not name.startswith('__')} - SAME_NAME
    ours = {part.name for part in syntax.body if isinstance(part, ast.FunctionDef)}
    ours |= {target.attr for part in ast.walk(syntax) if isinstance(part, ast.Attribute)
             and isinstance(part.ctx, ast.Store) for target in [part]
             if getattr(part.value, 'id', '') == 'self'}
    assert ours
    assert not ours & taken


def test_all_nodes_are_looked_at():
    assert {syntax.name for syntax in nodes()} >= {
        'SimRobotNode', 'CommandGate', 'DaggerIntervention', 'PolicyInference', 'HelpGate',
        'Teleop', 'TeleopCapture', 'Monitor', 'BagConverter', 'HomingNode', 'ReplayNode'}
    assert len(parameter_classes()) == 10


@pytest.mark.parametrize('cls', parameter_classes(), ids=lambda cls: cls.__module__[13:])
def test_each_parameter_is_described_and_each_number_has_a_range(cls):
    about = descriptions(cls)
    hints = {name: getattr(hint, '__metadata__', ()) for name, hint in
             __import__('typing').get_type_hints(cls, include_extras=True).items()}
    for field in fields(cls):
        assert len(about[field.name]) > 8, field.name
        if type(field.default) in (int, float):
            limits, = (mark for mark in hints[field.name] if isinstance(mark, Range))
            limits.check(field.name, field.default)
        for mark in hints[field.name]:
            if isinstance(mark, OneOf):
                assert field.default in mark


@dataclass(frozen=True)
class Base:
    """Of something.

    Attributes:
        count: How many,
            in all.
    """

    count: Annotated[int, Range(1, 5)] = 2


@dataclass(frozen=True)
class Small(Base):
    """Of the test.

    Attributes:
        low, high: An end
            of the way.
        style: How.
        word: Anything.

    More text: not an attribute.
    """

    low: Annotated[float, Range(0.5, 1.0)] = 0.5
    high: Annotated[float, Range(0.5, 1.0), LIVE] = 1.0
    style: Annotated[str, OneOf(('a', 'b')), LIVE] = 'a'
    word: str = ''

    def __post_init__(self) -> None:
        if self.style not in ('a', 'b'):
            raise ConfigError(f'style: expected a or b, got {self.style!r}')
        if self.low > self.high:
            raise ConfigError(f'low {self.low} is above high {self.high}')


def made(context, changed=None, **given):
    node = rclpy.create_node('small', context=context, parameter_overrides=[
        Parameter(name, value=value) for name, value in given.items()])
    return node, declare(node, Small, changed)


def test_descriptors_say_what_the_dataclass_says(context):
    assert descriptions(Small) == {'count': 'How many, in all.', 'low': 'An end of the way.',
                                   'high': 'An end of the way.', 'style': 'How.',
                                   'word': 'Anything.'}
    node, values = made(context, low=1, word='x')
    assert values == Small(low=1.0, word='x')
    assert node.get_parameter('low').value == 1.0
    count, low, high, style, word = (node.describe_parameter(f.name) for f in fields(Small))
    assert count.description == 'How many, in all.'
    assert (count.integer_range[0].from_value, count.integer_range[0].to_value) == (1, 5)
    assert (low.floating_point_range[0].from_value, low.floating_point_range[0].to_value) == (
        0.5, 1.0)
    assert [one.read_only for one in (count, low, high, style, word)] == [
        True, True, False, False, True]
    assert style.additional_constraints == 'one of a, b'
    assert word.additional_constraints == 'cannot change while the node runs'
    assert node.describe_parameter('use_sim_time').description
    node.destroy_node()


@pytest.mark.parametrize(('given', 'text'), [
    ({'low': 0.4}, 'low: expected 0.5 to 1, got 0.4'),
    ({'count': 9}, 'count: expected 1 to 5, got 9'),
    ({'count': 2.5}, 'count: expected int, got 2.5'),
    ({'low': float('nan')}, 'low: expected a finite number, got nan'),
    ({'word': 3}, 'word: expected str, got 3'),
    ({'style': 'c'}, "style: expected a or b, got 'c'"),
    ({'low': 1.0, 'high': 0.7}, 'low 1.0 is above high 0.7')])
def test_a_wrong_value_at_the_start_is_one_clear_error(context, given, text):
    with pytest.raises(ConfigError) as error:
        made(context, **given)
    assert str(error.value) == f'parameters of small: {text}'


def test_what_is_live_changes_and_the_node_is_told_once_for_all(context):
    told = []
    node, _ = made(context, told.append)

    def give(**values):
        result = node.set_parameters_atomically([
            Parameter(name, value=value) for name, value in values.items()])
        return result.reason if not result.successful else None
    assert give(high=0.9, style='b') is None
    assert told == [Small(high=0.9, style='b')]
    assert give(style='b') is None
    assert len(told) == 1, 'nothing changed'
    assert give(high=0.8) is None
    assert told[-1] == Small(high=0.8, style='b')
    assert give(style='c') == "style: expected a or b, got 'c'"
    assert 'out of range' in give(high=0.4)
    assert 'out of range' in give(high=float('nan'))
    assert give(high=0.7, style='c') == "style: expected a or b, got 'c'"
    assert 'read-only parameter: low' in give(low=0.6)
    assert 'read-only parameter: word' in give(high=0.6, word='y')
    assert 'Wrong parameter type' in give(high=1)
    assert len(told) == 2
    assert node.get_parameter('high').value == 0.8
    node.destroy_node()


@pytest.mark.parametrize(('name', 'value', 'text'), [
    ('watchdog_s', 50.0, 'watchdog_s: expected 0.001 to 10, got 50'),
    ('watchdog_s', 'soon', "watchdog_s: expected float, got 'soon'"),
    ('armed', 1, 'armed: expected bool, got 1')])
def test_a_node_refuses_it_in_one_line(tmp_path, name, value, text):
    with running('command_gate', DOMAIN, tmp_path / 'log', parameters={name: value}) as node:
        assert node.process.wait(60) == 2
    assert node.output.splitlines()[-1] == f'parameters of command_gate: {text}'
    assert 'Traceback' not in node.output
