"""A real Chromium without a window, driven over its debugging socket.

Chromium is no part of il_ros: `make xr-test` and `make panel-test` say what is missing.
"""
from __future__ import annotations

import base64
from contextlib import contextmanager
import hashlib
import json
from pathlib import Path
import shutil
import ssl
import subprocess
import tempfile
from urllib.request import urlopen

from il_ros.scheduling import end_with_parent
from nodes.harness import wait_for

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or ''
PLAIN = ('--disable-gpu',)     # two dimensions take no more
WEBGL = ('--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-gpu-sandbox')
CODES = {'Escape': 27, 'Enter': 13, ' ': 32, 'Tab': 9, 'F13': 124}


class Browser:
    """One page; `run` evaluates an expression in it as a click of the person would."""

    def __init__(self, debugged) -> None:
        self._debugged, self._id, self.events = debugged, 0, []

    def ask(self, method: str, **parameters):
        self._id += 1
        self._debugged.send(json.dumps({'id': self._id, 'method': method, 'params': parameters}))
        while True:
            answer = json.loads(self._debugged.recv(30))
            if answer.get('id') == self._id:
                assert 'error' not in answer, answer
                return answer['result']
            self.events.append(answer)

    def open(self, address: str) -> None:
        self.ask('Page.navigate', url=address)

        def complete() -> bool:
            try:
                return self.run('document.readyState') == 'complete'
            except AssertionError as error:
                assert 'navigated' in str(error)     # from one page to the next just now
                return False
        wait_for(complete, 'the page')

    def run(self, expression: str):
        answer = self.ask('Runtime.evaluate', expression=expression, userGesture=True,
                          awaitPromise=True, returnByValue=True)
        assert 'exceptionDetails' not in answer, answer
        return answer['result'].get('value')

    def until(self, expression: str, what: str = '', timeout_s: float = 20.0):
        """Return the first true value of an expression; of an element, that it is there."""
        asked = f'((found) => found instanceof Node ? true : found)({expression})'
        return wait_for(lambda: self.run(asked), lambda: f'{what or expression}: '
                        f'{self.run("document.body.innerText")}', timeout_s)

    def touch(self, name: str, kind: str = 'mousePressed') -> None:
        """Press the middle of an element, or let go of it."""
        self.point(f"document.getElementById('{name}')", kind)

    def point(self, element: str, kind: str = 'mousePressed') -> None:
        """The same of an element that an expression gives."""
        self.run(f"{element}.scrollIntoView({{block: 'center'}})")
        box = self.run(f'(({{x, y, width, height}}) => [x + width / 2, y + height / 2])'
                       f'({element}.getBoundingClientRect())')
        self.ask('Input.dispatchMouseEvent', type=kind, x=box[0], y=box[1], button='left',
                 buttons=int(kind == 'mousePressed'), clickCount=1)

    def click(self, element: str) -> None:
        """Press and let go."""
        for kind in ('mousePressed', 'mouseReleased'):
            self.point(element, kind)

    def key(self, key: str, kind: str = 'keyDown', repeat: bool = False,
            modifiers: int = 0) -> None:
        """Send one event of a key."""
        text = {'text': key} if len(key) == 1 and kind == 'keyDown' and not modifiers else {}
        self.ask('Input.dispatchKeyEvent', type=kind, key=key, autoRepeat=repeat,
                 modifiers=modifiers, windowsVirtualKeyCode=CODES.get(key, ord(key[0].upper())),
                 **text)

    def type(self, keys: str | list[str]) -> None:
        """Press and let go of keys, one after the other."""
        for key in keys:
            self.key(key)
            self.key(key, 'keyUp')

    def size(self, width: int, height: int, dark: bool = False) -> None:
        """Take a size, and light or dark colours."""
        self.ask('Emulation.setDeviceMetricsOverride', width=width, height=height,
                 deviceScaleFactor=1, mobile=False)
        self.ask('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])

    def picture(self) -> bytes:
        """Return a PNG of what is seen."""
        return base64.b64decode(self.ask('Page.captureScreenshot')['data'])


class Chromium:
    """The program, with one page at first.

    Attributes:
        page: The first page.
        process: For tests that kill it.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: str) -> None:
        self.process, self._port, self._sockets = process, port, []
        self._whole: Browser | None = None     # the program itself, not a page
        self.page = self._attach(wait_for(self._pages, 'a page')[0]['webSocketDebuggerUrl'])

    def _pages(self):
        with urlopen(f'http://127.0.0.1:{self._port}/json/list') as answer:
            return [page for page in json.load(answer) if page['type'] == 'page']

    def _attach(self, address: str) -> Browser:
        from websockets.sync.client import connect
        debugged = connect(address, max_size=None)
        self._sockets.append(debugged)
        browser = Browser(debugged)
        browser.ask('Page.enable')
        return browser

    def another(self) -> Browser:
        """Return a page of another person: with cookies and storage of its own."""
        from websockets.sync.client import connect
        with urlopen(f'http://127.0.0.1:{self._port}/json/version') as answer:
            address = json.load(answer)['webSocketDebuggerUrl']
        if self._whole is None:
            self._sockets.append(connect(address, max_size=None))
            self._whole = Browser(self._sockets[-1])
        context = self._whole.ask('Target.createBrowserContext')['browserContextId']
        target = self._whole.ask('Target.createTarget', url='about:blank',
                                 browserContextId=context)['targetId']
        return self._attach(f'ws://127.0.0.1:{self._port}/devtools/page/{target}')

    def close(self) -> None:
        for debugged in self._sockets:
            debugged.close()


@contextmanager
def chromium(certificate: Path | None = None, options: tuple[str, ...] = PLAIN):
    """Start one; the warning about a certificate of ours counts as clicked away."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        accepted = [f'--ignore-certificate-errors-spki-list={_key(certificate)}'] if (
            certificate) else []
        process = subprocess.Popen(
            [CHROMIUM, '--headless', '--no-sandbox', '--no-first-run',
             '--remote-debugging-port=0', '--disable-dev-shm-usage', '--mute-audio',
             '--window-size=480,640',
             f'--user-data-dir={profile}', *accepted, *options, 'about:blank'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent)
        try:
            told = Path(profile, 'DevToolsActivePort')
            wait_for(lambda: told.is_file() and told.read_text().count('\n'), 'Chromium', 60)
            opened = Chromium(process, told.read_text().splitlines()[0])
            yield opened
            opened.close()
        finally:
            process.terminate()
            process.wait(20)


def _key(certificate: Path) -> str:
    """Return the fingerprint of a certificate's key, as Chromium wants it."""
    text = certificate.read_text()
    text = text[text.index('-----BEGIN CERTIFICATE-----'):]
    public = subprocess.run(['openssl', 'x509', '-pubkey', '-noout'], input=text, text=True,
                            capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(ssl.PEM_cert_to_DER_cert(
        public.replace('PUBLIC KEY', 'CERTIFICATE'))).digest()).decode()
