"""A varied scene differs as asked and in nothing else; the usual one is as it always was."""
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.sim.environment import ArmEnv
from il_ros.sim.model import ASSETS, load_model
from il_ros.sim.simulation import CLEARANCE, Simulation
from il_ros.sim.tasks import TASKS
from il_ros.sim.variation import CHANGED, Variable, Variation
import mujoco
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
EVERYTHING = Variation(beyond=0.05, colours=True, size=0.3, camera=0.05, camera_turn=0.2,
                       light=0.6)


@pytest.fixture(scope='module')
def sim():
    simulation = Simulation(CONTRACT)
    yield simulation
    simulation.close()


def trajectory(simulation, ticks=30, **reset):
    """Return everything that the physics holds, at every tick of a fixed motion."""
    simulation.reset(**reset)
    start, found = simulation.positions, []
    for tick in range(ticks):
        simulation.command(start + 0.01 * tick * np.array([1, 1, -1, 1, 1, 1, 0]))
        simulation.step(20)
        found.append(np.concatenate([simulation._data.qpos, simulation._data.qvel]))
    return np.array(found)


def test_the_usual_scene_comes_back_bit_for_bit(sim):
    """What has been varied before leaves no trace, neither in the physics nor in the pictures."""
    fresh = Simulation(CONTRACT)
    before = trajectory(fresh, seed=3, disturb=True, action_noise=0.01)
    picture = fresh.render('wrist', 64, 64)
    varied = trajectory(sim, seed=3, disturb=True, action_noise=0.01, variation=EVERYTHING)
    assert (varied[0] != before[0]).any()
    after = trajectory(sim, seed=3, disturb=True, action_noise=0.01, variation=Variation())
    np.testing.assert_array_equal(after, before)
    np.testing.assert_array_equal(sim.render('wrist', 64, 64), picture)
    for name in CHANGED:
        np.testing.assert_array_equal(getattr(sim._model, name), getattr(fresh._model, name))
    fresh.close()


def test_the_usual_layout_is_the_one_of_earlier_versions(sim):
    sim.reset(3)
    np.testing.assert_array_equal(sim.poses['cube'][:2],
                                  np.random.default_rng([3, 0]).uniform(*TASKS['PickPlace'].area))


def test_a_varied_scene_follows_from_its_seed(sim):
    other = Simulation(CONTRACT)
    one = trajectory(sim, seed=5, variation=EVERYTHING)
    np.testing.assert_array_equal(trajectory(other, seed=5, variation=EVERYTHING), one)
    np.testing.assert_array_equal(sim.render('scene', 64, 64), other.render('scene', 64, 64))
    assert (trajectory(other, seed=6, variation=EVERYTHING) != one).any()
    other.close()


@pytest.mark.parametrize('variation', [
    Variation(colours=True), Variation(camera=0.05), Variation(camera_turn=0.2),
    Variation(light=0.5)])
def test_what_only_cameras_see_leaves_the_physics_alone(sim, variation):
    usual = trajectory(sim, seed=4)
    pictures = [sim.render(name, 64, 64) for name in ('scene', 'wrist')]
    np.testing.assert_array_equal(trajectory(sim, seed=4, variation=variation), usual)
    for name, picture in zip(('scene', 'wrist'), pictures, strict=True):
        assert (sim.render(name, 64, 64) != picture).any()
    assert variation.seen_by_cameras_only


def test_causes_are_drawn_independently(sim):
    """Adding a cause leaves the others as they were, so that layers compare like with like."""
    sim.reset(7, variation=Variation(size=0.3))
    size = sim._model.geom('cube').size[0]
    sim.reset(7, variation=EVERYTHING)
    assert sim._model.geom('cube').size[0] == size != 0.02


@pytest.mark.parametrize('task', TASKS)
def test_new_positions_are_outside_the_area_of_training(task):
    layouts = [TASKS[task]().layout(np.random.default_rng(seed), 0.05) for seed in range(100)]
    places = np.array([layout[TASKS[task].reported[0]][:2] for layout in layouts])
    area = TASKS[task].area
    beyond = np.maximum(area[0] - places, places - area[1]).max(axis=1)
    assert (beyond > 0).all() and (beyond <= 0.05).all()
    sides = [places[:, 0] < area[0, 0], places[:, 0] > area[1, 0], places[:, 1] < area[0, 1],
             places[:, 1] > area[1, 1]]
    assert all(side.any() for side in sides)


