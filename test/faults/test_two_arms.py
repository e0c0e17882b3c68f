"""What drives two arms ends: both are held; a person takes both over (`make faults` has more)."""
from faults.cell import Cell
from faults.oracle import check, check_held
from il_ros.msg import Command
from nodes.harness import next_domain
import numpy as np
import pytest

DOMAIN = next_domain()


@pytest.fixture(scope='module')
def cell(tmp_path_factory):
    with Cell(tmp_path_factory.mktemp('cell'), DOMAIN, robot='sim_two_arms') as cell:
        yield cell
        for index, part in enumerate(cell.parts):
            check(cell.sent(part=index), cell.reports, cell.contract, part.columns)


def test_a_policy_that_is_killed_while_it_moves_both(cell):
    cell.drive(Command.POLICY)
    for index in range(2):
        cell.wait(lambda i=index: np.ptp([s.positions[0] for s in cell.sent(part=i)]) > 0.05,
                  'motion of either arm')
    hold = cell.first_hold(cell.kill('policy_inference'))
    cell.reported(30)
    for index, part in enumerate(cell.parts):
        check_held(cell.sent(hold.monotonic_ns, index), cell.contract, part.columns)


def test_a_person_takes_both_over(cell):
    cell.drive(Command.POLICY)
    cell.reported(10)
    cell.drive(Command.HUMAN)
    cell.reported(10)
    for index in range(2):
        assert {s.source for s in cell.sent(part=index)[-5:]} == {Command.HUMAN}
