"""How near the arm is to itself and to what stands around it."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from il_ros.types import Floats


@dataclass(frozen=True)
class Contact:
    """Two things that are too near to each other.

    Attributes:
        links: Their names.
        distance: Between them, negative where they overlap; -inf when nobody knows how far [m].
    """

    links: tuple[str, str]
    distance: float


class CollisionChecker(Protocol):
    """Knows the robot's geometry."""

    def require_seen(self, measured: Floats) -> None:
        """Check that the arm is known to be where it is measured.

        Args:
            measured: Joint positions in contract order [rad] or [m]. Shape (J,).

        Raises:
            PlanningError: It is not: what it would touch is unknown.
        """

    def contact(self, q: Floats) -> Contact | None:
        """Return the worst contact, None where everything is far enough apart.

        Args:
            q: Joint positions in contract order [rad] or [m]. Shape (J,).

        Raises:
            PlanningError: Whether anything collides is unknown.
        """


class Checkers:
    """Several checkers as one.

    Args:
        checkers: At least one.
    """

    def __init__(self, checkers: Sequence[CollisionChecker]) -> None:
        self._checkers = checkers

    def require_seen(self, measured: Floats) -> None:
        """See `CollisionChecker.require_seen`."""
        for checker in self._checkers:
            checker.require_seen(measured)

    def contact(self, q: Floats) -> Contact | None:
        """Return the worst contact of all; see `CollisionChecker.contact`."""
        found = [contact for checker in self._checkers if (contact := checker.contact(q))]
        return min(found, key=lambda contact: contact.distance, default=None)
