"""Processes that stop and go on, somebody else who publishes, no processor time, floods."""
from __future__ import annotations

import os
import signal
import subprocess
import sys

from faults.cell import Cell
from faults.oracle import check, check_held
from il_ros.msg import Command, CommandReport
from il_ros.srv import LoadPolicy
from nodes.harness import next_domain
import numpy as np
import pytest
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

DOMAIN = next_domain()
TWO_SECONDS = 60     # decisions of the gate, at 30 Hz


@pytest.fixture(scope='module')
def cell(tmp_path_factory):
    with Cell(tmp_path_factory.mktemp('cell'), DOMAIN) as cell:
        yield cell


@pytest.mark.parametrize('name', ['dagger_intervention', 'sim_robot'])
def test_stopped_for_two_seconds_and_its_backlog(cell, name):
    """The gate holds; what comes when the process goes on is rejected until somebody arms."""
    cell.drive(Command.POLICY)
    cell.stop(name)
    cell.wait(lambda: cell.reports[-1].verdict == CommandReport.HELD, 'the hold')
    since = len(cell.reports)
    cell.reported(TWO_SECONDS)
    cell.nodes[name].send(signal.SIGCONT)
    cell.wait(lambda: any(r.rule == 'latched' for r in cell.reports[-5:]), 'rejections')
    cell.reported(15)
    assert {r.verdict for r in cell.reports[since:]} == {
        CommandReport.HELD, CommandReport.REJECTED}
    cell.drive(Command.POLICY)


def test_stopped_gate_lets_nothing_of_its_backlog_through(cell):
    cell.drive(Command.POLICY)
    cell.stop('command_gate')
    goal = len(cell.rows) + TWO_SECONDS
    cell.wait(lambda: len(cell.rows) >= goal, 'commands that the gate does not take')
    reports = len(cell.reports)
    cell.nodes['command_gate'].send(signal.SIGCONT)
    cell.reported(30)
    after = cell.reports[reports + 1:]   # its report of what it did when it was stopped
    assert {r.verdict for r in after} == {CommandReport.HELD, CommandReport.REJECTED}
    cell.drive(Command.POLICY)


def test_somebody_else_publishes_to_the_robot(cell):
    """The gate holds; the oracle sees the commands that are not the gate's."""
    cell.drive(Command.POLICY)
    assert all(s.report for s in cell.sent()[-20:])
    rogue = cell.publisher(JointTrajectory, cell.contract.command.topic)
    point = JointTrajectoryPoint(positions=(np.array(cell.contract.start) + 0.01).tolist())
    point.time_from_start.nanosec = cell.contract.period_ns
    cell.keep_nothing()
    cell.wait(lambda: [r for r in cell.reports if r.rule == 'foreign publisher'], 'the hold')
    number = len(cell.commands)
    rogue.publish(JointTrajectory(joint_names=cell.contract.joint_names, points=[point]))
    cell.wait(lambda: any(np.array_equal(c, point.positions) for c in cell.commands[number:]),
              'the command of the rogue')
    cell.wait(lambda: [s for s in cell.sent() if np.array_equal(s.positions, point.positions)],
              'it in the log')
    foreign, = [s for s in cell.sent() if np.array_equal(s.positions, point.positions)]
    assert foreign.report is None
    cell.parts[0].sent.remove(foreign)
    cell.node.destroy_publisher(rogue)
    cell.drive(Command.POLICY)


def test_no_processor_time(cell):
    """Three busy loops per core, above every ordinary process: bounds hold, or the gate does."""
    cell.drive(Command.POLICY)
    busy = [subprocess.Popen([sys.executable, '-c', 'while True: pass'])
            for _ in range(3 * (os.cpu_count() or 1))]
    try:
        cell.reported(TWO_SECONDS)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    cell.drive(Command.POLICY)
    check(cell.sent(), cell.reports, cell.contract)


def test_a_flood_of_calls_and_huge_texts(cell):
    """The robot goes on; an answer is no longer than what can be read."""
    cell.drive(Command.POLICY)
    policy = cell.nodes['policy_inference']
    load = cell.node.create_client(LoadPolicy, 'policy/load')
    arm = cell.node.create_client(Trigger, 'gate/arm')
    for client in (load, arm):
        cell.wait(client.service_is_ready, client.srv_name)
    refused = [load.call_async(LoadPolicy.Request(checkpoint=text))
               for text in ('x' * 10_000_000, '../' * 400, 'x' * 300)]
    flood = [arm.call_async(Trigger.Request()) for _ in range(500)]
    cell.wait(lambda: all(f.done() for f in refused) and any(f.done() for f in flood), 'answers')
    assert all(not f.result().success and len(f.result().message) < 2000 for f in refused)
    assert policy.process.poll() is None, policy.output
    cell.drive(Command.POLICY)
    check(cell.sent(), cell.reports, cell.contract)


def test_the_oracle_refuses_an_arm_that_goes_on_and_one_that_leaps(cell):
    cell.drive(Command.POLICY)
    cell.wait(lambda: np.ptp([s.positions[0] for s in cell.sent()[-15:]]) > 0.15, 'motion')
    moving = cell.sent()[-15:]
    with pytest.raises(AssertionError):
        check_held(moving, cell.contract)
    with pytest.raises(AssertionError, match='of the way that is allowed'):
        check(moving[::7], cell.reports, cell.contract)
