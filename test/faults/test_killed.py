"""kill -9 of each node in each state of a live cell; the robot's log says what it did."""
from __future__ import annotations

import json
from pathlib import Path
import re
import signal
import time

from diagnostic_msgs.msg import DiagnosticArray
from faults.cell import Cell
from faults.oracle import check, check_held
from il_ros.bags.reader import Bag
from il_ros.msg import Command, CommandReport, ControlMode
from il_ros.recording.recover import recover
from il_ros.recording.salvage import Scan
from il_ros.srv import StopCapture
from mcap.records import Message
from nodes.harness import next_domain
import numpy as np
import pytest
from std_srvs.srv import Trigger

DOMAIN = next_domain()


@pytest.fixture(scope='module')
def cell(tmp_path_factory):
    folder = tmp_path_factory.mktemp('cell')
    with Cell(folder, DOMAIN, dagger_intervention={'corrections': folder / 'corrections'}) as cell:
        yield cell


def names(cell):
    return {name for name, _ in cell.node.get_node_names_and_namespaces()}


def held(cell, since_ns):
    """Wait for the hold after a fault; check what follows."""
    first = cell.first_hold(since_ns)
    cell.reported(30)
    sent = cell.sent(first.monotonic_ns)
    check_held(sent, cell.contract)
    return sent


def standing(cell, since_ns):
    """Assert that the arm stood, fed with holds by the arbiter, and no watchdog noticed."""
    cell.reported(10)
    sent = cell.sent(since_ns)
    assert {s.source for s in sent} == {Command.HOLD}
    assert np.ptp([s.positions for s in sent], axis=0).max() < 1e-6


def test_policy_within_a_chunk(cell):
    cell.drive(Command.POLICY)
    cell.reported(5)
    held(cell, cell.kill('policy_inference'))
    assert cell.mode == ControlMode.HOLD


def test_policy_during_a_take_over(cell):
    cell.drive(Command.POLICY)
    cell.drive(Command.HUMAN)
    killed_ns = cell.kill('policy_inference')
    cell.reported(20)
    assert cell.driving(Command.HUMAN), 'the person goes on'
    cell.engaged = False
    cell.wait(lambda: cell.mode in (ControlMode.PAUSED, ControlMode.HOLD), 'the hand-back')
    cell.reported(20)
    sources = {s.source for s in cell.sent(killed_ns)}
    assert Command.POLICY not in sources and cell.driving(Command.HOLD)


def children(node):
    """Return the command lines of a node's processes."""
    return [Path(f'/proc/{pid}/cmdline').read_text() for pid in node.children]


@pytest.mark.parametrize('state', ['idle', 'loading'])
def test_policy_that_does_not_drive_yet(cell, state):
    cell.drive(Command.HOLD)
    cell.kill('policy_inference')
    node = cell.start('policy_inference', **({'checkpoint': "''"} if state == 'idle' else {}))
    awaited = 'chunk_player' if state == 'idle' else 'il_ros.execution.serve'
    cell.wait(lambda: any(awaited in c for c in children(node)), awaited)
    if state == 'idle':
        cell.reported(15)
    killed_ns = cell.kill('policy_inference')
    assert 'loaded' not in node.output
    standing(cell, killed_ns)


@pytest.mark.parametrize('mode', ['AUTONOMOUS', 'CORRECTING', 'PAUSED', 'ALIGNING', 'HOLD',
                                  'TELEOP'])
def test_arbiter(cell, mode):
    goal = getattr(ControlMode, mode)
    if mode == 'TELEOP':
        cell.kill('dagger_intervention')
        cell.start('dagger_intervention', mode='teleop')
    cell.drive({'CORRECTING': Command.HUMAN, 'TELEOP': Command.HUMAN,
                'PAUSED': Command.HOLD}.get(mode, Command.POLICY))
    if mode == 'ALIGNING':
        cell.reported(30)
        assert cell.call('dagger/rewind').success
    if mode == 'HOLD':
        cell.kill('policy_inference')
    if mode in ('ALIGNING', 'HOLD'):
        cell.wait(lambda: cell.mode == goal, mode)
    assert cell.mode == goal
    held(cell, cell.kill('dagger_intervention'))
    if mode == 'TELEOP':
        cell.start('dagger_intervention')


