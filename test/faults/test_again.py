"""What a driving cell goes through without a fault of its own: questions, and starting again."""
from __future__ import annotations

import re
import signal
import subprocess
import sys
import time

from faults.cell import Cell, milliseconds
from faults.oracle import check, check_held
from il_ros.msg import Command, CommandReport, ControlMode
from il_ros.scheduling import LAUNCH, process_name
from nodes.harness import next_domain
import numpy as np
import pytest
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
from std_srvs.srv import Trigger

DOMAIN = next_domain()
ASKED = ('sim_robot', 'command_gate', 'dagger_intervention', 'policy_inference', 'monitor',
         'teleop', 'teleop_capture')
LIVE = {'engage', 'sounds', 'vibration', 'operator', 'task of teleop_capture',
        'tasks of teleop_capture', 'licence', 'owner', 'consent', 'lead_s', 'hand_images',
        'autostart', 'use_sim_time'}
NO_TYPE = 99


@pytest.fixture(scope='module')
def cell(tmp_path_factory):
    with Cell(tmp_path_factory.mktemp('cell'), DOMAIN) as cell:
        yield cell


def answer(cell, kind, name, **fields):
    client = cell.node.create_client(kind, name)
    cell.wait(client.service_is_ready, name)
    future = client.call_async(kind.Request(**fields))
    cell.wait(future.done, f'answer of {name}')
    cell.node.destroy_client(client)
    return future.result()


def ask(cell, node):
    """Ask for everything and try to set everything; return the names that could be set."""
    names = answer(cell, ListParameters, f'{node}/list_parameters').result.names
    assert 'use_sim_time' in names
    for prefixes, depth in ((['robot'], 0), (['nobody'], 7), ([''], 1)):
        found = answer(cell, ListParameters, f'{node}/list_parameters', prefixes=prefixes,
                       depth=depth).result.names
        assert set(found) <= set(names)
    described = answer(cell, DescribeParameters, f'{node}/describe_parameters', names=names)
    for one in described.descriptors:
        assert one.name == 'start_type_description_service' or len(one.description) > 8, one.name
    values = answer(cell, GetParameters, f'{node}/get_parameters', names=names).values
    types = answer(cell, GetParameterTypes, f'{node}/get_parameter_types', names=names).types
    assert [value.type for value in values] == list(types)
    assert not answer(cell, GetParameters, f'{node}/get_parameters', names=['nobody']).values
    set_to = []
    for one, value in zip(described.descriptors, values, strict=True):
        message = ParameterMessage(name=one.name, value=value)
        for kind in (SetParameters, SetParametersAtomically):
            service = f'{node}/set_parameters' + ('_atomically' if kind != SetParameters else '')
            response = answer(cell, kind, service, parameters=[message])
            result = response.results[0] if kind == SetParameters else response.result
            assert result.successful is not one.read_only
            assert result.successful or one.name in result.reason
        if result.successful:
            set_to.append(one.name)
        else:
            assert 'cannot change while the node runs' in one.additional_constraints or (
                one.name == 'start_type_description_service')
    for value in (ParameterValue(type=NO_TYPE),
                  ParameterValue(type=ParameterType.PARAMETER_NOT_SET),
                  ParameterValue(type=ParameterType.PARAMETER_BYTE_ARRAY,
                                 byte_array_value=[b'x'])):
        for name in ('robot', 'nobody', ''):
            message = ParameterMessage(name=name, value=value)
            result, = answer(cell, SetParameters, f'{node}/set_parameters',
                             parameters=[message]).results
            if name == 'nobody' and value.type == ParameterType.PARAMETER_NOT_SET:
                continue   # to delete what is not there succeeds
            assert not result.successful
            assert result.reason
    again = answer(cell, GetParameters, f'{node}/get_parameters', names=names).values
    assert again == values
    return set_to


def test_every_node_answers_all_questions_about_its_parameters_while_it_drives(cell):
    for name in ('monitor', 'teleop', 'teleop_capture'):
        cell.start(name)
    cell.drive(Command.POLICY)
    for name in ASKED:
        for one in ask(cell, name):
            assert one in LIVE or f'{one} of {name}' in LIVE
    for name in ASKED:
        assert cell.nodes[name].process.poll() is None, cell.nodes[name].output
    cell.drive(Command.POLICY)
    for name in ('monitor', 'teleop', 'teleop_capture'):
        assert cell.nodes[name].stop() == 0


def moving(cell):
    """Drive until the arm is on its way."""
    cell.drive(Command.POLICY)
    cell.wait(lambda: np.ptp([s.positions[0] for s in cell.sent()[-10:]]) > 0.05, 'motion')


