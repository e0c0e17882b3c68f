"""Two arms and a base: whatever fails of one part or of who drives it stops the others, too."""
from __future__ import annotations

from nodes.harness import next_domain
import pytest

pytest.importorskip('nodes.pair', reason='no control_msgs')
DOMAIN = next_domain()


@pytest.fixture(scope='module')
def rover(tmp_path_factory):
    from faults.rover import Rover
    with Rover(tmp_path_factory.mktemp('rover'), DOMAIN, impatient=False) as rover:
        yield rover


@pytest.mark.parametrize('how', ['killed', 'silent', 'told NaN'])
def test_one_arm_that_fails_holds_the_other_and_the_base(rover, how):
    rover.drive()
    rover.break_arm(how)
    rover.held_ns()
    assert rover.stands(10)


@pytest.mark.parametrize('loss', ['policy', 'dagger_intervention', 'link'])
def test_a_base_that_loses_its_sender_is_told_zero(rover, loss):
    rover.drive()
    rover.zero_ns(rover.cut() if loss == 'link' else rover.kill(loss))
    if loss != 'policy':    # then it is the arbiter that holds
        rover.held_ns()
