"""The next setpoint: within the limits, the tool in the workspace, the arm touching nothing."""
from __future__ import annotations

from collections.abc import Iterable

from il_ros.errors import PlanningError
from il_ros.planning.collision import CollisionChecker, Contact
from il_ros.safety.limiter import advance, brake, Setpoint, way_to_rest
from il_ros.safety.limits import Limits
from il_ros.safety.rules import Refusal
from il_ros.safety.workspace import Workspace
from il_ros.types import ControlSource, Floats
import numpy as np

TOLERANCE = 1e-6      # [m]
RESOLUTION = 0.05     # largest change of a joint between two rows of a chunk that are looked at
MOST_ROWS = 64        # of a chunk that are looked at


class Guard:
    """Decides where a target may lead. Every step that it allows can be followed by braking.

    Args:
        limits: Of the joints.
        workspace: Where the tool may be; everywhere when None.
        collisions: Knows what the arm could touch; unchecked when None.
    """

    def __init__(self, limits: Limits, workspace: Workspace | None = None,
                 collisions: CollisionChecker | None = None) -> None:
        self._limits = limits
        self._workspace, self._collisions = workspace, collisions
        self._ahead: tuple[int, Refusal] | None = None

    def step(self, setpoint: Setpoint, target: Floats, dt_s: float,
             source: int) -> tuple[Setpoint, str]:
        """Move the setpoint towards a target for the time `dt_s`.

        Returns:
            The next setpoint and the rule that kept it from the target, '' for none. A person at
            a wall is not stopped for good: the arm brakes and stands there.

        Raises:
            Refusal: A policy's target leads out of the workspace or into a collision, or whether
                anything collides is unknown ('collision'), whoever asks.
        """
        after, limit = advance(setpoint, target, dt_s, self._limits)
        try:
            self._check(setpoint, after)
        except Refusal as refusal:
            if source == ControlSource.POLICY or refusal.rule == 'collision unknown':
                raise
            return brake(setpoint, dt_s, self._limits), refusal.rule
        return after, limit

    def approach(self, setpoint: Setpoint, hold: Floats, dt_s: float) -> Setpoint:
        """Move the setpoint towards where the arm is held, or brake where the way is not known."""
        try:
            return self.step(setpoint, hold, dt_s, ControlSource.HOLD)[0]
        except Refusal:
            return brake(setpoint, dt_s, self._limits)

    def look_ahead(self, rows: Floats, epoch: int) -> None:
        """Look at a chunk of the policy; while one leads into a collision, its rows do not pass.

        Args:
            rows: Future positions in contract order, finite [rad] or [m]. Shape (N, J).
            epoch: Its control epoch.
        """
        self._ahead = None
        try:
            self.foresee(rows)
        except Refusal as refusal:
            self._ahead = (epoch, refusal)

    def check_ahead(self, source: int, epoch: int) -> None:
        """Check that a row is none of a chunk that leads into a collision.

        Raises:
            Refusal: It is ('collision'), or nobody knows.
        """
        if self._ahead and source == ControlSource.POLICY and epoch == self._ahead[0]:
            raise self._ahead[1]

    def free(self, measured: Floats) -> None:
        """Check that the arm touches nothing where it is measured, the margin not counted.

        Raises:
            Refusal: It does ('collision'), or nobody knows ('collision unknown').
        """
        if self._collisions is None:
            return
        try:
            self._collisions.require_seen(measured)
        except PlanningError as error:
            raise Refusal('collision unknown', str(error)) from None
        contact = self._contact(measured)
        if contact and contact.distance <= 0:
            raise Refusal('collision', f'{contact.links[0]} touches {contact.links[1]}')

    def foresee(self, rows: Floats) -> None:
        """Check the rows of a chunk for collisions, so that the arm stops early.

        Rows between which the joints hardly move are looked at once.

        Args:
            rows: Future positions, finite [rad] or [m]. Shape (N, J).

        Raises:
            Refusal: A row leads into a collision ('collision'), or nobody knows.
        """
        if self._collisions is None or not len(rows):
            return
        angles = self._limits.angles
        rows = angles.along(rows, angles.reachable(rows[0], rows[0]))
        rows = np.clip(rows, self._limits.lower, self._limits.upper)
        moved = np.abs(np.diff(rows, axis=0)).max(axis=1).cumsum()
        step = max(RESOLUTION, (moved[-1] if len(moved) else 0.0) / MOST_ROWS)
        marks = np.concatenate([[0], 1 + np.flatnonzero(np.diff(moved // step, prepend=0.0)),
                                [len(rows) - 1]])
        for index in dict.fromkeys(marks.tolist()):
            if contact := self._contact(rows[index]):
                raise Refusal('collision', f'row {index} of the chunk leads {_text(contact)}')

    def _check(self, before: Setpoint, after: Setpoint) -> None:
        way = way_to_rest(after, self._limits)
        if self._workspace and self._workspace.leaves(before.positions, way.steps):
            raise Refusal('workspace', 'the tool would leave the workspace of the contract')
        if self._collisions and (worst := self._worst(way.looks)):
            # Whoever is too near already may go away, but no nearer.
            now = self._contact(before.positions)
            if not now or not np.isfinite(now.distance) or (
                    worst.distance < now.distance - TOLERANCE):
                raise Refusal('collision', f'the arm would bring {_text(worst)}')

    def _worst(self, path: Iterable[Floats]) -> Contact | None:
        found = [contact for q in path if (contact := self._contact(q))]
        return min(found, key=lambda contact: contact.distance, default=None)

    def _contact(self, q: Floats) -> Contact | None:
        if self._collisions is None:
            return None
        try:
            return self._collisions.contact(q)
        except PlanningError as error:
            raise Refusal('collision unknown', str(error)) from None


def _text(contact: Contact) -> str:
    return (f'{contact.links[0]} and {contact.links[1]} together, to '
            f'{max(contact.distance, 0.0) * 1e3:.0f} mm')
