"""A real Chromium without a window, driven over its debugging socket, with iwer as its headset.

Chromium and the script of npm's `iwer` (MIT) are no part of il_ros: `make xr-test` fetches the
script and says what is missing. iwer calls all its poses guesses; `guess` says so only on demand.
"""
from __future__ import annotations

import base64
from contextlib import contextmanager
import hashlib
import json
import os
from pathlib import Path
import shutil
import ssl
import subprocess
import tempfile
from urllib.request import urlopen

from il_ros.scheduling import end_with_parent
from nodes.harness import wait_for

ROOT = Path(__file__).resolve().parents[3]
IWER = Path(os.environ.get('IWER') or ROOT / '.venv/npm/node_modules/iwer/build/iwer.min.js')
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or ''
MISSING = ' and '.join(name for name, there in (
    ('chromium', CHROMIUM), (f'{IWER} (npm install iwer)', IWER.is_file())) if not there)
HEADSET = """
;globalThis.device = new IWER.XRDevice(location.hash === '#phone' ?
  {...IWER.metaQuest3, interactionMode: 'screen-space'} : IWER.metaQuest3);
device.installRuntime({forceInstall: true});
device.stereoEnabled = true;
globalThis.guess = false;
Object.defineProperty(XRPose.prototype, 'emulatedPosition', {get: () => guess});
globalThis.pulses = [];
for (const name of ['left', 'right']) {
  device.controllers[name].position.set(name === 'left' ? -0.3 : 0.3, 1.0, -0.4);
  device.controllers[name].inputSource.gamepad.hapticActuators[0].pulse = async (strength, ms) => {
    pulses.push([name, strength, ms]);
    return true;
  };
}
"""


class Browser:
    """One page; `run` evaluates an expression in it as a click of the person would."""

    def __init__(self, debugged) -> None:
        self._debugged, self._id = debugged, 0

    def ask(self, method: str, **parameters):
        self._id += 1
        self._debugged.send(json.dumps({'id': self._id, 'method': method, 'params': parameters}))
        while True:
            answer = json.loads(self._debugged.recv(30))
            if answer.get('id') == self._id:
                assert 'error' not in answer, answer
                return answer['result']

    def open(self, address: str) -> None:
        self.ask('Page.navigate', url=address)
        wait_for(lambda: self.run('document.readyState') == 'complete', 'the page')

    def run(self, expression: str):
        answer = self.ask('Runtime.evaluate', expression=expression, userGesture=True,
                          awaitPromise=True, returnByValue=True)
        assert 'exceptionDetails' not in answer, answer
        return answer['result'].get('value')

    def touch(self, name: str, kind: str = 'mousePressed') -> None:
        """Press the middle of an element, or let go of it."""
        box = self.run(f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
                       f"(document.getElementById('{name}').getBoundingClientRect())")
        self.ask('Input.dispatchMouseEvent', type=kind, x=box[0], y=box[1], button='left',
                 buttons=int(kind == 'mousePressed'), clickCount=1)

    @property
    def line(self) -> str:
        return self.run("document.getElementById('line').textContent")

    def enter(self) -> None:
        """Press the page's button, once it may be."""
        wait_for(lambda: self.run("!document.getElementById('enter').disabled"),
                 lambda: f'the button: {self.line}')
        self.run("document.getElementById('enter').click()")
        wait_for(lambda: self.run('!!device.activeSession'), lambda: f'a session: {self.line}')


@contextmanager
def chromium(certificate: Path | None = None, headset: str = HEADSET):
    """Start one; the warning about a certificate of ours counts as clicked away."""
    from websockets.sync.client import connect
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        accepted = [f'--ignore-certificate-errors-spki-list={_key(certificate)}'] if (
            certificate) else []
        process = subprocess.Popen(
            [CHROMIUM, '--headless', '--no-sandbox', '--use-angle=swiftshader', '--no-first-run',
             '--enable-unsafe-swiftshader', '--remote-debugging-port=0', '--disable-gpu-sandbox',
             '--disable-dev-shm-usage', '--mute-audio', '--window-size=480,640',
             f'--user-data-dir={profile}', *accepted, 'about:blank'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent)
        try:
            told = Path(profile, 'DevToolsActivePort')
            wait_for(lambda: told.is_file() and told.read_text().count('\n'), 'Chromium', 60)
            port = told.read_text().splitlines()[0]

            def pages():
                with urlopen(f'http://127.0.0.1:{port}/json/list') as answer:
                    return [page for page in json.load(answer) if page['type'] == 'page']
            page = wait_for(pages, 'a page')[0]
            with connect(page['webSocketDebuggerUrl'], max_size=None) as debugged:
                browser = Browser(debugged)
                browser.ask('Page.enable')
                browser.ask('Page.addScriptToEvaluateOnNewDocument',
                            source=IWER.read_text() + headset)
                yield browser
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
