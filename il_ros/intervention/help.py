"""Who asks for a person, since when, and whether anybody came."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HelpRequest:
    """What a watcher of the policy says.

    Attributes:
        source_id: Its name.
        active: Whether it wants help.
        reason: Why; '' while it does not.
        score: What it compared, in its units.
        threshold: Above it help is wanted.
    """

    source_id: str
    active: bool
    reason: str = ''
    score: float = float('nan')
    threshold: float = float('nan')

    @property
    def text(self) -> str:
        """Return one line for people."""
        scores = f' ({self.score:.3g}, threshold {self.threshold:.3g})'
        known = self.score == self.score
        return f'{self.source_id} asks for help: {self.reason}{scores if known else ""}'


class Waiting:
    """Requests that were not answered yet. A watcher that falls silent has not taken its back.

    Args:
        answer_ns: How long the policy may go on without an answer; 0 for ever [ns].
    """

    def __init__(self, answer_ns: int) -> None:
        self._answer_ns = answer_ns
        self._asking: dict[str, HelpRequest] = {}
        self._since_ns: int | None = None
        self._told: HelpRequest | None = None

    def hear(self, request: HelpRequest) -> None:
        """Take in what a watcher says; of one request the first words count."""
        if not request.active:
            self._asking.pop(request.source_id, None)
            if not self._asking:
                self._since_ns = None
        else:
            self._asking.setdefault(request.source_id, request)

    def present(self) -> HelpRequest | None:
        """Return the oldest request that stands."""
        return next(iter(self._asking.values()), None)

    def restart(self) -> None:
        """Begin to wait anew with the next tick: the policy got control, or somebody came."""
        self._since_ns = self._told = None

    def news(self) -> bool:
        """Return whether another request stands than at the last call."""
        before, self._told = self._told, self.present()
        return self._told is not before

    def overdue(self, now_ns: int) -> bool:
        """Return whether a request has stood too long; called at each tick of the policy."""
        if not self._asking:
            return False
        if self._since_ns is None:
            self._since_ns = now_ns
        return bool(self._answer_ns) and now_ns - self._since_ns >= self._answer_ns
