"""Layouts are apart and reachable; success means what the task says."""
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.kinematics import Arm, find_urdf
from il_ros.sim.tasks import AREA, BOX_DISTANCE, from_box, make_task, Scene, TASKS
import numpy as np
import pytest

SCENE = Scene(cube=np.array([0.4, 0.1, 0.024]), cube_speed=0.0,
              box=np.array([0.4, 0.1, 0.0, 0.0, 0.0, 0.0, 1.0]), goal=np.array([0.4, 0.1, 0.0]),
              tool=np.array([0.4, 0.1, 0.2]), tool_speed=0.0, touching=False)


def layouts(task):
    return [make_task(task).layout(np.random.default_rng(seed)) for seed in range(200)]


@pytest.mark.parametrize('task', TASKS)
def test_layouts_follow_from_the_seed(task):
    one, two = (make_task(task).layout(np.random.default_rng(5)) for _ in range(2))
    assert one.keys() == two.keys() and all((one[k] == two[k]).all() for k in one)
    first, second = layouts(task)[:2]
    assert any((first[k] != second[k]).any() for k in first)


@pytest.mark.parametrize(('task', 'bodies'), [
    ('PickPlace', ['cube', 'box']), ('Reach', ['reach_goal']), ('Push', ['cube', 'push_goal'])])
def test_layouts_cover_the_area(task, bodies):
    for body in bodies:
        places = np.array([layout[body][:2] for layout in layouts(task)])
        assert (places >= AREA[0]).all() and (places <= AREA[1]).all()
        assert (np.ptp(places, axis=0) > 0.7 * (AREA[1] - AREA[0] - 0.06)).all()


def test_objects_do_not_overlap():
    for layout in layouts('PickPlace'):
        assert np.linalg.norm(layout['cube'][:2] - layout['box'][:2]) >= BOX_DISTANCE
        bystanders = [layout['green_can'], layout['yellow_block']]
        for one in (layout['cube'], layout['box']):
            assert all(np.linalg.norm(one[:2] - other[:2]) > 0.13 for other in bystanders)
        assert np.linalg.norm(bystanders[0][:2] - bystanders[1][:2]) > 0.1


def test_everything_is_within_reach():
    contract = Contract.load('sim_arm')
    arm = Arm(find_urdf(contract), contract.joint_names[:6], contract.tip)
    down = np.diag([-1.0, 1.0, -1.0])
    for x in AREA[:, 0]:
        for y in AREA[:, 1]:
            for z in (0.02, 0.16):
                at = np.array([x, y, z])
                assert arm.inverse(at, down, np.array(contract.start[:6])) is not None


@pytest.mark.parametrize(('change', 'done'), [
    ({}, True),
    ({'touching': True}, False),
    ({'cube_speed': 0.2}, False),
    ({'cube': np.array([0.4, 0.1, 0.06])}, False),
    ({'cube': np.array([0.4, 0.164, 0.024])}, True),
    ({'cube': np.array([0.4, 0.166, 0.024])}, False)])
def test_pick_place_is_done_when_the_cube_lies_in_the_box_let_go(change, done):
    assert make_task('PickPlace').success(replace(SCENE, **change)) is done


@pytest.mark.parametrize(('change', 'done'), [
    ({}, False),
    ({'tool': np.array([0.4, 0.114, 0.0])}, True),
    ({'tool': np.array([0.4, 0.116, 0.0])}, False),
    ({'tool': np.array([0.4, 0.1, 0.0]), 'tool_speed': 0.06}, False)])
def test_reach_is_done_when_the_tool_rests_at_the_marker(change, done):
    assert make_task('Reach').success(replace(SCENE, **change)) is done


@pytest.mark.parametrize(('change', 'done'), [
    ({}, True),
    ({'cube': np.array([0.4, 0.129, 0.02])}, True),
    ({'cube': np.array([0.4, 0.131, 0.02])}, False),
    ({'cube': np.array([0.4, 0.1, 0.04])}, False),
    ({'cube_speed': 0.06}, False)])
def test_push_is_done_when_the_cube_rests_in_the_zone(change, done):
    assert make_task('Push').success(replace(SCENE, **change)) is done


def test_positions_in_the_frame_of_a_turned_box():
    quarter = np.array([1.0, 2.0, 0.0, 0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)])
    np.testing.assert_allclose(from_box(np.array([1.0, 2.5]), quarter), [0.5, 0.0], atol=1e-12)


def test_unknown_task_names_the_nearest():
    with pytest.raises(ConfigError) as error:
        make_task('PickPlce')
    assert str(error.value) == "no task 'PickPlce'; did you mean 'PickPlace'?"