def stands(cell, decisions=60):
    """Assert that the arm stands for so many decisions."""
    since = len(cell.reports)
    cell.reported(decisions)
    rows = [r.sent for r in cell.reports[since:] if len(r.sent)]
    assert rows
    assert np.ptp(rows, axis=0).max() < 1e-6
    asked = [r.asked for r in cell.reports[since:] if r.asked.joint_names]   # not of a watchdog
    assert {command.source for command in asked} <= {Command.HOLD}


def accepted(cell, name):
    """Call a service until it accepts; return its answer.

    The server of a killed node seems to be there for a while, so an answer is not waited for.
    """
    client, asked = cell.node.create_client(Trigger, name), []

    def answers():
        if client.service_is_ready() and (not asked or time.monotonic() - asked[-1][0] > 0.5):
            asked.append((time.monotonic(), client.call_async(Trigger.Request())))
        return [future.result().message for _, future in asked
                if future.done() and future.result().success]
    cell.wait(answers, name)
    return answers()[0]


def test_a_gate_that_was_killed_is_armed_and_moves_nothing_before_resume(cell):
    moving(cell)
    cell.kill('command_gate')
    cell.start('command_gate')
    text = accepted(cell, 'gate/arm')
    cell.wait(lambda: cell.mode == ControlMode.PAUSED, 'PAUSED')
    assert text == 'armed' or re.fullmatch(
        'armed; nothing moves before dagger/resume: PAUSED, the gate (is silent|was disarmed); '
        'gate/arm, then dagger/resume', text)
    stands(cell)
    assert cell.mode == ControlMode.PAUSED
    assert cell.call('dagger/resume').success
    cell.wait(lambda: cell.driving(Command.POLICY), 'the policy')


def test_a_gate_that_was_disarmed_moves_nothing_when_it_is_armed_again(cell):
    moving(cell)
    cell.keep_nothing()
    assert cell.call('gate/disarm').message == 'disarmed'
    accepted(cell, 'gate/arm')
    cell.wait(lambda: cell.mode == ControlMode.PAUSED, 'PAUSED')
    assert cell.modes[-1].reason == 'the gate was disarmed; gate/arm, then dagger/resume'
    stands(cell)
    cell.drive(Command.POLICY)


def test_what_nobody_else_may_start_again_moves_nothing_either(cell):
    """The arbiter, and the robot's driver: the gate has latched, and arming it is not enough."""
    for name in ('dagger_intervention', 'sim_robot'):
        moving(cell)
        cell.kill(name)
        cell.wait(lambda: cell.reports[-1].verdict == CommandReport.HELD, 'the hold')
        cell.start(name)
        cell.reported(30)
        accepted(cell, 'gate/arm')
        stands(cell)
    cell.drive(Command.POLICY)


def test_a_policy_that_was_killed_is_resumed_by_a_person(cell):
    moving(cell)
    cell.kill('policy_inference')
    cell.wait(lambda: cell.mode == ControlMode.HOLD, 'HOLD')
    cell.start('policy_inference')
    chunks = len(cell.chunks)
    cell.wait(lambda: len(cell.chunks) > chunks + 10, 'chunks of the new one')
    stands(cell)
    assert cell.mode == ControlMode.HOLD
    cell.drive(Command.POLICY)


def test_a_stopped_policy_does_not_play_its_chunk_out(cell):
    """What stands behind the player is stopped; its lease is what the cell was given."""
    moving(cell)
    since_ns = time.monotonic_ns()
    cell.stop('policy_inference')
    held = cell.first_hold(since_ns)
    assert cell.mode == ControlMode.HOLD
    cell.reported(30)
    check_held(cell.sent(held.monotonic_ns), cell.contract)
    last = [s for s in cell.sent(since_ns) if s.source == Command.POLICY]
    assert not last or milliseconds(last[-1], since_ns) < 1000
    cell.nodes['policy_inference'].send(signal.SIGCONT)
    cell.drive(Command.POLICY)


def test_when_ros2_launch_is_killed_its_nodes_hold_the_arm_and_end(tmp_path, monkeypatch):
    launch = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
    try:
        with Cell(tmp_path, next_domain(), nodes=('sim_robot',)) as cell:
            monkeypatch.setenv(LAUNCH, process_name(launch.pid))
            nodes = [cell.start(name) for name in ('command_gate', 'dagger_intervention',
                                                   'policy_inference')]
            moving(cell)
            cell.keep_nothing()
            launch.kill()
            killed_ns = time.monotonic_ns()
            cell.wait(lambda: all(n.process.poll() is not None for n in nodes), 'their ends')
            assert [(n.process.returncode, n.output.count('ros2 launch has ended')) for n in nodes
                    ] == [(0, 1)] * 3
            sent = cell.sent(killed_ns)
            assert sent[-1].source in (None, Command.HOLD)
            check(sent, cell.reports, cell.contract)
            at_rest = [s.positions for s in sent[-5:]]
            assert np.ptp(at_rest, axis=0).max() < 1e-3
    finally:
        launch.kill()
        launch.wait()
