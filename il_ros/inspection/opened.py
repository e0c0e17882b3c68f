"""A dataset that other processes open, too."""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from il_ros.buckets.url import url_of
from il_ros.datasets.reader import Dataset


class Opened:
    """A dataset that goes to another process as its place, and is opened there once."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        place = self.dataset.place
        return _opened, (place if url_of(place) else place.resolve(),)


def _opened(place: Path) -> Opened:
    return Opened(_dataset(place))


@lru_cache(maxsize=1)
def _dataset(place: Path) -> Dataset:
    return Dataset(place)
