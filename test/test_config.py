from dataclasses import dataclass

from il_ros.config import build, find_config, nearest, parse_yaml
from il_ros.errors import ConfigError
from il_ros.recording.metadata import to_yaml
import pytest
import yaml


@dataclass(frozen=True)
class Switch:
    on: bool


@dataclass(frozen=True)
class Inner:
    rate_hz: float
    name: str = 'x'


@dataclass(frozen=True)
class Outer:
    inner: Inner
    limits: tuple[float, float]
    items: tuple[Inner, ...] = ()
    maybe: Inner | None = None
    count: int = 1


def test_maps_nested_values():
    data = parse_yaml(
        'inner: {rate_hz: 30}\nlimits: [0, 1]\nitems: [{rate_hz: 1.5, name: y}]', 'f')
    assert build(Outer, data, 'f') == Outer(Inner(30.0), (0.0, 1.0), (Inner(1.5, 'y'),))


@pytest.mark.parametrize(('text', 'error'), [
    ('iner: {rate_hz: 1}\nlimits: [0, 1]', "f: unknown key 'iner'; did you mean 'inner'?"),
    ('inner: {rate: 1}\nlimits: [0, 1]', "f: inner: unknown key 'rate'; did you mean 'rate_hz'?"),
    ('limits: [0, 1]', 'f: missing inner'),
    ('inner: {rate_hz: fast}\nlimits: [0, 1]', "f: inner: rate_hz: expected float, got 'fast'"),
    ('inner: {rate_hz: .nan}\nlimits: [0, 1]', 'expected a finite number, got nan'),
    ('inner: {rate_hz: 1}\nlimits: [0]', 'f: limits: expected 2 values, got 1'),
    ('inner: {rate_hz: 1}\nlimits: [0, 1]\ncount: true', 'f: count: expected int, got True'),
    ('limits: [0, 1]\ninner:\n  rate_hz: 1\n  name: x\n  rate_hz: 2',
     "f: line 5: key 'rate_hz' stands twice, first in line 3"),
    ('a: &a [1]\nb: *a', 'line 2: YAML aliases are not accepted; write the value out'),
    ('a: [', 'f: not valid YAML: line 1: while parsing a flow node expected the node content'),
    ('- 1', 'f: expected keys and values, got list'),
])
def test_wrong_text_gives_one_clear_error(text, error):
    with pytest.raises(ConfigError) as caught:
        build(Outer, parse_yaml(text, 'f'), 'f')
    assert error in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('text, value', [
    ('1e-3', 1e-3), ('3e-4', 3e-4), ('1e3', 1e3), ('+1e3', 1e3), ('-1E+3', -1e3), ('.5', 0.5),
    ('-.5', -0.5), ('+.5e1', 5.0), ('5.', 5.0), ('1.5e3', 1500.0), ('1.5e-3', 0.0015),
    ('12', 12.0), ('-0', 0.0), ('+7', 7.0), ('0x1F', 31.0), ('0o17', 15.0), ('1_000', 1000.0),
    ('1_000.5', 1000.5)])
def test_a_number_is_one_however_it_is_written(text, value):
    assert build(Inner, parse_yaml(f'rate_hz: {text}', 'f'), 'f').rate_hz == value
    assert build(Outer, parse_yaml(f'inner: {{rate_hz: 1}}\nlimits: [{text},{text}]', 'f'),
                 'f').limits == (value, value)


@pytest.mark.parametrize('text', [
    '012', '-007', '1:30', '1:30.5', '2024-01-31', '2024-13-45', '1e', '1_', '_1', '0b11', '0xg',
    '1,5', '"1e-3"', "'2'", '1.2.3', '12a'])
def test_what_may_mean_two_numbers_is_none(text):
    with pytest.raises(ConfigError, match='f: rate_hz: expected float, got '):
        build(Inner, parse_yaml(f'rate_hz: {text}', 'f'), 'f')


def test_a_text_where_a_number_belongs_is_explained():
    with pytest.raises(ConfigError) as caught:
        build(Inner, parse_yaml('rate_hz: 1:30', 'f'), 'f')
    assert str(caught.value) == ("f: rate_hz: expected float, got '1:30' (a text: a number has no "
                                 'quotes, colon or leading zero)')