def test_a_resized_cube_weighs_and_resists_as_the_compiler_says():
    """The scaled constants are those that MuJoCo itself computes for the scaled cube."""
    model = load_model(CONTRACT)
    scale = Variable(model).apply(Variation(size=0.3), np.random.default_rng(0))
    assert 0.7 <= scale <= 1.3 and abs(scale - 1) > 0.05
    spec = mujoco.MjSpec.from_file(str(ASSETS / 'sim_arm.xml'))
    cube = spec.geom('cube')
    cube.size, cube.mass = [0.02 * scale] * 3, 0.06 * scale ** 3
    expected = spec.compile()
    names = {name for name in dir(model) if isinstance(getattr(model, name), np.ndarray)}
    # Where cameras and lights are seen from the whole model's centre of mass: unused here.
    for name in names - {'cam_poscom0', 'light_poscom0'}:
        np.testing.assert_allclose(getattr(model, name), getattr(expected, name), rtol=1e-9,
                                   atol=1e-12, err_msg=name)


def test_a_resized_cube_rests_on_the_table(sim):
    for seed in range(4):
        sim.reset(seed, variation=Variation(size=0.3))
        at = sim.poses['cube'][:3]
        sim.step(300)
        np.testing.assert_allclose(sim.poses['cube'][:3], at, atol=1e-3)
        assert at[2] == pytest.approx(sim._model.geom('cube').size[2])


def test_colours_are_unlike_the_usual_ones(sim):
    for seed in range(10):
        sim.reset(seed, variation=Variation(colours=True))
        red = sim._model.mat_rgba[sim._model.material('red').id]
        assert np.linalg.norm(red[:3] - [0.83, 0.13, 0.12]) >= 0.45 and red[3] == 1


def test_light_gets_brighter_or_darker(sim):
    sim.reset(0)
    usual = sim.render('scene', 64, 64).mean()
    means = []
    for seed in range(8):
        sim.reset(seed, variation=Variation(light=0.6))
        means.append(sim.render('scene', 64, 64).mean() / usual)
    assert min(means) < 0.75 and max(means) > 1.02  # the table is nearly white as it is


def test_a_repeat_moves_the_objects_and_not_the_arm():
    env = ArmEnv('PickPlace')
    env.reset(seed=1)
    target = env.simulation.positions + 0.2
    for _ in range(30):
        env.step(np.clip(target, CONTRACT.lower, CONTRACT.upper))
    before, poses, now = env.simulation.positions, env.simulation.poses, env.simulation.now_ns
    seen, info = env.reset(seed=2, options={'repeat': True})
    np.testing.assert_array_equal(seen['observation.state'], before)
    after = env.simulation.poses
    np.testing.assert_array_equal(after['end_effector'], poses['end_effector'])
    assert np.linalg.norm(after['cube'][:2] - poses['cube'][:2]) > 0.01
    assert env.simulation.now_ns == now and info == {'success': False}
    for seed in range(20):
        env.reset(seed=seed, options={'repeat': True})
        for name in ('cube', 'box'):
            away = env.simulation.poses[name][:2] - poses['end_effector'][:2]
            assert np.linalg.norm(away) > CLEARANCE
    env.close()


def test_a_repeat_far_from_the_arm_is_laid_out_like_a_reset(sim):
    sim.reset(9)
    cube = sim.poses['cube']
    sim.command(sim.positions + np.array([2.4, 0, 0, 0, 0, 0, 0]))
    sim.step(600)
    sim.rearrange(9)
    np.testing.assert_array_equal(sim.poses['cube'], cube)


@pytest.mark.parametrize('values, text', [
    ({'beyond': 0.2}, '^beyond: expected 0 to 0.06, got 0.2$'),
    ({'size': -0.1}, '^size: expected 0 to 0.4, got -0.1$'),
    ({'light': float('nan')}, '^light: expected 0 to 0.9, got nan$')])
def test_impossible_variations_are_refused(values, text):
    with pytest.raises(ConfigError, match=text):
        Variation(**values)
