import re

from il_ros.errors import ConfigError
from il_ros.names import resolve
import pytest


@pytest.mark.parametrize('name, namespace, full', [
    ('a/b', '/', '/a/b'), ('a/b', '', '/a/b'), ('a/b', 'left', '/left/a/b'),
    ('a/b', '/left/arm', '/left/arm/a/b'), ('/a/b', '/left', '/a/b'), ('a__b', '/', '/a__b'),
    ('~/a', '/', '/driver/a'), ('~/a', 'left', '/left/driver/a'), ('~', 'left', '/left/driver'),
])
def test_names_resolve_as_ros_names_do(name, namespace, full):
    assert resolve(name, namespace, 'driver') == full


@pytest.mark.parametrize('name, text', [
    ('', "topic '': it is empty"),
    ('/', "topic '/': it is empty"),
    ('a//b', "topic 'a//b': two slashes follow each other; expected words of A-Z a-z 0-9 _ that "
             'begin with no digit, with single slashes between them'),
    ('//a', "topic '//a': two slashes follow each other"),
    ('a/', "topic 'a/': it ends with a slash"),
    ('a-b', "topic 'a-b': '-' is not allowed"),
    ('{ns}/a', "topic '{ns}/a': '{' is not allowed"),
    ('a/1b', "topic 'a/1b': a word begins with a digit"),
    ('~a', "topic '~a': expected ~/ at the beginning"),
])
def test_what_ros_refuses_is_refused(name, text):
    with pytest.raises(ConfigError, match=re.escape(text)):
        resolve(name, node='driver')


def test_a_private_name_needs_a_node():
    with pytest.raises(ConfigError, match=re.escape("topic '~/a': ~ is another topic for each "
                                                    'node; write the name relative')):
        resolve('~/a')


def test_a_namespace_is_checked_too():
    with pytest.raises(ConfigError, match="namespace 'left/': it ends with a slash"):
        resolve('a', 'left/')
