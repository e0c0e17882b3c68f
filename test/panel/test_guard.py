"""Who should not be there, at a real panel: each refused, no service called, no exception."""
from contextlib import ExitStack
import http.client
import json
import os
import random
import time

import pytest

pytest.importorskip('websockets')
from nodes.harness import next_domain, wait_for
from nodes.peer import Peer
from panel.lab import contract_in
from panel.operators import panel
from std_srvs.srv import Trigger
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

DOMAIN = next_domain()
PAGE = 'a' * 32


class Services(Peer):
    """Offers what the panel calls, and counts."""

    def __init__(self) -> None:
        super().__init__(DOMAIN, 'services')
        self.calls: list[str] = []
        for name in ('gate/arm', 'gate/disarm', 'dagger/resume', 'dagger/pause', 'dagger/rewind',
                     'dagger/hand_back', 'dagger/take_over', 'capture/start', 'capture/discard'):
            self.node.create_service(Trigger, name, lambda _, answer, name=name: self._take(
                name, answer))

    def _take(self, name, answer):
        self.calls.append(name)
        answer.success, answer.message = True, f'{name} done'
        return answer


@pytest.fixture(scope='module')
def services():
    with Services() as services:
        yield services


@pytest.fixture(scope='module')
def served(services, tmp_path_factory):
    folder = tmp_path_factory.mktemp('guard')
    (folder / 'report.html').write_text('<h1>found</h1><script>alert(1)</script>')
    (folder / 'away.html').symlink_to('/etc/hostname')
    with panel(folder, DOMAIN, robot=contract_in(folder)) as served:
        services.until(lambda: services.node.count_clients('/dagger/pause'), 'its clients')
        yield served
        assert 'Traceback' not in served.node.output, served.node.output


def ask(served, method='GET', path='/', body=None, **headers):
    """Return status, headers and text of a request, with exactly these headers."""
    connection = http.client.HTTPConnection(*served.host.split(':'), timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    named = {'Host': served.host, **{k.replace('_', '-'): v for k, v in headers.items()}}
    for name, values in named.items():
        for value in values if isinstance(values, list) else [values]:
            connection.putheader(name, value)
    data = body.encode() if body is not None else b''
    if body is not None:
        connection.putheader('Content-Length', str(len(data)))
    connection.endheaders(data or None)
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read().decode()
    connection.close()
    return found


def own(served):
    return f'http://{served.host}'


def log_in(served):
    status, headers, _ = ask(served, 'POST', '/login', json.dumps({'token': served.token}),
                             Content_Type='application/json', Origin=own(served))
    assert status == 200
    return headers['Set-Cookie']


@pytest.fixture(scope='module')
def cookie(served):
    return log_in(served).partition(';')[0]


def test_the_page_comes_whole_with_strict_headers_and_no_other_address(served):
    status, headers, text = ask(served)
    assert status == 200 and '<script type="module" src="/static/main.js">' in text
    assert headers['Content-Security-Policy'].startswith("default-src 'self'; frame-ancestors")
    assert (headers['X-Content-Type-Options'], headers['X-Frame-Options']) == ('nosniff', 'DENY')
    assert 'Access-Control-Allow-Origin' not in headers
    assert 'style=' not in text and 'onclick' not in text
    for name in ('main.js', 'style.css', 'screens/run.js', 'icon.svg'):
        status, _, text = ask(served, path=f'/static/{name}')
        assert status == 200
        assert 'http://' not in text.replace('http://www.w3.org/', '') and 'https://' not in text


def test_the_cookie_is_strict_and_no_script_reads_it(served):
    given = log_in(served)
    assert 'HttpOnly' in given and 'SameSite=Strict' in given and 'Path=/s' in given


@pytest.mark.parametrize('headers, status', [
    ({'Host': 'evil.example'}, 421),                      # a name mapped to 127.0.0.1
    ({'Host': 'localhost.evil.example:1'}, 421),
    ({'Host': ['127.0.0.1', 'evil.example']}, 400),
    ({'Origin': 'http://evil.example'}, 403),
    ({'Origin': 'null'}, 403)])
@pytest.mark.parametrize('path', ['/', '/static/main.js', '/s/reports', '/s/socket'])
def test_a_foreign_name_or_page_gets_nothing(served, cookie, path, headers, status):
    found, _, text = ask(served, path=path, Cookie=cookie, **headers)
    assert found in (status, 421) and 'Traceback' not in text


@pytest.mark.parametrize('path', ['/s/reports', '/s/socket', '/s/reports/0'])
@pytest.mark.parametrize('value', ['', 'x', 'il_ros_panel=1'])
def test_without_a_token_nothing_is_told(served, path, value):
    assert ask(served, path=path, Cookie=value)[0] == 403


@pytest.mark.parametrize('kind', ['text/plain', 'application/x-www-form-urlencoded',
                                  'multipart/form-data', ''])
def test_a_form_of_another_page_cannot_post(served, kind):
    body = json.dumps({'token': served.token})
    assert ask(served, 'POST', '/login', body, Content_Type=kind, Origin=own(served))[0] == 415


@pytest.mark.parametrize('body, status', [
    ('{"token": "wrong"}', 403), ('{"token": 5}', 403), ('[]', 403), ('{', 403),
    ('[' * 3000, 403), ('"' + 'x' * 5000 + '"', 413)])
def test_wrong_tokens(served, body, status):
    assert ask(served, 'POST', '/login', body, Content_Type='application/json',
               Origin=own(served))[0] == status


@pytest.mark.parametrize('method', ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])
def test_other_methods(served, method):
    assert ask(served, method, '/s/socket', Origin=own(served))[0] == 405


