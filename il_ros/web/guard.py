"""Who may talk to a page's server: the holder of its token, by a known name, from its own page.

Pure: what a request says goes in, whether it may comes out; each server answers in its own way.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import hmac
import socket

from il_ros.errors import ConfigError
from il_ros.web.certificate import machine_addresses

EVERYWHERE = '0.0.0.0'
LOOPBACK = ('127.0.0.1', 'localhost')
HEADERS = {'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer',
           'X-Content-Type-Options': 'nosniff'}


@dataclass(frozen=True)
class Guard:
    """What is known to be ours.

    Attributes:
        scheme: Of the page's address, 'http' or 'https'.
        hosts: Names and addresses of this machine. Another name that leads here is somebody's
            trick to have a browser take his page for ours (DNS rebinding).
        token: Of whoever may see the page.
    """

    scheme: str
    hosts: frozenset[str]
    token: str

    def holds_token(self, given: str) -> bool:
        """Tell whether somebody knows the token; how long it takes tells nothing."""
        return hmac.compare_digest(given.encode(errors='replace'), self.token.encode())

    def names_us(self, host: str) -> bool:
        """Tell whether a Host header, with or without a port, names this machine."""
        return host in self.hosts or host.rpartition(':')[0] in self.hosts

    def is_ours(self, origin: str, host: str) -> bool:
        """Tell whether an Origin header is that of the page at this Host."""
        return self.names_us(host) and origin == f'{self.scheme}://{host}'


def reached_by(listen: str) -> list[str]:
    """Return the addresses at which a server that listens somewhere is reached."""
    return machine_addresses() if listen == EVERYWHERE else [listen]


def known_hosts(listen: str) -> frozenset[str]:
    """Return the names by which a browser may ask a server that listens at an address."""
    host = socket.gethostname().lower()
    names = [host, f'{host}.local'] if listen == EVERYWHERE else []
    return frozenset({*LOOPBACK, *reached_by(listen), *names})


def listen(who: str, host: str, port: int, cure: str) -> socket.socket:
    """Return a socket that listens at an address; who comes before it is served waits.

    Args:
        who: Says so where it cannot.
        host: Address.
        port: Any free one when 0.
        cure: What to do then.

    Raises:
        ConfigError: It cannot.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise ConfigError(f'{who}: cannot listen at {host}:{port}: {error.strerror}; '
                          f'{cure}') from None
    return listener


def only(values: Iterable[str]) -> str:
    """Return the value of a header that stands once, '' where it does not."""
    found = list(values)
    return found[0] if len(found) == 1 else ''
