"""One page acts; all others see, and may stop the robot."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.errors import IlRosError
from il_ros.timing import SECOND

FREE_NS = 5 * SECOND     # a holder that is not heard for so long has lost the seat
FORGET_NS = 3600 * SECOND
MOST = 64                # pages that are remembered


class SeatError(IlRosError):
    """Another page has the seat."""


@dataclass
class _Page:
    name: str
    heard_ns: int


class Seat:
    """Who may act. A page is known by a secret of its tab, to others by a name like 'page 2'."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._pages: dict[str, _Page] = {}
        self._holder = self._asking = ''
        self._count = 0

    def came(self, page: str, now_ns: int) -> str:
        """Let a page in, also after a reload; return its name. It takes a seat that is free."""
        self._pages = {key: value for key, value in self._pages.items()
                       if now_ns - value.heard_ns <= FORGET_NS}
        if page not in self._pages:
            if len(self._pages) >= MOST:
                oldest = min((key for key in self._pages if key != self._holder),
                             key=lambda key: self._pages[key].heard_ns)
                del self._pages[oldest]
            self._count += 1
            self._pages[page] = _Page(f'page {self._count}', now_ns)
        self._pages[page].heard_ns = now_ns
        if not self.holder(now_ns):
            self._holder, self._asking = page, ''
        return self._pages[page].name

    def heard(self, page: str, now_ns: int) -> None:
        """Note that a page lives."""
        if page in self._pages:
            self._pages[page].heard_ns = now_ns

    def name(self, page: str) -> str:
        """Return what others call a page; '' for one that is unknown."""
        return self._pages[page].name if page in self._pages else ''

    def silent_ns(self, page: str, now_ns: int) -> int:
        """Return for how long a page was not heard; very long for one that is unknown."""
        return now_ns - self._pages[page].heard_ns if page in self._pages else FORGET_NS

    def holder(self, now_ns: int) -> str:
        """Return the page that has the seat, '' where it is free."""
        if self._holder and self.silent_ns(self._holder, now_ns) > FREE_NS:
            self._holder = self._asking = ''
        return self._holder

    def asking(self, now_ns: int) -> str:
        """Return the page that asks for the seat, '' for none."""
        if self._asking and self.silent_ns(self._asking, now_ns) > FREE_NS:
            self._asking = ''
        return self._asking if self.holder(now_ns) else ''

    def ask(self, page: str, now_ns: int) -> str:
        """Take a free seat, or ask its holder for it; return what happens."""
        holder = self.holder(now_ns)
        if holder == page:
            return 'the seat is yours already'
        if not holder:
            self._holder = page
            return 'the seat is yours'
        self._asking = page
        return f'asked {self.name(holder)} for the seat'

    def answer(self, page: str, gives: bool, now_ns: int) -> str:
        """Give the seat to whoever asks, or keep it; return what happens.

        Raises:
            SeatError: It is not this page's, or nobody asks.
        """
        if self.holder(now_ns) != page:
            raise SeatError('the seat is not yours')
        if not (asking := self.asking(now_ns)):
            raise SeatError('nobody asks for the seat')
        self._asking = ''
        if gives:
            self._holder = asking
        return f'{self.name(asking)} has the seat' if gives else 'kept'

    def leave(self, page: str) -> None:
        """Free the seat, where it is this page's."""
        if self._holder == page:
            self._holder = self._asking = ''