@pytest.mark.parametrize('name', ['on', 'off', 'yes', 'no', 'y', 'N', 'Off', '2024-01-31', '1:30',
                                  '012', '1e-3', '1e3', '3E4', '=', '1_', '0b11', '.', '<<'])
def test_names_stay_names_and_come_back_as_they_were(name):
    assert build(Inner, parse_yaml(f'rate_hz: 1\nname: {name}', 'f'), 'f').name == name
    for dump in (yaml.safe_dump, to_yaml):
        text = dump({'rate_hz': 1.0, 'name': name})
        assert build(Inner, parse_yaml(text, 'f'), 'f').name == name


@pytest.mark.parametrize('text, value', [
    ('true', True), ('False', False), ('yes', True), ('No', False), ('on', True), ('OFF', False)])
def test_truth_is_read_where_it_is_expected(text, value):
    assert build(Switch, parse_yaml(f'on: {text}', 'f'), 'f') == Switch(value)


@pytest.mark.parametrize('text', ['y', '1', '"maybe"', '~'])
def test_other_words_are_no_truth(text):
    with pytest.raises(ConfigError, match='f: on: expected bool, got '):
        build(Switch, parse_yaml(f'on: {text}', 'f'), 'f')


@pytest.mark.parametrize('text, value', [('5', 5), ('1e5', 100_000), ('2E0', 2), ('1_000', 1000)])
def test_a_whole_number_may_have_an_exponent(text, value):
    count = build(Outer, parse_yaml(f'inner: {{rate_hz: 1}}\nlimits: [0, 1]\ncount: {text}', 'f'),
                  'f').count
    assert count == value and type(count) is int


@pytest.mark.parametrize('text, error', [
    ('a: 1\n\tb: 2', 'f: not valid YAML: line 2: a tab: YAML is indented by spaces'),
    ('a: b: c', 'f: not valid YAML: line 1: mapping values are not allowed here'),
    ('a: 1\n---\nb: 2', 'f: not valid YAML: line 2: expected a single document in the stream but '
                        'found another document'),
    ('x: 1\na: &a [1]\nb: {c: *a}', 'f: line 3: YAML aliases are not accepted; write the value'),
    ('a: 1\nb: !!float abc',
     "f: line 2: YAML tags such as 'float' are not accepted; write the value without it"),
    ('a: !!timestamp 2024-01-01', "f: line 1: YAML tags such as 'timestamp' are not accepted"),
    ('a: !!python/object/apply:os.system [ls]', "f: line 1: YAML tags such as 'os.system' are"),
    ('? [a]\n: 1', 'f: line 1: expected a name as key'),
    ('a: ' + '[' * 3000, 'f: line 1: more than 50 levels'),
    ('a: 1\nb: ' + '1' * 5000, 'f: line 2: a number of 5000 digits'),
    ('a: \0', 'f: not valid YAML: unacceptable character'),
    ("a: {x: 1, 'x': 2}", "f: line 1: key 'x' stands twice, first in line 1"),
])
def test_traps_are_one_line_with_their_place(text, error):
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, 'f')
    assert str(caught.value).startswith(error)
    assert '\n' not in str(caught.value)


def test_an_anchor_that_nobody_uses_does_no_harm():
    assert parse_yaml('a: &a 1\nb: ~\nc:\n', 'f') == {'a': 1, 'b': None, 'c': None}


def test_large_text_is_refused():
    with pytest.raises(ConfigError, match='f: 1000001 characters, expected at most 1000000'):
        parse_yaml('a' * 1_000_001, 'f')


@pytest.mark.parametrize('name', ['RGB8', ' rgb8', 'rgb'])
def test_the_nearest_is_the_same_in_other_letters(name):
    assert nearest(name, ['bgr8', 'rgb8', 'mono8']) == "did you mean 'rgb8'?"


def test_names_the_nearest_configuration():
    with pytest.raises(ConfigError, match="did you mean 'sim_arm'"):
        find_config('robots', 'sim_am')
