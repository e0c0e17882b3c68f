"""One suite for every planner; a new one is a line in `planners`."""
from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.kinematics import find_urdf
from il_ros.planning.pinocchio_planner import PinocchioPlanner
from il_ros.timing import to_s
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
START = np.array(CONTRACT.start)
COLLIDING = START + [0, -2.19, 1.4, 0, 0, 0, 0]


@pytest.fixture(params=['pinocchio', 'moveit'])
def planner(request):
    if request.param == 'moveit':
        pytest.importorskip('moveit', reason='MoveIt (moveit_py) is not installed')
        from il_ros.planning.moveit_planner import MoveItPlanner
        return MoveItPlanner(CONTRACT)
    return PinocchioPlanner(CONTRACT, find_urdf(CONTRACT))


@pytest.mark.parametrize('seed', range(8))
def test_goes_home_within_all_limits(planner, seed):
    away = np.random.default_rng(seed).uniform(-0.4, 0.4, len(START)) * [1, 1, 1, 1, 1, 1, 0]
    away[-1] = -0.04 * (seed % 2)
    rows = planner.home(START + away, START)
    whole = np.concatenate([[START + away] * 2, rows, [START] * 2])
    dt = to_s(CONTRACT.period_ns)
    np.testing.assert_array_equal(rows[-1], START)
    assert (rows >= CONTRACT.lower).all() and (rows <= CONTRACT.upper).all()
    assert (np.abs(np.diff(whole, axis=0)) <= CONTRACT.velocity * dt + 1e-12).all()
    assert (np.abs(np.diff(whole, 2, axis=0)) <= CONTRACT.acceleration * dt ** 2 + 1e-12).all()


def test_at_home_already_needs_no_rows(planner):
    assert planner.home(START, START).shape == (0, 7)


def test_a_measured_position_a_little_beyond_its_limit_is_accepted(planner):
    current = START + [0, 0, 0, 0, 0, 0, 1e-4]
    assert (planner.home(current, START - [0.1, 0, 0, 0, 0, 0, 0]) <= CONTRACT.upper).all()


@pytest.mark.parametrize('current, goal, text', [
    (START * np.nan, START, r"current: joint 'shoulder_pan': expected a position within "
                            r'\[-2.9, 2.9\], got nan'),
    (START, START + [0, 0, 0, np.inf, 0, 0, 0], r"goal: joint 'wrist_1': expected .* got inf"),
    (START, START + [3, 0, 0, 0, 0, 0, 0], r"goal: joint 'shoulder_pan': expected .* got 3$"),
    (START - [9, 0, 0, 0, 0, 0, 0], START, r'got -9; move it back by teleoperation$'),
    (START[:6], START, r'current: expected 7 joint positions, got shape \(6,\)')])
def test_wrong_ends_are_refused(planner, current, goal, text):
    with pytest.raises(PlanningError, match=text):
        planner.home(current, goal)


def test_a_goal_in_collision_is_refused(planner):
    with pytest.raises(PlanningError):
        planner.home(START, COLLIDING)


def test_a_start_in_collision_is_refused(planner):
    with pytest.raises(PlanningError):
        planner.home(COLLIDING, START)
