"""The policy drives, by a page: lost pages, requests for help, axe, a slow line, the command."""
from contextlib import suppress
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip('websockets')
from browser import CHROMIUM, chromium
from il_ros.bags.reader import Bag
from il_ros.msg import HelpRequest
from il_ros.types import Mode
from nodes.harness import environment, next_domain, ROOT, wait_for
from panel.lab import lab_of, VGA
from panel.line import slow
from panel.operators import Operator

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason='needs chromium')]
DOMAIN = next_domain()
AXE = Path(os.environ.get('AXE') or ROOT / '.venv/npm/node_modules/axe-core/axe.min.js')
SCREENS = ('connect', 'record', 'run', 'faults', 'data')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('driven')


@pytest.fixture(scope='module')
def lab(folder):
    with lab_of(folder, DOMAIN, 'paused', VGA) as lab:
        lab.with_policy()
        yield lab


@pytest.fixture
def operator(served):
    with chromium() as browser:
        operator = Operator(browser.page, served, 'run')
        operator.browser = browser
        operator.until('panel.state.rec?.fresh && panel.state.gate?.fresh')
        operator.until('panel.cameras.tiles.every(({pictures}) => pictures > 2)')
        operator.until('panel.state.seat.yours || !panel.state.seat.who')
        operator.page.run("panel.state.seat.yours || panel.link.send({kind: 'seat', what: 'ask'})")
        operator.until('panel.state.seat.yours')
        yield operator


def drive(operator):
    """Arm and resume, each by a press of its own."""
    for name, done in (('arm', 'panel.state.gate.armed && !panel.state.gate.rule'),
                       ('resume', "panel.state.mode.name === 'AUTONOMOUS'")):
        if not operator.page.run(done):
            operator.hold(name)
            assert operator.said(name)['ok'], operator.said(name)
        operator.until(done)


def test_help_is_a_banner_with_a_tone_and_goes_when_answered(lab, operator):
    drive(operator)
    ask = HelpRequest(source_id='help_gate', active=True, reason='the members disagree',
                      score=0.31, threshold=0.2)
    lab.help.publish(ask)
    text = operator.until("document.querySelector('.banner.help')?.textContent")
    assert 'the members disagree (0.31, threshold 0.2)' in text and 'pauses in' in text
    assert operator.page.run('document.title') == 'HELP wanted · il_ros'
    assert operator.until('panel.banners.tone.played') >= 1
    lab.engaged = True            # somebody comes
    operator.until("!document.querySelector('.banner.help')")
    operator.until("['CORRECTING', 'ALIGNING'].includes(panel.state.mode.name)")
    lab.help.publish(HelpRequest(source_id='help_gate', active=False))
    lab.engaged = False
    operator.until("panel.state.mode.name === 'AUTONOMOUS'")


def test_a_killed_browser_pauses_the_policy_and_the_recording_goes_on(lab, operator, folder):
    drive(operator)
    operator.page.type('c')
    episode = operator.until('panel.state.rec.running')
    lab.until(lambda: lab.modes and lab.modes[-1].mode == Mode.AUTONOMOUS, 'the policy drives')
    operator.browser.process.send_signal(signal.SIGKILL)
    lab.until(lambda: lab.modes[-1].mode == Mode.PAUSED, 'the pause', 5.0)
    assert lab.modes[-1].reason == 'operator paused'
    assert not (folder / 'bags' / episode).exists()      # still a part of one
    with suppress(Exception):
        operator.browser.close()


def test_the_seat_is_free_after_that_and_the_episode_is_ended_by_the_next_page(operator, folder):
    episode = operator.until('panel.state.rec.running')
    operator.page.type('n')
    assert operator.said('failure')['ok']
    with Bag(folder / 'bags' / episode) as bag:
        assert bag.info.outcome == 'failure'