@pytest.mark.parametrize('path', [
    '/static/../server.py', '/static/%2e%2e/server.py', '/static//etc/passwd', '/static/',
    '/s/reports/..%2f..%2fetc%2fpasswd', '/etc/passwd'])
def test_paths_lead_nowhere(served, cookie, path):
    assert ask(served, path=path, Cookie=cookie)[0] == 404


def test_reports_are_listed_by_ids_and_shown_without_scripts(served, cookie):
    listed = json.loads(ask(served, path='/s/reports', Cookie=cookie)[2])
    assert [entry['name'] for entry in listed] == ['report.html']     # no link that leads out
    status, headers, text = ask(served, path=f'/s/reports/{listed[0]["id"]}', Cookie=cookie)
    assert status == 200 and 'found' in text
    assert headers['Content-Security-Policy'].startswith("sandbox; default-src 'none'")


def socket(served, cookie, **more):
    return connect(f'ws://{served.host}/s/socket', origin=more.pop('origin', own(served)),
                   additional_headers={'Cookie': cookie, **more}, max_size=None,
                   max_queue=None)


@pytest.mark.parametrize('origin', [None, 'http://evil.example', 'null', 'https://127.0.0.1'])
def test_a_socket_of_another_page_is_refused(served, cookie, origin):
    with pytest.raises(InvalidStatus) as refused, socket(served, cookie, origin=origin):
        pass
    assert refused.value.response.status_code == 403


def answers(page, kind):
    """Return the first message of a kind."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        message = page.recv(10)
        if isinstance(message, str) and (found := json.loads(message))['kind'] == kind:
            return found
    raise AssertionError(kind)


def noise(random_bytes):
    """Return one message that no page sends."""
    choice = random_bytes.randrange(8)
    kinds = ['hello', 'beat', 'watch', 'ack', 'press', 'release', 'act', 'seat', 'doctor', 'x']
    if choice == 0:
        return random_bytes.randbytes(random_bytes.randrange(60))
    if choice == 1:
        return random_bytes.randbytes(20).decode('latin1')
    if choice == 2:
        return '[' * random_bytes.randrange(4000)
    values = [None, -1, 1e308, True, 'a' * 32, 'gate/arm', [], {}, [[1]], {'n': 1}, '../x', 2**70]
    fields = ['page', 'visible', 'n', 'cameras', 'arm', 'camera', 'number', 'id', 'action', 'seen',
              'what']
    return json.dumps({'kind': random_bytes.choice(kinds), **{
        name: random_bytes.choice(values) for name in random_bytes.sample(fields, choice)}})


def test_ten_thousand_random_messages_call_nothing(served, cookie, services):
    count, dice = int(os.environ.get('IL_ROS_NOISE', '600')), random.Random(16)
    sent = shut = 0
    while sent < count:
        with socket(served, cookie) as page:
            try:
                while sent < count:
                    page.send(noise(dice))
                    sent += 1
                answers(page, 'error')
            except ConnectionClosed as closed:
                shut += closed.rcvd is not None and closed.rcvd.code == 1008
    assert shut
    services.spin()
    assert services.calls == []


def test_a_message_that_is_too_big_shuts_its_page_out(served, cookie):
    with socket(served, cookie) as page, pytest.raises(ConnectionClosed) as closed:
        page.send('x' * 5000)
        while True:
            page.recv(10)
    assert closed.value.rcvd.code == 1009


def test_of_a_flood_twenty_a_second_are_looked_at_and_a_stop_gets_through(served, cookie,
                                                                          services):
    services.calls.clear()
    seen = {'n': 0, 'epoch': 1, 'episode': '', 'fault': 0}
    with socket(served, cookie) as page:
        page.send(json.dumps({'kind': 'hello', 'page': PAGE, 'visible': True}))
        for number in range(60):
            page.send(json.dumps({'kind': 'act', 'id': f'a{number}', 'action': 'take_over',
                                  'visible': True, 'seen': seen}))
        page.send(json.dumps({'kind': 'act', 'id': 'stop', 'action': 'pause', 'visible': True,
                              'seen': seen}))
        texts = [answers(page, 'answer')['text'] for _ in range(60)]
        assert texts.count('too many at once') == 40
        services.until(lambda: services.calls == ['dagger/pause'], lambda: str(services.calls))
        found = answers(page, 'answer')
    assert (found['id'], found['ok'], found['text']) == ('stop', True, 'dagger/pause done')


def test_the_same_id_is_done_once(served, cookie, services):
    services.calls.clear()
    message = json.dumps({'kind': 'act', 'id': 'once', 'action': 'disarm', 'visible': True,
                          'seen': {'n': 0, 'epoch': 1, 'episode': '', 'fault': 0}})
    with socket(served, cookie) as page:
        page.send(json.dumps({'kind': 'hello', 'page': PAGE, 'visible': True}))
        page.send(message)
        page.send(message)
        assert answers(page, 'answer')['text'] == 'asked already'
        services.until(lambda: services.calls == ['gate/disarm'], 'the call')
        assert answers(page, 'answer')['ok']


def test_at_most_sixteen_pages(served, cookie):
    with ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(socket(served, cookie))
        with pytest.raises(InvalidStatus) as refused, socket(served, cookie):
            pass
        assert refused.value.response.status_code == 503

    def there_is_room():
        try:
            with socket(served, cookie):
                return True
        except InvalidStatus:
            return False
    wait_for(there_is_room, 'a place')
