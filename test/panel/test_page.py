"""A page in a real Chromium beside a real gate, arbiter and recorder."""
from pathlib import Path
import signal

import pytest

pytest.importorskip('websockets')
from browser import CHROMIUM, chromium
from il_ros.bags.reader import Bag
from nodes.harness import next_domain, wait_for
from panel.lab import lab_of
from panel.operators import Operator
from trajectory_msgs.msg import JointTrajectory

pytestmark = pytest.mark.skipif(not CHROMIUM, reason='needs chromium')
DOMAIN = next_domain()


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('panel')


@pytest.fixture(scope='module')
def lab(folder):
    with lab_of(folder, DOMAIN) as lab:
        yield lab


@pytest.fixture(scope='module')
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope='module')
def operator(browser, served):
    operator = Operator(browser.page, served)
    operator.until('panel.state.rec?.fresh && panel.state.gate?.fresh && panel.state.mode?.fresh')
    operator.until('panel.cameras.tiles.every(({pictures}) => pictures > 2)')
    return operator


def outcome(folder: Path, episode: str) -> str:
    with Bag(folder / 'bags' / episode) as bag:
        return bag.info.outcome


def test_the_graph_sees_no_publisher_and_only_the_listed_services(lab, operator):
    wait_for(lambda: ('panel', '/') in lab.node.get_node_names_and_namespaces(), 'the node')
    published = {name for name, _ in lab.node.get_publisher_names_and_types_by_node('panel', '/')}
    assert published <= {'/rosout', '/parameter_events'}
    called = {name for name, _ in lab.node.get_client_names_and_types_by_node('panel', '/')}
    assert called == {
        '/dagger/pause', '/gate/disarm', '/capture/start', '/capture/stop', '/capture/discard',
        '/dagger/take_over', '/dagger/hand_back', '/dagger/rewind', '/dagger/resume', '/gate/arm',
        '/dagger_intervention/get_parameters'}


def test_three_episodes_by_keys(lab, operator, folder):
    page = operator.page
    for number, (key, name) in enumerate(
            (('n', 'failure'), ('u', 'unlabelled'), ('n', 'failure')), 1):
        operator.forget()
        page.type('c')
        assert operator.said('start')['ok'], operator.said('start')
        running = operator.until('panel.state.rec.running')
        assert running == f'episode_{number:04d}'
        page.type(key)
        assert operator.said(name)['ok']
        operator.until('!panel.state.rec.running')
        assert outcome(folder, running) == name
    operator.until("document.querySelector('.tally').textContent.startsWith('3 of 20')")


def test_a_key_twice_ends_one_episode_and_a_held_one_counts_once(operator, folder):
    page = operator.page
    operator.forget()
    page.type('c')
    assert operator.said('start')['ok']
    operator.until('panel.state.rec.running')
    operator.forget()
    page.key('n')
    for _ in range(5):
        page.key('n', repeat=True)
    page.key('n', 'keyUp')
    page.type('n')
    answers = operator.until('panel.says.filter((line) => line.ok !== null).length >= 2 && '
                             'panel.says.map(({ok}) => ok)')
    assert sorted(answers) == [False, True]      # the second one refused; five repeats nothing
    operator.until('!panel.state.rec.running')
    page.type('c')
    operator.until('panel.state.rec.running')
    operator.forget()
    page.type('x')
    assert operator.said('discard')['ok']


def test_in_a_field_and_with_control_keys_type(operator):
    page = operator.page
    page.run("document.getElementById('goal').focus()")
    operator.forget()
    page.type('c')
    page.run("document.getElementById('goal').blur()")
    page.key('c', modifiers=2)
    page.key('c', 'keyUp', modifiers=2)
    assert page.run('panel.says.length') == 0 and not operator.state['rec']['running']


def test_a_pedal_is_mapped_to_an_action(operator):
    page = operator.page
    page.type('?')
    page.until("document.getElementById('help').open")
    page.run("document.querySelector('[data-give=start]').click()")
    page.type(['F13'])
    page.run("document.getElementById('help').close()")
    operator.forget()
    page.type(['F13'])
    assert operator.said('start')['ok']
    operator.until('panel.state.rec.running')
    operator.forget()
    page.type('x')
    assert operator.said('discard')['ok']
    operator.until('!panel.state.rec.running')


def test_motion_is_held_and_what_changed_is_said(operator):
    page = operator.page
    page.run("location.hash = 'run'")
    page.until("document.querySelector('.screen.run')")
    page.until('panel.cameras.tiles.every(({pictures}) => pictures > 1)')
    operator.forget()
    page.point(operator.button('arm'))
    page.until("panel.actions.held?.name === 'arm'")
    page.point(operator.button('arm'), 'mouseReleased')
    assert not (said := operator.said('arm', 'hold until the ring is full'))['ok'], said
    operator.hold('arm')
    assert operator.said('arm')['ok'], operator.said('arm')
    operator.until('panel.state.gate.armed')


