"""The page and its socket over real TLS, as a browser and as who should not be there."""
from contextlib import contextmanager, suppress
import json
from pathlib import Path
import re
import socket
import ssl
import subprocess
import threading
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.xr.device import open_xr
from il_ros.teleop.xr.frames import MAX_BYTES
from il_ros.teleop.xr.settings import XrSettings
from il_ros.web.certificate import machine_addresses, read_token, tls_context
from nodes.harness import wait_for
import pytest

pytest.importorskip('websockets')
from il_ros.teleop.xr.lease import lease
from il_ros.teleop.xr.server import PageServer
from teleop.xr.page_messages import PageSocket
from websockets.exceptions import ConnectionClosed, InvalidStatus

HAND = {'position': [0.3, 1.0, -0.4], 'quaternion': [0, 0, 0, 1], 'emulated': False,
        'buttons': [0, 0, 0, 0, 0, 0], 'axes': []}


@pytest.fixture(scope='module')
def trusts(folder, server):
    return ssl.create_default_context(cafile=str(folder / 'certificate.pem'))


@pytest.fixture
def opened(server, trusts):
    """Return a function that opens the page's socket as a browser does."""
    at = f'127.0.0.1:{server.port}'
    token = server.addresses[0].partition('token=')[2]

    @contextmanager
    def opened(token=token, origin=f'https://{at}', path='socket', host=''):
        with PageSocket(f'wss://{at}/{path}?token={token}', ssl=trusts, origin=origin,
                        additional_headers={'Host': host} if host else None) as page:
            yield page
    wait_for(lambda: server.said.waiting.startswith('no page'), 'the page before is gone')
    return opened


class Sender:
    """Sends pictures by the clock of this machine."""

    def __init__(self, page):
        self.page, self.seq = page, 0

    def send(self, **more):
        self.seq += 1
        self.page.send(json.dumps({
            'seq': self.seq, 't': time.monotonic() * 1e3, 'visibility': 'visible',
            'hands': {'right': HAND}, **more}))

    def at_pace(self):
        """Send one as a headset would, though the page may be gone."""
        with suppress(ConnectionClosed):
            self.send()
        time.sleep(0.01)


def test_the_page_is_one_file_that_asks_nobody_else(server, trusts):
    with urlopen(server.addresses[0], context=trusts) as answer:
        text, headers = answer.read().decode(), answer.headers
    assert headers['Content-Type'] == 'text/html; charset=utf-8'
    assert headers['Referrer-Policy'] == 'no-referrer'
    assert "default-src 'none'" in headers['Content-Security-Policy']
    assert '<script type="module">' in text and not re.search(r'https?://', text)


@pytest.mark.parametrize('path, host, status', [
    ('', '', 403), ('?token=', '', 403), ('?token=wrong', '', 403), ('?token=%C3%A9%00', '', 403),
    ('TOKEN', 'evil.example:8443', 403), ('TOKEN', '[', 403), ('else?token=TOKEN', '', 404)])
def test_who_does_not_know_the_token_or_comes_by_another_name_is_refused(server, trusts, path,
                                                                         host, status):
    token = server.addresses[0].partition('?')[2]
    path = path.replace('token=TOKEN', token).replace('TOKEN', f'?{token}')
    asked = Request(f'https://127.0.0.1:{server.port}/{path}',
                    headers={'Host': host} if host else {})
    with pytest.raises(HTTPError) as refused:
        urlopen(asked, context=trusts)
    assert refused.value.code == status


@pytest.mark.parametrize('wrong', [
    {'token': ''}, {'token': 'abc'}, {'origin': None}, {'origin': 'https://evil.example'},
    {'origin': 'http://127.0.0.1'}, {'host': 'evil.example'}, {'path': 'other'}])
def test_a_socket_that_is_not_the_pages_is_refused(opened, server, wrong):
    with pytest.raises(InvalidStatus) as refused, opened(**wrong):
        pass
    assert refused.value.response.status_code == (404 if 'path' in wrong else 403)
    assert server.said.waiting.startswith('no page is open; its address is in ')


