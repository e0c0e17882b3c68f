"""Joint values by name."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from il_ros.errors import MessageError


def indices(names: Sequence[str], expected: Sequence[str], *, extra: bool = False) -> list[int]:
    """Return where each of the `expected` joints stands in `names`.

    Args:
        names: Joint names of a message.
        expected: Joint names of the contract, in order.
        extra: Accept further joints (a robot may report joints that nobody commands).

    Raises:
        MessageError: A joint is missing, stands twice or is unknown.
    """
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise MessageError(f'joint {twice[0]!r} stands twice; expected each joint once')
    place = {name: i for i, name in enumerate(names)}
    if missing := [name for name in expected if name not in place]:
        raise MessageError(f'missing joint {missing[0]!r}; expected {", ".join(expected)}')
    if not extra and (unknown := [name for name in names if name not in expected]):
        raise MessageError(f'unknown joint {unknown[0]!r}; expected {", ".join(expected)}')
    return [place[name] for name in expected]