HELD = """(async () => {
  const id = crypto.randomUUID();
  panel.link.send({kind: 'press', id, action: 'resume'});
  await new Promise((done) => setTimeout(done, 750));
  panel.link.send({kind: 'act', id, action: 'resume', visible: %s,
                   seen: {...panel.actions.seen(), ...%s}});
})()"""


def test_an_old_epoch_or_a_hidden_page_moves_nothing(operator):
    """What a page may not do, though it says that it held its button."""
    page = operator.page
    page.run("panel.actions.ask('pause')")
    operator.until("panel.state.mode.name === 'PAUSED'")
    for visible, change, why in (('true', '{epoch: 1}', 'control has changed meanwhile'),
                                 ('true', '{fault: -1}', 'a fault came meanwhile'),
                                 ('true', '{n: 1}', 'what the page shows is'),
                                 ('false', '{}', 'the page is hidden')):
        operator.forget()
        page.run(HELD % (visible, change))
        assert not (said := operator.said('resume', why))['ok'], said
    assert operator.state['mode']['name'] == 'PAUSED'


def test_a_stopped_camera_is_told_and_keeps_the_robot_still(lab, operator):
    page = operator.page
    lab.shows['wrist'] = False
    page.until("document.querySelector('[data-camera=wrist]').classList.contains('silent')")
    assert 'no picture for' in page.run(
        "document.querySelector('[data-camera=wrist] .stopped').textContent")
    operator.hold('resume')
    assert not (said := operator.said('resume', "camera 'wrist'"))['ok'], said
    lab.shows['wrist'] = True
    page.until("!document.querySelector('[data-camera=wrist]').classList.contains('silent')")
    operator.hold('resume')
    assert operator.said('resume')['ok'], operator.said('resume')
    operator.until("panel.state.mode.name === 'TELEOP'")


def test_a_second_page_sees_may_pause_and_cannot_start(browser, served, operator):
    other = Operator(browser.another(), served)
    assert not other.state['seat']['yours'] and other.state['seat']['who'] == 'page 1'
    assert other.page.run(f"{other.button('start')}.disabled")
    other.page.run("panel.link.send({kind: 'act', id: 'x', action: 'start', visible: true, "
                   "seen: panel.actions.seen()})")
    assert not other.said('start', 'page 1 has the seat')['ok']
    other.page.run("panel.actions.ask('pause')")
    assert other.said('pause')['ok']
    operator.until("panel.state.mode.name === 'PAUSED'")
    other.page.click("document.querySelector('[data-seat=ask]')")
    operator.page.until("document.querySelector('[data-seat=give]')")
    operator.page.run('location.reload()')     # which keeps the seat
    operator.page.until('globalThis.panel?.state?.seat.yours', 'the seat')
    operator.page.until("document.querySelector('[data-seat=give]')")
    operator.page.run("document.querySelector('[data-seat=give]').click()")
    other.until('panel.state.seat.yours')
    other.page.ask('Page.close')
    operator.until('!panel.state.seat.who', timeout_s=12.0)
    operator.page.click("document.querySelector('[data-seat=ask]')")
    operator.until('panel.state.seat.yours')


def fault(operator, rule):
    """Return the fault that stands, whose banner says what it means and what to do."""
    found = operator.until(f"panel.state.faults.find(({{rule}}) => rule === '{rule}')")
    for text in (found['meaning'], found['cure']):
        operator.until(f"document.getElementById('banners').innerText.includes({text!r})")
    return found


def test_a_foreign_publisher_and_silence_are_told_with_advice(lab, operator):
    operator.until("panel.state.mode.name === 'PAUSED' && panel.state.gate.armed")
    other = lab.node.create_publisher(JointTrajectory, lab.contract.command.topic, 1)
    found = fault(operator, 'foreign publisher')
    assert '/test_robot publishes to the robot beside the gate' in found['detail']
    lab.node.destroy_publisher(other)
    wait_for(lambda: lab.node.count_publishers(lab.contract.command.topic) == 1, 'it is gone')
    operator.hold('arm')
    assert operator.said('arm')['ok'], operator.said('arm')
    operator.until('panel.state.faults.length === 0')
    lab.sends_states = False
    assert 'driver runs' in fault(operator, 'joint_states')['cure']
    lab.sends_states = True
    operator.page.run("location.hash = 'faults'")
    operator.until("document.querySelectorAll('.faults .card').length >= 2")
    assert operator.page.run("document.querySelectorAll('.faults .stands').length") == 1


def test_a_stopped_panel_is_grey_and_nothing_is_sent_after_it_is_back(served, operator):
    page = operator.page
    mode = operator.state['mode']
    served.node.send(signal.SIGSTOP)
    try:
        page.until("document.body.classList.contains('stale')", timeout_s=5.0)
        assert 'nothing on this page is current' in page.run(
            "document.querySelector('.banner.offline').textContent")
        assert page.run("[...document.querySelectorAll('[data-action]')].every(b => b.disabled)")
        page.type('p')
        assert operator.said('pause', 'not connected')
    finally:
        served.node.send(signal.SIGCONT)
    page.until("!document.body.classList.contains('stale')")
    assert operator.state['mode'] == mode
