"""The simulation is deterministic, tracks its setpoint and is disturbed as asked."""
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.sim.simulation import Simulation, step_ns
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
START = np.array(CONTRACT.start)


@pytest.fixture
def sim():
    simulation = Simulation(CONTRACT)
    yield simulation
    simulation.close()


def wave(tick):
    return START + 0.2 * np.sin(tick / 10) * np.array([1, 1, 1, 1, 1, 1, 0])


def run(sim, ticks, chunks=(20,), **reset):
    """Return positions and environments at every tick; steps come in the given chunks."""
    sim.reset(**reset)
    found = []
    for tick in range(ticks):
        sim.command(wave(tick))
        for chunk in chunks:
            sim.step(chunk)
        found.append(np.concatenate([sim.positions, sim.environment]))
    return np.array(found)


def test_same_seed_same_trajectory(sim):
    one = run(sim, 60, seed=3, disturb=True, action_noise=0.01)
    two = run(Simulation(CONTRACT), 60, seed=3, disturb=True, action_noise=0.01)
    np.testing.assert_array_equal(one, two)
    assert (run(sim, 60, seed=4) != one).any()


def test_trajectory_does_not_depend_on_how_steps_are_grouped(sim):
    one = run(sim, 40, seed=3, action_noise=0.01)
    two = run(sim, 40, chunks=(6, 6, 1, 7), seed=3, action_noise=0.01)
    np.testing.assert_array_equal(one, two)


def test_starts_at_the_start_pose(sim):
    sim.reset(1)
    np.testing.assert_array_equal(sim.positions, START)
    assert sim.now_ns == 0 and not sim.success


def test_holds_the_start_pose(sim):
    sim.reset(1)
    cube = sim.poses['cube'].copy()
    sim.step(600)
    np.testing.assert_allclose(sim.positions, START, atol=1e-4)
    np.testing.assert_allclose(sim.poses['cube'], cube, atol=5e-4)
    assert sim.now_ns == 1_000_000_000


def test_tool_tracks_the_setpoint_within_a_centimetre(sim):
    """0.3 m/s across the workspace; the target's tool position is that of a settled arm."""
    sim.reset(0)
    settled = Simulation(CONTRACT)
    worst = 0.0
    for tick in range(40):
        target = START + np.array([0.02 * tick, 0, 0, 0, 0, 0, 0])
        sim.command(target)
        sim.step(20)
        settled.reset(0)
        settled.command(target)
        settled.step(300)
        off = sim.poses['end_effector'][:3] - settled.poses['end_effector'][:3]
        worst = max(worst, float(np.linalg.norm(off)))
    assert worst < 0.01


def test_push_moves_the_cube_and_leaves_it_on_the_table(sim):
    for seed, push in enumerate(([0.06, 0.0], [0.0, -0.08], [-0.03, 0.04])):
        sim.reset(seed)
        sim.place('cube', [0.37, 0.0, 0.02], [0, 0, 0, 1])
        sim.place('box', [0.0, 0.4, 0.0], [0, 0, 0, 1])
        sim.push(np.array(push))
        sim.step(300)
        moved = sim.poses['cube'][:3] - [0.37, 0.0, 0.02]
        np.testing.assert_allclose(moved, [*push, 0.0], atol=0.012)


def test_cube_in_the_box_is_success(sim):
    sim.reset(2)
    sim.place('cube', [*sim.poses['box'][:2], 0.03], [0, 0, 0, 1])
    sim.step(300)
    assert sim.success


def test_action_noise_shakes_the_arm_but_not_the_gripper(sim):
    sim.reset(1, action_noise=0.02)
    found = []
    for _ in range(200):
        sim.step(20)
        found.append(sim.positions)
    std = np.std(found, axis=0)
    assert (std[:6] > 0.004).all() and (std[:6] < 0.03).all() and std[6] < 1e-3


def test_disturbance_waits_for_the_gripper(sim):
    sim.reset(5, disturb=True)
    cube = sim.poses['cube'][:3]
    sim.step(1200)
    np.testing.assert_allclose(sim.poses['cube'][:3], cube, atol=1e-3)


@pytest.mark.parametrize('task', ['PickPlace', 'Reach', 'Push'])
def test_environment_holds_the_poses_of_the_contract(task):
    sim = Simulation(CONTRACT, task)
    poses = sim.poses
    expected = np.concatenate([poses[name] for name in ('cube', 'box', 'end_effector')])
    np.testing.assert_array_equal(sim.environment, expected)
    assert np.allclose(np.linalg.norm(expected.reshape(3, 7)[:, 3:], axis=1), 1)


def test_cameras_show_the_red_cube_and_the_box(sim):
    sim.reset(0)
    image = sim.render('scene', 128, 128)
    assert image.shape == (128, 128, 3) and image.dtype == np.uint8
    red, green, blue = image.reshape(-1, 3).astype(int).T
    assert ((red > 2 * green) & (red > 2 * blue)).sum() > 10
    assert ((blue > 1.3 * red) & (blue > 100)).sum() > 50
    before = sim.render('wrist', 64, 96)
    assert before.shape == (64, 96, 3)
    sim.command(START + 0.1)
    sim.step(60)
    assert (sim.render('wrist', 64, 96) != before).mean() > 0.05


def test_step_times_meet_the_control_ticks_and_joint_state_periods():
    assert [step_ns(20 * k) for k in (0, 1, 2, 3)] == [0, 33_333_333, 66_666_667, 100_000_000]
    assert [step_ns(6 * k) for k in (1, 2, 100)] == [10_000_000, 20_000_000, 1_000_000_000]


def test_a_foreign_joint_is_named():
    joints = (replace(CONTRACT.joints[0], name='sholder_pan'), *CONTRACT.joints[1:])
    with pytest.raises(ConfigError) as error:
        Simulation(replace(CONTRACT, joints=joints))
    assert str(error.value) == ("the simulation has no joint 'sholder_pan'; "
                                "did you mean 'shoulder_pan'?")


def test_a_rate_that_does_not_divide_the_physics_is_refused():
    with pytest.raises(ConfigError) as error:
        Simulation(replace(CONTRACT, rate_hz=35.0))
    assert str(error.value) == ('rate_hz: the simulation needs a rate that divides 600, got 35.0')