def test_arbiter_keeps_the_corrections_that_were_closed(cell):
    folder = cell.folder / 'corrections'
    cell.drive(Command.POLICY)
    before = set(folder.glob('*.json'))
    cell.drive(Command.HUMAN)
    cell.drive(Command.POLICY)
    cell.drive(Command.HUMAN)
    cell.kill('dagger_intervention')
    for path in (new := set(folder.glob('*.json')) - before):
        assert len(json.loads(path.read_text())['human']) >= 10
    assert new
    assert not [p for p in folder.iterdir() if p.suffix != '.json'], 'nothing half'


def test_gate(cell):
    """Nothing reaches the robot any more, a peer says so, and the next gate waits for a person."""
    cell.drive(Command.POLICY)
    said = []
    cell.node.create_subscription(DiagnosticArray, '/diagnostics',
                                  lambda m: said.extend(s.message for s in m.status), 100)
    monitor = cell.start('monitor')
    cell.wait(lambda: 'AUTONOMOUS' in said, 'the monitor')
    cell.kill('command_gate')
    number = len(cell.sent())
    cell.wait(lambda: 'silent: control/report' in said, 'the monitor names what is silent')
    monitor.stop()
    heard = len(cell.reports)
    cell.start('command_gate')
    cell.reported(10)
    assert {(r.verdict, r.rule) for r in cell.reports[heard:]} == {
        (CommandReport.REJECTED, 'disarmed')}
    assert len(cell.sent()) == number
    cell.drive(Command.POLICY)


def record(cell):
    """Start the recorder, and an episode; return its name."""
    cell.start('teleop_capture')
    start = cell.node.create_client(Trigger, 'capture/start')
    cell.wait(start.service_is_ready, 'the recorder')
    asked = []

    def begun():
        """Ask each second: a server just killed seems to be there, an answer may be lost."""
        if not asked or time.monotonic() - asked[-1][0] > 1.0:
            asked.append((time.monotonic(), start.call_async(Trigger.Request())))
        return re.search(r'recording (episode_\d+)', cell.nodes['teleop_capture'].output)
    return cell.wait(begun, lambda: 'an episode; the recorder says ' + '; '.join(sorted(
        {future.result().message for _, future in asked if future.done()})))[1]


def messages_in(file):
    """Return how many messages are on the disk in whole chunks."""
    return sum(isinstance(record, Message) for record in Scan([file]).records())


@pytest.mark.parametrize('state', ['idle', 'recording', 'finalising'])
def test_recorder(cell, state):
    cell.drive(Command.POLICY)
    bags = cell.folder / 'bags'
    if state == 'idle':
        cell.start('teleop_capture')
        cell.wait(lambda: 'episodes of' in cell.nodes['teleop_capture'].output, 'the recorder')
        before = sorted(bags.iterdir()) if bags.exists() else []
        cell.kill('teleop_capture')
        assert before == (sorted(bags.iterdir()) if bags.exists() else [])
    else:
        episode = record(cell)
        file = bags / f'{episode}.partial' / f'{episode}_0.mcap'
        cell.wait(lambda: messages_in(file) > 50, 'whole chunks in the file')
        whole = messages_in(file)
        if state == 'finalising':
            stop = cell.node.create_client(StopCapture, 'capture/stop')
            cell.wait(stop.service_is_ready, 'capture/stop')
            stop.call_async(StopCapture.Request(outcome='success', keep=True))
        cell.kill('teleop_capture')
        closed = bags / episode
        if not closed.exists():
            assert recover(bags / f'{episode}.partial').path == closed
        with Bag(closed) as bag:
            assert sum(1 for _ in bag.messages(bag.counts)) >= whole
    cell.drive(Command.POLICY)
    cell.reported(15)
    assert cell.driving(Command.POLICY), 'the robot goes on'


def test_nothing_of_all_that_was_unsafe(cell):
    cell.drive(Command.POLICY)
    sent = cell.sent()
    assert {s.source for s in sent} >= {Command.POLICY, Command.HUMAN, Command.HOLD, None}
    check(sent, cell.reports, cell.contract)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signals_end_every_node(cell, number):
    cell.drive(Command.POLICY)
    cell.start('monitor')
    cell.wait(lambda: 'monitor' in names(cell), 'the monitor')
    episode = record(cell)
    cell.reported(10)
    for node in cell.nodes.values():
        node.send(number)
    for name, node in cell.nodes.items():
        assert node.process.wait(20) == 0, f'{name}: {node.output}'
        assert 'Traceback' not in node.output, f'{name}: {node.output}'
    with Bag(cell.folder / 'bags' / episode) as bag:
        assert bag.info.stop_reason == 'the recorder was stopped'