def test_without_tls_nothing_is_said(server):
    with socket.create_connection(('127.0.0.1', server.port), 5) as plain:
        plain.sendall(b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
        with suppress(ConnectionResetError):
            assert not plain.recv(100).startswith(b'HTTP')


def test_pictures_arrive_and_the_page_hears_what_it_is_told(opened, server):
    with opened() as page:
        assert json.loads(page.recv(5)) == {'hand': 'right'}
        sender = Sender(page)
        hand = wait_for(lambda: server.said.hands['right'].pose and server.said.hands['right'],
                        'a pose', spin=sender.at_pace)
        assert hand.pose.position.tolist() == HAND['position'] and not server.said.waiting
        assert 0 <= time.monotonic_ns() - hand.heard_ns < 5_000_000_000
        server.tell({'pulse': {'hand': 'right', 'strength': 0.7, 'ms': 300}})
        assert json.loads(page.recv(5))['pulse']['ms'] == 300
        losses = hand.losses
    wait_for(lambda: server.said.hands['right'].losses > losses, 'let go')
    assert server.said.hands['right'].pose is None
    assert 'the page is gone' in server.said.hands['right'].why


def test_a_second_page_is_refused_and_the_first_drives_on(opened, server):
    with opened() as page:
        sender = Sender(page)
        wait_for(lambda: server.said.hands['right'].pose, 'a pose', spin=sender.at_pace)
        losses = server.said.hands['right'].losses
        with opened() as second, pytest.raises(ConnectionClosed) as closed:
            second.recv(5)
        assert closed.value.rcvd.code == 4001
        assert closed.value.rcvd.reason == 'another page drives: close it first'
        assert server.said.note == ('a second page, at 127.0.0.1, was refused: close the first '
                                    'one')
        assert server.said.hands['right'].losses == losses


def test_a_message_that_is_too_long_ends_the_page(opened, server):
    with opened() as page:
        page.recv(5)
        page.send('x' * (MAX_BYTES + 1))
        with pytest.raises(ConnectionClosed) as closed:
            page.recv(5)
    assert closed.value.rcvd.code == 1009
    wait_for(lambda: server.said.note.startswith('a message of more than 4096 bytes'), 'a line')


def test_a_flood_is_read_slowly_grows_old_and_lets_go(opened, server):
    with opened() as page:
        sender = Sender(page)
        wait_for(lambda: server.said.hands['right'].pose, 'a pose', spin=sender.at_pace)
        losses = server.said.hands['right'].losses
        for _ in range(600):   # three seconds of reading
            sender.send()
        wait_for(lambda: server.said.note == 'more than 200 messages a second', 'a line')
        # What waited is late, and what comes after it comes after a silence.
        wait_for(lambda: server.said.hands['right'].losses > losses, 'let go', spin=sender.at_pace)


def test_a_page_that_falls_silent_gives_its_place_to_the_next(folder, tmp_path):
    """A headset whose battery is empty says no goodbye: its socket stays, and answers nothing."""
    server = PageServer('127.0.0.1', 0, False, 'right', tmp_path)
    try:
        token = server.addresses[0].partition('token=')[2]
        with socket.create_connection(('127.0.0.1', server.port), 5) as dead:
            at = f'127.0.0.1:{server.port}'
            dead.sendall(f'GET /socket?token={token} HTTP/1.1\r\nHost: {at}\r\nOrigin: http://{at}'
                         '\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: '
                         '13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'.encode())
            wait_for(lambda: server.said.waiting == 'the page is open: press its button', 'opened')
            wait_for(lambda: server.said.waiting.startswith('no page is open'), 'given up')
            with PageSocket(f'ws://{at}/socket?token={token}', origin=f'http://{at}') as page:
                assert json.loads(page.recv(5)) == {'hand': 'right'}
    finally:
        server.close()


def test_a_port_that_is_taken_is_an_error_in_one_line(server, tmp_path):
    with pytest.raises(ConfigError, match=f'xr: cannot listen at 127.0.0.1:{server.port}: Address '
                                          'already in use; set listen and port in the settings'):
        PageServer('127.0.0.1', server.port, True, 'right', tmp_path)


def test_several_hands_share_a_page_until_the_last_lets_it_go(tmp_path, monkeypatch):
    monkeypatch.setenv('IL_ROS_CACHE', str(tmp_path))
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    leases = [lease('127.0.0.1', port, False, 'right') for _ in range(2)]
    threads = threading.active_count()
    leases[0].close()
    leases[0].close()
    assert threading.active_count() == threads and leases[1].said.waiting
    leases[1].close()
    assert threading.active_count() < threads
    leases[1].tell({'say': 'nobody hears it'})


def test_on_all_addresses_the_certificate_has_each_of_them(tmp_path):
    server = PageServer('0.0.0.0', 0, True, 'right', tmp_path)
    try:
        assert [address.split('/?')[0] for address in server.addresses] == [
            f'https://{name}:{server.port}' for name in machine_addresses()]
        trusts = ssl.create_default_context(cafile=str(tmp_path / 'certificate.pem'))
        for address in [*server.addresses, server.addresses[0].replace('127.0.0.1', 'localhost')]:
            with urlopen(address, context=trusts) as answer:
                assert answer.status == 200
    finally:
        server.close()


def test_two_arms_have_one_page(tmp_path, monkeypatch):
    monkeypatch.setenv('IL_ROS_CACHE', str(tmp_path))
    with socket.create_server(('127.0.0.1', 0)) as free:
        settings = XrSettings(port=free.getsockname()[1], tls=False)
    threads = threading.active_count()
    device = open_xr(Contract.load('sim_two_arms'), settings)
    assert device.name == 'xr' and threading.active_count() == threads + 1
    device.close()
    assert threading.active_count() == threads


def test_what_is_secret_is_this_machines_alone(folder, server):
    for name in ('certificate.pem', 'token', 'address'):
        assert (folder / name).stat().st_mode & 0o777 == 0o600, name
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / 'address').read_text().splitlines() == server.addresses
    assert read_token(folder) in server.addresses[0] and len(read_token(folder)) == 12


