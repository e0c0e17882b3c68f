"""The little Markdown that the generated pages are made of."""
from __future__ import annotations

from collections.abc import Sequence
import re

NOTE = ('<!-- Written from the code by tools/docs/reference.py: `make reference`. '
        'Edits here are lost. -->')
ODD = re.compile(r'([<>*_\\])')
CODE = re.compile(r'(`[^`]*`)')


def escaped(text: str) -> str:
    """Return a text whose marks mean themselves, outside of `code`."""
    return ''.join(part if part.startswith('`') else ODD.sub(r'\\\1', part)
                   for part in CODE.split(text))


def cell(text: str) -> str:
    """Return a text that is safe within a table: one line, its bars and marks escaped."""
    return escaped(' '.join(text.split())).replace('|', '\\|')


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; '' without rows. A column that is empty in all rows is left out."""
    if not rows:
        return ''
    kept = [i for i, _ in enumerate(heads) if any(row[i] for row in rows)]
    lines = [[heads[i] for i in kept], ['---'] * len(kept),
             *([row[i] for i in kept] for row in rows)]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def page(title: str, lead: str, *parts: str) -> str:
    """Return a whole page."""
    return '\n\n'.join(filter(None, (NOTE, f'# {title}', lead, *parts))) + '\n'
