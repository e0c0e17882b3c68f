"""What a detector says of an episode, and what an episode is worth with it."""
from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import NamedTuple

# By how much a finding lowers the score of an episode. A matter of judgement: what teaches
# something wrong weighs more than what teaches little.
WEIGHTS = {
    'idle': 0.2, 'leap': 0.5, 'jerky': 0.3, 'clipped': 0.4, 'lag': 0.6, 'incomplete': 0.5,
    'duration': 0.2, 'technique': 0.3, 'contradiction': 0.6, 'frozen': 0.7, 'dark': 0.7,
    'moved': 0.5}
ANOTHER = 0.1     # of anything else that there is to look at


class Finding(NamedTuple):
    """One thing that spoils training.

    Attributes:
        kind: One of `WEIGHTS`.
        text: For people: what was found where, and what is usual.
    """

    kind: str
    text: str


def score(findings: Iterable[Finding], others: int = 0) -> float:
    """Return what an episode is worth, from 1 (nothing was found) down to 0.

    Args:
        findings: Of the detectors.
        others: How much else there is to look at.
    """
    kinds = {finding.kind for finding in findings}
    return prod(1 - WEIGHTS[kind] for kind in kinds) * (1 - ANOTHER) ** others
