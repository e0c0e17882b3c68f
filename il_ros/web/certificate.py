"""What a page's server proves itself with: key, certificate and token, this machine's alone.

Made at the first start, never shipped: a key that is in a package is everybody's.
"""
from __future__ import annotations

from collections.abc import Iterable
import fcntl
import ipaddress
import os
from pathlib import Path
import re
import secrets
import socket
import ssl
import struct
import subprocess
import tempfile

from il_ros.errors import ConfigError

DAYS = 365
AHEAD_S = 24 * 3600            # made anew so long before it ends
SIOCGIFADDR = 0x8915           # linux/sockios.h
LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789'   # none that is taken for another one
TOKEN_LENGTH = 12              # of 31 letters: 59 bits, and short enough to type in a headset


def machine_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine's network interfaces, the loopback first."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for _, name in socket.if_nameindex():
            request = struct.pack('256s', name.encode()[:15])
            try:
                answer = fcntl.ioctl(any_socket, SIOCGIFADDR, request)
            except OSError:
                continue       # it has none
            found.append(socket.inet_ntoa(answer[20:24]))
    return sorted({'127.0.0.1', *found}, key=lambda address: (address != '127.0.0.1', address))


def read_token(folder: Path) -> str:
    """Return the token that is in a folder, made where there is none; delete it for another."""
    path = folder / 'token'
    private_folder(folder)
    if not path.is_file():
        write_private(path, ''.join(secrets.choice(LETTERS) for _ in range(TOKEN_LENGTH)))
    token = path.read_text().strip()
    if len(token) < TOKEN_LENGTH or not set(token) <= set(LETTERS):
        raise ConfigError(f'{path}: expected {TOKEN_LENGTH} letters or more of {LETTERS}; delete '
                          'it, and another one is made')
    return token


def private_folder(folder: Path) -> None:
    """Make a folder that nobody else can look into, where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else can read, at once."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)   # of mode 0600
    with os.fdopen(descriptor, 'w') as file:
        file.write(text)
    Path(name).replace(path)


def tls_context(folder: Path, names: Iterable[str]) -> ssl.SSLContext:
    """Return what a server encrypts with, for these addresses and names.

    Key and certificate are one file in the folder, of mode 0600; it is made anew when it has
    ended, when the names are others or when it cannot be read.

    Raises:
        ConfigError: There is no openssl.
    """
    path, wanted = folder / 'certificate.pem', set(names)
    private_folder(folder)
    if not path.is_file() or not _good(path, wanted):
        _request(path, wanted)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(path)
    except ssl.SSLError:       # a half of a file, or a key of another certificate
        _request(path, wanted)
        context.load_cert_chain(path)
    return context


def _good(path: Path, wanted: set[str]) -> bool:
    """Tell whether a certificate goes on for a day, for just these names, and is ours alone."""
    shown = _openssl('x509', '-in', str(path), '-noout', '-checkend', str(AHEAD_S), '-ext',
                     'subjectAltName')
    names = {_plain(name) for name in re.findall(r'(?:DNS|IP Address):([^,\s]+)', shown.stdout)}
    return shown.returncode == 0 and names == wanted and not path.stat().st_mode & 0o077


def _request(path: Path, names: set[str]) -> None:
    alternatives = ','.join(sorted(f'{"IP" if _is_address(name) else "DNS"}:{name}'
                                   for name in names))
    descriptor, made = tempfile.mkstemp(dir=path.parent)   # of mode 0600, which openssl leaves
    os.close(descriptor)
    answer = _openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
                      '-nodes', '-days', str(DAYS), '-subj', '/CN=il_ros', '-addext',
                      f'subjectAltName={alternatives}', '-keyout', made, '-out', made)
    if answer.returncode:
        Path(made).unlink()
        raise ConfigError(f'openssl made no certificate: {answer.stderr.strip()[-200:]}')
    Path(made).replace(path)


def _openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(['openssl', *arguments], capture_output=True, text=True,
                              timeout=20, check=False)
    except FileNotFoundError:
        raise ConfigError('openssl is not installed, which makes the certificate: apt-get '
                          'install openssl') from None
    except subprocess.TimeoutExpired:
        raise ConfigError('openssl did not answer in 20 s') from None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _plain(name: str) -> str:
    """Return an address in its usual form, a name as it is."""
    return str(ipaddress.ip_address(name)) if _is_address(name) else name
