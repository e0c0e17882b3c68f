"""Bags that are pieces of one recording."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from il_ros.bags.reader import Bag
from il_ros.bags.storage import Source
from il_ros.contract import Contract
from il_ros.errors import BagError
from il_ros.recording.definitions import full_type
from il_ros.timing import to_ns, to_s

T = TypeVar('T')     # a path, or where it is in a bucket
APART_S = 5.0   # between two pieces, unless somebody says more


def recordings(bags: Sequence[T], joined_s: float | None) -> list[list[T]]:
    """Return the bags of each recording: one each, or all of one where they are joined.

    Raises:
        BagError: There is but one to join.
    """
    if joined_s is None:
        return [[path] for path in bags]
    if len(bags) < 2:
        raise BagError(f'{bags[0]}: --join: expected several bags, the pieces of one recording')
    return [list(bags)]


def name_of(pieces: Sequence[Path]) -> Path:
    """Return what a recording is called: as its first bag, `+` and how many follow."""
    first, more = pieces[0], len(pieces) - 1
    return first.with_name(f'{first.name}+{more}') if more else first


def open_pieces(pieces: Sequence[Path], contract: Contract | None, namespace: str,
                joined_s: float | None) -> Bag:
    """Return a recording, open; its messages are merged by their log times.

    Args:
        pieces: Its bags in any order; they may overlap, as of two recorders.
        contract: For bags that carry none.
        namespace: Of the robot's topics, see `Bag`.
        joined_s: How far pieces may be apart [s].

    Raises:
        BagError: They are further apart, or contradict each other.
    """
    bag = Bag(pieces[0], contract, namespace, pieces[1:])
    try:
        if joined_s is not None:
            _check(bag, joined_s)
            bag.path = name_of(pieces)
    except BagError:
        bag.close()
        raise
    return bag


def _check(bag: Bag, joined_s: float) -> None:
    first, types = bag.pieces[0], dict[str, Source]()
    for piece in bag.pieces:
        if piece.contract != first.contract:
            raise BagError(f'{piece.path}: was recorded with another contract than '
                           f'{first.path.name}: no pieces of one recording')
        for source in piece.sources:
            before = types.setdefault(source.topic, source)
            if full_type(source.type) != full_type(before.type):
                raise BagError(f'{piece.path}: {source.topic} is of type {source.type}, in '
                               f'{before.file.name} of {before.type}: no pieces of one recording')
    last, *others = sorted(bag.pieces, key=lambda piece: piece.times.start)
    for piece in others:
        apart_ns = piece.times.start - last.times.stop
        if apart_ns > to_ns(joined_s):
            raise BagError(
                f'{piece.path} begins {to_s(apart_ns):.1f} s after the end of {last.path.name}; '
                f'pieces of one recording are at most {joined_s:g} s apart: say --apart '
                f'{to_s(apart_ns) + 0.1:.1f} if these are')
        last = max(last, piece, key=lambda each: each.times.stop)