@pytest.mark.skipif(not AXE.is_file(), reason=f'needs {AXE} (npm install axe-core)')
@pytest.mark.parametrize('dark', [False, True], ids=['light', 'dark'])
@pytest.mark.parametrize('width', [390, 820, 1440])
def test_axe_finds_nothing_and_fingers_find_every_button(operator, width, dark):
    page = operator.page
    page.size(width, 844 if width < 500 else 900, dark)
    page.run(AXE.read_text() + ';0')
    for screen in SCREENS:
        page.run(f"location.hash = '{screen}'")
        page.until(f"document.querySelector('.screen.{screen}')")
        found = page.run('axe.run({rules: {"color-contrast": {enabled: true}}}).then(({violations}'
                         ') => violations.map(({id, nodes}) => [id, nodes.map((n) => n.html)]))')
        assert found == [], (screen, found)
        small = page.run("[...document.querySelectorAll('button, a, input, select, summary')]"
                         ".filter((e) => e.checkVisibility()).map((e) => [e.outerHTML, "
                         "Math.min(e.getBoundingClientRect().width, "
                         "e.getBoundingClientRect().height)]).filter(([, size]) => size < 44)")
        assert small == [], (screen, small)
        assert page.run("document.querySelector('.act.pause').getBoundingClientRect().height"
                        ) >= 64
        assert page.run('document.documentElement.scrollWidth') <= width, screen


def test_everything_is_reached_by_the_tab_key(operator):
    page = operator.page
    page.run('document.activeElement?.blur(); document.body.focus()')
    reached = set()
    for _ in range(60):
        page.type(['Tab'])
        reached.add(page.run("document.activeElement?.dataset.action ?? "
                             "document.activeElement?.getAttribute('href')"))
    usable = page.run("[...document.querySelectorAll('[data-action]')].filter((b) => !b.disabled)"
                      ".map((b) => b.dataset.action)")
    assert {*usable, *(f'#{name}' for name in SCREENS)} <= reached


WATCH = """
globalThis.ages = {state: [], picture: []};
const came = {}, now = () => performance.timeOrigin + performance.now() - %f;
panel.link.addEventListener('state', ({detail}) => ages.state.push(now() - detail.ms));
panel.link.addEventListener('picture', ({detail}) => {
  if (came[detail.camera]) ages.picture.push(now() - came[detail.camera]);
  came[detail.camera] = detail.came;
});
0
"""


def test_on_a_slow_line_pictures_shrink_and_stay_young(served, operator):
    port = int(served.host.split(':')[1])
    with slow(port, 1e6) as way:
        page = operator.browser.another()
        page.open(f'http://127.0.0.1:{way}/#{served.token}')
        page.until('!!globalThis.panel?.state')
        page.run("location.hash = 'run'")
        page.until('panel.cameras.tiles.every(({pictures}) => pictures > 2)')
        page.run(WATCH % ((time.time() - time.monotonic()) * 1e3))
        seconds = float(os.environ.get('IL_ROS_SLOW_S', '30'))
        wait_for(lambda: page.run('ages.state.length') > 5 * seconds, 'states', 10 * seconds)
        ages = page.run('ages')
        page.ask('Page.close')
    assert len(ages['picture']) > seconds
    late = {name: sum(age > most for age in ages[name]) / len(ages[name])
            for name, most in (('state', 500), ('picture', 1000))}
    assert late == {'state': 0, 'picture': 0}, {
        name: (max(found), len(found)) for name, found in ages.items()}


def test_the_command_starts_a_cell_and_ends_with_ctrl_c(tmp_path):
    domain = next_domain()
    process = subprocess.Popen(
        [sys.executable, '-c', 'from il_ros.cli import main; main()', 'panel', '--sim', '--device',
         'scripted', '--port', '0', '--out', str(tmp_path / 'out')], stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, env=environment(domain, IL_ROS_CACHE=str(tmp_path)), text=True)
    address = tmp_path / 'panel/address'
    try:
        wait_for(lambda: address.is_file() or process.poll() is not None, 'its address', 60)
        with chromium() as browser:
            page = browser.page
            page.open(address.read_text().splitlines()[0])
            page.until('globalThis.panel?.state?.rec?.fresh && panel.state.gate?.fresh',
                       timeout_s=60)
            page.run("location.hash = 'run'")
            page.until('panel.cameras.tiles.every(({pictures}) => pictures > 2)', timeout_s=60)
            assert page.run('panel.about.body.shapes.length') > 5
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
