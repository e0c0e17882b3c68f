"""The headset's page in a real Chromium, with iwer as its headset.

The script of npm's `iwer` (MIT) is no part of il_ros: `make xr-test` fetches it and says what is
missing. iwer calls all its poses guesses; `guess` says so only on demand.
"""
from __future__ import annotations

from contextlib import contextmanager
import os
from pathlib import Path

import browser
from nodes.harness import wait_for

ROOT = Path(__file__).resolve().parents[3]
IWER = Path(os.environ.get('IWER') or ROOT / '.venv/npm/node_modules/iwer/build/iwer.min.js')
MISSING = ' and '.join(name for name, there in (
    ('chromium', browser.CHROMIUM), (f'{IWER} (npm install iwer)', IWER.is_file())) if not there)
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


class Headset:
    """The page, seen through the headset; the rest is `browser.Browser`'s."""

    def __init__(self, page: browser.Browser) -> None:
        self._page = page

    def __getattr__(self, name: str):
        return getattr(self._page, name)

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
    """Start one, with the headset in every page."""
    with browser.chromium(certificate, browser.WEBGL) as opened:
        opened.page.ask('Page.addScriptToEvaluateOnNewDocument',
                        source=IWER.read_text() + headset)
        yield Headset(opened.page)
