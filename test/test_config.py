from dataclasses import dataclass

from il_ros.config import build, find_config, parse_yaml
from il_ros.errors import ConfigError
import pytest


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
    ('inner: {rate_hz: 1}\ninner: {rate_hz: 2}', "key 'inner' stands twice"),
    ('a: &a [1]\nb: *a', 'line 2: YAML aliases are not accepted; write the value out'),
    ('a: [', 'f: not valid YAML'),
    ('- 1', 'f: expected keys and values, got list'),
])
def test_wrong_text_gives_one_clear_error(text, error):
    with pytest.raises(ConfigError) as caught:
        build(Outer, parse_yaml(text, 'f'), 'f')
    assert error in str(caught.value)
    assert '\n' not in str(caught.value)


def test_large_text_is_refused():
    with pytest.raises(ConfigError, match='f: 1000001 characters, expected at most 1000000'):
        parse_yaml('a' * 1_000_001, 'f')


def test_names_the_nearest_configuration():
    with pytest.raises(ConfigError, match="did you mean 'sim_arm'"):
        find_config('robots', 'sim_am')