def test_a_certificate_is_kept_while_it_is_good(tmp_path):
    path, names = tmp_path / 'certificate.pem', [*machine_addresses(), 'localhost']
    tls_context(tmp_path, names)
    shown = subprocess.run(['openssl', 'x509', '-in', path, '-noout', '-text'], text=True,
                           capture_output=True, check=True).stdout
    assert 'prime256v1' in shown and 'IP Address:127.0.0.1' in shown and 'DNS:localhost' in shown
    first = path.read_bytes()
    tls_context(tmp_path, names)
    assert path.read_bytes() == first
    tls_context(tmp_path, [*names, '192.0.2.7'])
    second = path.read_bytes()
    assert second != first, 'another address'
    path.chmod(0o644)
    tls_context(tmp_path, [*names, '192.0.2.7'])
    third = path.read_bytes()
    assert third != second and path.stat().st_mode & 0o777 == 0o600, 'others could read the key'
    path.write_bytes(third[:len(third) // 2])
    tls_context(tmp_path, [*names, '192.0.2.7'])
    assert path.read_bytes() != third, 'half of a file'
    assert list(tmp_path.iterdir()) == [path]


def test_a_certificate_that_ends_is_made_anew(tmp_path):
    path = tmp_path / 'certificate.pem'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', '/CN=il_ros',
                    '-addext', 'subjectAltName=DNS:localhost', '-keyout', path, '-out', path],
                   check=True, capture_output=True)
    path.chmod(0o600)
    ends = path.read_bytes()
    tls_context(tmp_path, ['localhost'])
    assert path.read_bytes() != ends


def test_without_openssl_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(ConfigError, match='openssl is not installed, .*install openssl'):
        tls_context(tmp_path, ['localhost'])


def test_a_token_that_was_spoilt_is_refused(tmp_path):
    (tmp_path / 'token').write_text('abc')
    with pytest.raises(ConfigError, match='token: expected 12 letters or more of .*; delete it'):
        read_token(tmp_path)


def test_the_page_comes_with_the_package():
    setup = (Path(__file__).resolve().parents[3] / 'setup.py').read_text()
    assert "'teleop/xr/page.html'" in setup
