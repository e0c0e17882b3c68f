"""Topic names as ROS 2 has them (design.ros2.org, "Topic and Service name mapping to DDS")."""
from __future__ import annotations

import re

from il_ros.errors import ConfigError

_TOKENS = re.compile(r'[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*')


def resolve(name: str, namespace: str = '/', node: str = '') -> str:
    """Return the full name of a topic, as a node of that namespace sees it.

    Args:
        name: Absolute (`/a/b`), relative to the namespace (`a/b`) or private to the node (`~/b`).
        namespace: '' and '/' are the root; `robot1` is `/robot1`.
        node: Name of the node; needed for private names.

    Raises:
        ConfigError: A name is not valid in ROS 2, or private where no node is known.
    """
    inside = '' if namespace in ('', '/') else '/' + _checked(namespace.removeprefix('/'),
                                                              'namespace', namespace)
    if name.startswith('~'):
        if not node:
            raise ConfigError(f'topic {name!r}: ~ is another topic for each node; write the name '
                              'relative to the namespace, or from / on')
        if name == '~':
            return f'{inside}/{_checked(node, "node", node)}'
        if not name.startswith('~/'):
            raise ConfigError(f'topic {name!r}: expected ~/ at the beginning')
        return f'{inside}/{_checked(node, "node", node)}/{_checked(name[2:], "topic", name)}'
    tokens = _checked(name.removeprefix('/'), 'topic', name)
    return f'/{tokens}' if name.startswith('/') else f'{inside}/{tokens}'


def rooted(topic: str) -> str:
    """Return the name of a bag's topic as ROS has it: other recorders leave out the first /."""
    return f'/{topic.removeprefix("/")}'


def _checked(tokens: str, what: str, whole: str) -> str:
    if not _TOKENS.fullmatch(tokens):
        raise ConfigError(
            f'{what} {whole[:80]!r}: {_fault(tokens)}; expected words of A-Z a-z 0-9 _ that begin '
            'with no digit, with single slashes between them')
    return tokens


def _fault(tokens: str) -> str:
    if not tokens:
        return 'it is empty'
    if '//' in f'/{tokens}':
        return 'two slashes follow each other'
    if tokens.endswith('/'):
        return 'it ends with a slash'
    if odd := re.search(r'[^A-Za-z0-9_/]', tokens):
        return f'{odd.group()!r} is not allowed'
    return 'a word begins with a digit'
