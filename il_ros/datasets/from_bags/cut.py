"""Which episodes a recording gives, and which of them a dataset holds already.

An episode is named by its content: the hash of its bag; those of its pieces with `+` between; and,
of a part, `#` and its log times behind it.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
import re
from typing import NamedTuple

from il_ros.bags.episodes.spans import checked
from il_ros.bags.episodes.split import Split
from il_ros.bags.episodes.view import views
from il_ros.bags.reader import Bag

ALREADY = 'already in the dataset'
ANOTHER = ('is in the dataset already, cut in another way (as a whole, in other parts, or joined '
           'with others): its rows would be there twice; convert it into another dataset')
_PART = re.compile(r'(.*)#(\d+)-(\d+)')


class Cut(NamedTuple):
    """The episodes of a recording.

    Attributes:
        new: Each with the name of its content.
        known: Those that the dataset holds, and that it does.
        notes: What a person ought to know of the cut.
    """

    new: list[tuple[Bag, str]]
    known: list[tuple[Path, str]]
    notes: list[str]


def cut(bag: Bag, split: Split | None, digest: str, known: Collection[str]) -> Cut:
    """Return the episodes of a recording.

    Args:
        bag: The recording, open.
        split: Where they begin and end; it is one when None.
        digest: Names its content.
        known: The names of what the dataset holds.

    Raises:
        BagError: It cannot be split so.
    """
    if split is None:
        return Cut([(bag, digest)], [], [])
    found = checked(split.spans(bag), bag, str(split))
    names = {span: f'{digest}#{span.start_ns}-{span.end_ns}' for span in found.spans}
    new = [span for span in found.spans if names[span] not in known]
    old = [(bag.path.with_name(f'{bag.path.name}#{span.number}'), ALREADY)
           for span in found.spans if names[span] in known]
    return Cut(list(zip(views(bag, new), map(names.__getitem__, new), strict=True)) if new else [],
               old, found.notes)


def whole_digest(pieces: Iterable[str]) -> str:
    """Return the name of what one or several bags hold."""
    return '+'.join(sorted(pieces))


def why_known(name: str, known: Iterable[str]) -> str:
    """Return why an episode must not be added: a dataset has some of its rows; '' if it may be.

    Args:
        name: Of its content; it is none of the others.
        known: Of what the dataset holds.
    """
    bags, times = _parsed(name)
    for other in [each for each in known if any(bag in each for bag in bags)]:
        theirs, span = _parsed(other)
        apart = (bags == theirs and times and span
                 and (times.stop <= span.start or span.stop <= times.start))
        if not apart:
            return ANOTHER
    return ''


def _parsed(name: str) -> tuple[list[str], range | None]:
    match = _PART.fullmatch(name)
    if match is None:
        return name.split('+'), None
    return match[1].split('+'), range(int(match[2]), int(match[3]))
