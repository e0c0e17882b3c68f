"""One page for all hands and robots of a process, served while any of them has it."""
from __future__ import annotations

from collections.abc import Mapping

from il_ros.disk.cache import cache_folder
from il_ros.teleop.xr.server import PageServer
from il_ros.teleop.xr.tracking import Said

_SERVED: dict[tuple[str, int], tuple[PageServer, set[Lease]]] = {}


class Lease:
    """A share of a page; see `device.Link`."""

    def __init__(self, place: tuple[str, int], server: PageServer) -> None:
        """Take the page that is served at a place."""
        self._place, self._server = place, server

    @property
    def said(self) -> Said:
        """What the page says now."""
        return self._server.said

    def tell(self, message: Mapping[str, object]) -> None:
        """Send the page something, soon; never blocks."""
        self._server.tell(message)

    def close(self) -> None:
        """Give the share back; the last one ends the page. May be called twice."""
        server, leases = _SERVED.get(self._place, (self._server, set()))
        leases.discard(self)
        if not leases:
            _SERVED.pop(self._place, None)
            server.close()


def lease(listen: str, port: int, tls: bool, hand: str) -> Lease:
    """Return a share of the page at an address, which is served from now on.

    Raises:
        ConfigError: It cannot be.
    """
    place = (listen, port)
    if place not in _SERVED:
        _SERVED[place] = PageServer(listen, port, tls, hand, cache_folder('xr')), set()
    server, leases = _SERVED[place]
    made = Lease(place, server)
    leases.add(made)
    return made
