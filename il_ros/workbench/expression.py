"""Conditions over episodes, such as `success and task ~ 'cube' and human_share < 0.3`.

SQLite reads them: comparison, `and`, `or`, `not`, `in`, `between`, `like`, arithmetic; `~` and
`!~` search for a regular expression.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
import re
import sqlite3
from typing import Any

from il_ros.config import nearest
from il_ros.errors import ConfigError

READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}
SEARCH = re.compile(r"('(?:[^']|'')*')|(!?~)")
NUMBER = 'number_of_the_row'


def matching(rows: Sequence[Mapping[str, Any]], expression: str) -> list[int]:
    """Return the numbers of the rows for which an expression holds.

    Args:
        rows: All with the same names, which the expression speaks of; None is unknown, for which
            no comparison holds.
        expression: See above.

    Raises:
        ConfigError: It cannot be read, or names what is no column.
    """
    names = list(rows[0]) if rows else []
    table = sqlite3.connect(':memory:')
    table.create_function('regexp', 2, _search, deterministic=True)
    columns = ', '.join(f'"{name}"' for name in (NUMBER, *names))
    table.execute(f'create table episodes ({columns})')
    table.executemany(f'insert into episodes values ({", ".join("?" * (len(names) + 1))})',
                      [(number, *row.values()) for number, row in enumerate(rows)])
    table.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in READS
                         else sqlite3.SQLITE_DENY)
    where = SEARCH.sub(lambda found: found[1] or ('not regexp' if found[2] == '!~' else 'regexp'),
                       expression)
    try:
        return [int(number) for number, in table.execute(
            f'select {NUMBER} from episodes where ({where}\n) order by {NUMBER}')]
    except sqlite3.Error as error:
        raise ConfigError(_explain(str(error), expression, names)) from None
    finally:
        table.close()


def _search(pattern: str, text: object) -> bool:
    return text is not None and re.search(pattern, str(text)) is not None


def _explain(error: str, expression: str, names: Sequence[str]) -> str:
    if found := re.match(r'no such column: (.*)', error):
        return f'no column {found[1]!r} in {expression!r}; {nearest(found[1], list(names))}'
    if 'user-defined function' in error:
        error = 'what stands after ~ is no regular expression'
    return f'{expression!r}: {error}; expected a condition such as success and duration_s < 20'
