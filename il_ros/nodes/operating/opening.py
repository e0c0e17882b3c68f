"""How the panel's page is opened: encrypted or not, and where its address is told."""
from __future__ import annotations

import os
import ssl
import sys

from il_ros.disk.cache import cache_folder
from il_ros.errors import ConfigError
from il_ros.nodes.operating.parameters import Parameters
from il_ros.nodes.shared.ending import say
from il_ros.scheduling import LAUNCH
from il_ros.web.certificate import private_folder, write_private


def tls_context(p: Parameters) -> ssl.SSLContext | None:
    """Return what to encrypt with; None: nothing.

    Raises:
        ConfigError: The files are none of a certificate and its key.
    """
    if not p.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(p.certificate, p.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f'certificate {p.certificate}, key {p.key}: {error}; expected PEM files '
                          'that belong together') from None
    return context


def tell(addresses: list[str], p: Parameters) -> None:
    """Say what to open: the token goes to a private file and a terminal, never to a log."""
    private_folder(folder := cache_folder('panel'))
    write_private(path := folder / 'address', '\n'.join([*addresses, '']))
    shown = LAUNCH not in os.environ and sys.stderr.isatty()
    say(f'panel: open {addresses[0]}' if shown else f'panel: its address is in {path}')
    if p.plain and p.host != Parameters.host:
        say('panel: plain: whoever listens on this network reads the token and may act')
