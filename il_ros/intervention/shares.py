"""Which joints of the robot a device drives: all, or those of some parts."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.contract import Contract
from il_ros.contract.parts import parts_of
from il_ros.errors import MessageError
from il_ros.joints import indices, once
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


class Shares:
    """The parts of one robot that a device may drive without the others."""

    def __init__(self, contract: Contract) -> None:
        self._names = contract.joint_names
        self._parts = {part.name: part.whole for part in parts_of(contract)}

    @property
    def none(self) -> Mask:
        """No joint. Shape (J,)."""
        return np.zeros(len(self._names), bool)

    def columns(self, names: Sequence[str]) -> tuple[list[int], list[int]]:
        """Return which columns of the robot a device names, and where each stands in `names`.

        Raises:
            MessageError: A joint is unknown or stands twice, or joints of a part are missing.
        """
        place = once(names, self._names)
        missing = [name for name in self._names if name not in place]
        if not missing or not place or len(place) < len(names) or len(self._parts) == 1:
            return list(range(len(self._names))), indices(names, self._names)
        for part, columns in self._parts.items():
            absent = [name for name in (self._names[k] for k in columns) if name in missing]
            if 0 < len(absent) < len(columns):
                raise MessageError(f'missing joint {absent[0]!r}; expected all joints of a part '
                                   f'or none of them, and some of {part!r} are there')
        found = [column for column, name in enumerate(self._names) if name in place]
        return found, [place[self._names[column]] for column in found]

    def row(self, names: Sequence[str], values: Sequence[float] | Floats) -> Floats:
        """Return what a device says in the order of the robot, NaN of joints left out. (J,).

        Raises:
            MessageError: As of `columns`, or a value is missing or not finite.
        """
        said = np.asarray(values, dtype=np.float64)
        if len(said) != len(names) or not np.isfinite(said).all():
            raise MessageError(f'expected one finite position per joint name ({len(names)}), got '
                               f'{said.tolist()}')
        columns, places = self.columns(names)
        found = np.full(len(self._names), np.nan)
        found[columns] = said[places]
        return found

    def text(self, columns: Mask) -> str:
        """Return the names of the parts that some columns, shape (J,), are those of."""
        return ', '.join(name for name, whole in self._parts.items() if columns[whole].any())
