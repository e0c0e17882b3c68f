"""Others join, leave and are killed while the robot is driven; what drives it shares no lock."""
from __future__ import annotations

from pathlib import Path

from faults.cell import Cell
from faults.joiner import KINDS, start
from il_ros.msg import Command, CommandReport, ControlMode
from nodes.harness import children_of, next_domain
import pytest

DOMAIN = next_domain()


@pytest.fixture(scope='module')
def cell(tmp_path_factory):
    with Cell(tmp_path_factory.mktemp('cell'), DOMAIN, cameras=True) as cell:
        yield cell


def shared(pid):
    """Return which shared memory of Fast DDS a process and its children have open."""
    return {int(p): sorted({Path(line.split()[-1]).name for line in
                            Path(f'/proc/{p}/maps').read_text().splitlines()
                            if '/dev/shm/fastrtps_' in line}) for p in (pid, *children_of(pid))}


@pytest.mark.parametrize('source', [Command.POLICY, Command.HUMAN])
def test_nothing_holds_while_others_join_leave_and_are_killed(cell, source):
    cell.drive(source)
    reports, log = len(cell.reports), len(cell.log)
    kinds = KINDS[source == Command.HUMAN::2]
    joiners = start(len(kinds), DOMAIN, kinds)   # make faults lets 200 join
    cell.wait(lambda: joiners.poll() is not None, 'those who join', 120.0)
    assert [line.rpartition(': ')[2] for line in joiners.stdout.read().splitlines()] == (
        ['met'] * len(kinds))
    assert not [r for r in cell.reports[reports:] if r.verdict == CommandReport.HELD]
    assert not [m for m in cell.log[log:]
                if isinstance(m, ControlMode) and m.mode == ControlMode.HOLD]


def test_what_drives_the_robot_has_no_shared_memory(cell):
    cell.drive(Command.POLICY)
    for name in ('command_gate', 'dagger_intervention'):
        assert set(map(tuple, shared(cell.nodes[name].process.pid).values())) == {()}, name
    seen = shared(cell.nodes['policy_inference'].process.pid)
    assert seen.pop(cell.nodes['policy_inference'].process.pid), 'it receives images'
    assert not any(seen.values()), 'chunk_player and the network'
    robot = cell.nodes['sim_robot'].process.pid
    seen = shared(robot)
    assert not seen.pop(robot), 'its joint states wait for nobody'
    assert all(seen.values()), 'its cameras'
