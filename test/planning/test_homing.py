from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.kinematics import find_urdf
from il_ros.planning.homing import Homing, LAST_WORDS, SETTLE_NS
from il_ros.planning.pinocchio_planner import PinocchioPlanner
from il_ros.timing import SECOND
from il_ros.types import Mode, Request
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
START = np.array(CONTRACT.start)
AWAY = START + [0.3, 0.1, -0.2, 0.1, 0.0, 0.2, -0.04]


@pytest.fixture
def homing():
    return Homing(CONTRACT, PinocchioPlanner(CONTRACT, find_urdf(CONTRACT)), 5 * SECOND)


def drive(homing, mode, measured=AWAY, follows=True):
    """Return every wish until it is done; the robot follows perfectly, or not at all."""
    wishes, now = [], 0
    while not homing.done:
        wishes.append(homing.tick(measured, mode, now))
        measured = wishes[-1].positions if follows else measured
        now += CONTRACT.period_ns
    return wishes


@pytest.mark.parametrize('mode, request_', [
    (Mode.TELEOP, Request.NONE), (Mode.PAUSED, Request.PAUSE)])
def test_drives_the_plan_and_lets_go(homing, mode, request_):
    wishes = drive(homing, mode)
    plan = homing.planner.home(AWAY, START)
    driving, parting = wishes[:-LAST_WORDS], wishes[-LAST_WORDS:]
    np.testing.assert_array_equal([w.positions for w in driving], plan)
    assert all(w.engaged and w.request == Request.NONE for w in driving)
    assert not any(w.engaged for w in parting)
    assert [w.request for w in parting] == [request_, Request.NONE, Request.NONE]


def test_drives_further_rows_after_the_arrival(homing):
    then = np.linspace(AWAY, START, 5)
    repeat = Homing(CONTRACT, homing.planner, SECOND, goal=AWAY, then=then)
    wishes = drive(repeat, Mode.TELEOP, START)
    way = homing.planner.home(START, AWAY)
    np.testing.assert_array_equal([w.positions for w in wishes if w.engaged], [*way, *then])
    assert repeat.repeated == 5


@pytest.mark.parametrize('rows_before', [2, 10])
@pytest.mark.parametrize('mode, passes', [(Mode.HOLD, True), (Mode.TELEOP, False)])
def test_a_stop_on_the_way_ends_it(homing, rows_before, mode, passes):
    measured = AWAY
    for now in range(rows_before):
        measured = homing.tick(measured, Mode.TELEOP, now * CONTRACT.period_ns).positions
    with pytest.raises(PlanningError, match='^the arm was stopped on its way .* arm the gate'):
        homing.tick(measured, mode, rows_before * CONTRACT.period_ns, passes)


@pytest.mark.parametrize('passes', [False, None])
def test_an_arm_that_is_there_and_may_not_move_is_named(homing, passes):
    with pytest.raises(PlanningError, match='^the gate lets nothing through; is it armed'):
        for now in range(0, 2 * SETTLE_NS, CONTRACT.period_ns):
            homing.tick(START, Mode.TELEOP, now, passes)


def test_a_held_object_does_not_keep_the_gripper_from_arriving(homing):
    for now in range(0, 90 * CONTRACT.period_ns, CONTRACT.period_ns):
        if homing.done:
            break
        homing.tick(np.append(START[:6], 0.02), Mode.TELEOP, now)
    assert homing.done


def test_waits_for_the_robot_and_the_arbiter_and_names_what_is_missing(homing):
    assert homing.tick(None, None, 0) is None
    with pytest.raises(PlanningError, match='^within 5 s came no joint states on joint_states; '
                                            r'is the robot running\?$'):
        homing.tick(None, Mode.TELEOP, 6 * SECOND)
    with pytest.raises(PlanningError, match='^within 5 s came no control/mode; '
                                            r'is dagger_intervention running\?$'):
        homing.tick(AWAY, None, 6 * SECOND)


@pytest.mark.parametrize('mode', [Mode.AUTONOMOUS, Mode.CORRECTING])
def test_takes_nothing_from_a_policy(homing, mode):
    with pytest.raises(PlanningError, match=f'^a motion while the mode is {mode.name} would count '
                                            'as a correction of the policy; call dagger/pause '
                                            'first$'):
        homing.tick(AWAY, mode, 0)


def test_an_arm_that_does_not_follow_is_named(homing):
    with pytest.raises(PlanningError) as caught:
        drive(homing, Mode.TELEOP, follows=False)
    assert str(caught.value) == (
        "the arm did not arrive: joint 'shoulder_pan' is at 0.300, expected 0.000; is the gate "
        'armed (service gate/arm)?')
    assert SETTLE_NS == 3 * SECOND


def test_an_arm_that_is_exactly_there_does_the_rows_that_follow():
    homing = Homing(CONTRACT, PinocchioPlanner(CONTRACT, find_urdf(CONTRACT)), 5 * SECOND,
                    goal=START, then=np.tile(START, (5, 1)))
    wishes = drive(homing, Mode.TELEOP, START)
    assert homing.done and homing.repeated == 5 and len(wishes) < 20
