"""The page in a real browser with an emulated headset, over TLS, to the device."""
import time

import pytest

pytest.importorskip('websockets')
from il_ros.teleop.device import DeviceContext
from il_ros.teleop.xr.device import XrHand
from il_ros.teleop.xr.frames import A, SQUEEZE, TRIGGER
from il_ros.teleop.xr.settings import XrSettings
from il_ros.types import Mode
from nodes.harness import wait_for
import numpy as np
from teleop.device_conformance import CONTRACT, STATE
from teleop.xr.browser import chromium, MISSING

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=f'needs {MISSING}')]
SQUEEZED = "device.controllers.right.updateButtonValue('squeeze', {})"


@pytest.fixture(scope='module')
def certificate(folder):
    return folder / 'certificate.pem'


@pytest.fixture(scope='module')
def browser(server, certificate):
    with chromium(certificate) as browser:
        yield browser


@pytest.fixture
def right(server, browser):
    """The right hand, of a fresh page in a session; it has let go."""
    browser.open('about:blank')
    browser.open(server.addresses[0])
    browser.enter()
    return wait_for(lambda: server.said.hands['right'].pose and server.said.hands['right'],
                    lambda: f'a pose: {server.said}, {browser.line}')


def hand(server, condition, what):
    found = wait_for(lambda: condition(server.said.hands['right']),
                     lambda: f'{what}: {server.said.hands["right"]}')
    assert found
    return server.said.hands['right']


def test_a_controller_arrives_whole(server, browser, right):
    assert right.pose.quaternion.shape == (4,) and not right.held and right.share == 0
    before = right.pose.position
    browser.run('device.controllers.right.position.set(0.3, 1.1, -0.45)')
    hand(server, lambda h: h.pose is not None and abs(h.pose.position - before - [0, 0.1, -0.05])
         .max() < 1e-3, 'it moved')
    browser.run("device.controllers.right.updateButtonValue('trigger', 0.5)")
    browser.run(SQUEEZED.format(1))
    browser.run("device.controllers.right.updateButtonValue('a-button', 1)")
    found = hand(server, lambda h: h.held and h.share == 0.5 and h.presses[A:A + 1] == (1,),
                 'squeeze, trigger and A')
    assert found.presses[TRIGGER] == 0 and found.presses[SQUEEZE] == 1
    assert server.said.hands['left'].pose is not None


@pytest.mark.parametrize('happens, why', [
    ("device.updateVisibilityState('visible-blurred')", 'the page went to the background'),
    ('device.recenter()', 'the view was reset'),
    ('device.activeSession.end()', 'the session ended'),
    ('device.controllers.right.connected = false', 'not in view, its place is a guess'),
    ('guess = true', 'not in view, its place is a guess'),
    ('device.controllers.right.position.set(0.3, 1.0, -3)', 'it went '),
    ("location.href = 'about:blank'", 'the page is gone'),
    ('const until = performance.now() + 400; while (performance.now() < until);', 'silent for '),
], ids=['blurred', 'recenter', 'end', 'controller off', 'guess', 'leap', 'gone', 'stalled'])
def test_whatever_goes_wrong_lets_go(server, browser, right, monkeypatch, happens, why):
    reasons = []     # all of them: a starved browser is silent in between, too
    tracked = server._tracking._hands['right']
    lose = tracked.lose
    monkeypatch.setattr(tracked, 'lose', lambda reason: (reasons.append(reason), lose(reason)))
    losses = server.said.hands['right'].losses
    browser.run(happens)
    wait_for(lambda: any(why in reason for reason in reasons), lambda: f'{why}: {set(reasons)}')
    assert server.said.hands['right'].losses > losses


def test_the_hands_of_a_person_pinch_and_hold(server, browser, right):
    browser.run("device.primaryInputMode = 'hand'")
    hand(server, lambda h: h.pose is not None and not h.held and h.share == 0, 'a relaxed hand')
    browser.run("device.hands.right.poseId = 'point'")
    hand(server, lambda h: h.held and h.share == 0, 'curled fingers hold')
    browser.run("device.hands.right.poseId = 'pinch'")
    hand(server, lambda h: not h.held and h.share == 1, 'thumb and index finger grip')


def test_a_phone_is_a_hand_with_buttons_on_its_screen(server, browser):
    browser.open('about:blank')
    browser.open(server.addresses[0] + '#phone')
    browser.enter()
    hand(server, lambda h: h.pose is not None and not h.held, 'the phone itself')
    # A phone shows only the page over its camera; iwer's canvas would lie above it.
    browser.run("document.querySelector('[data-webxr_runtime]').style.pointerEvents = 'none'")
    before = server.said.hands['right'].presses
    browser.run('device.position.set(0.1, 1.5, 0.2)')
    hand(server, lambda h: h.pose is not None
         and np.allclose(h.pose.position, [0.1, 1.5, 0.2], atol=1e-3), 'it moved')
    browser.touch('hold')
    hand(server, lambda h: h.held, 'held')
    browser.touch('hold', 'mouseReleased')
    hand(server, lambda h: not h.held, 'let go')
    browser.touch('record')
    hand(server, lambda h: h.presses[A:A + 1] != before[A:A + 1], 'record')
    browser.touch('record', 'mouseReleased')
    browser.run("document.getElementById('grip').value = 0.25")
    hand(server, lambda h: h.share == 0.25, 'the slider')
    assert server.said.hands['left'].pose is None


def test_a_second_page_says_why_it_does_nothing(server, certificate, right):
    with chromium(certificate) as second:
        second.open(server.addresses[0])
        wait_for(lambda: second.line == 'another page drives: close it first',
                 lambda: second.line)
    assert server.said.note.startswith('a second page')


def test_a_request_for_help_is_felt_in_the_hand(server, browser, right):
    server.tell({'pulse': {'hand': 'right', 'strength': 0.7, 'ms': 300}, 'say': 'help: policy'})
    wait_for(lambda: browser.run('pulses') == [['right', 0.7, 300]],
             lambda: browser.run('JSON.stringify(pulses)'))
    assert browser.line == 'help: policy'


def test_squeezing_drives_the_arm(server, browser, right):
    device = XrHand(CONTRACT, CONTRACT.arms[0], 'right', XrSettings(), server)

    def until(condition, what):
        def read():
            intent = device.read(DeviceContext(STATE, np.empty(0), time.time_ns(), Mode.TELEOP))
            return intent is not None and condition(intent)
        wait_for(read, lambda: f'{what}: {device.notice}')

    def squeezing(condition, what):
        """Let go and squeeze until it drives: a starved browser is let go meanwhile."""
        def again():
            browser.run(SQUEEZED.format(0))
            until(lambda intent: not intent.engaged, 'let go')
            browser.run(SQUEEZED.format(1))
            time.sleep(0.05)
        wait_for(lambda: (intent := device.read(DeviceContext(
            STATE, np.empty(0), time.time_ns(), Mode.TELEOP))) and condition(intent), what,
            spin=again)
    squeezing(lambda intent: intent.engaged, 'driving')
    for step in range(20):
        browser.run(f'device.controllers.right.position.set(0.3, {1 + 0.002 * step}, -0.4)')
    squeezing(lambda intent: intent.engaged, 'driving')
    browser.run('device.controllers.right.position.set(0.3, 1.06, -0.4)')
    until(lambda intent: intent.engaged and np.abs(intent.positions - STATE).max() > 0.01,
          'moved')
    browser.run(SQUEEZED.format(0))
    until(lambda intent: not intent.engaged, 'let go')
