"""The scripted operator does the tasks, from any state, within the contract's limits."""
from collections import deque

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.kinematics import Arm, find_urdf
from il_ros.sim.environment import ArmEnv
from il_ros.teleop.scripted import ScriptedOperator
from il_ros.teleop.scripted.arm import DOWN, turn_about_z
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
START = np.array(CONTRACT.start)
PERIOD = CONTRACT.period_ns
LATENCY = 2   # ticks, 67 ms
ARM = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)


def observed(env):
    return env.simulation.positions, env.simulation.environment


def play(env, operator, ticks=360, latency=0):
    """Let the operator drive; returns the ticks until success (None without) and the targets."""
    waiting = deque([env.simulation.positions] * latency)
    targets = []
    for tick in range(ticks):
        targets.append(operator.act(*observed(env), tick * PERIOD))
        waiting.append(targets[-1])
        if env.step(waiting.popleft())[2]:
            return tick + 1, np.array(targets)
    return None, np.array(targets)


def successes(task, seeds, latency=0, **options):
    env, operator = ArmEnv(task), ScriptedOperator(CONTRACT, 0, task)
    found = []
    for seed in seeds:
        env.reset(seed=seed, options=options)
        operator.reset(seed)
        found.append(play(env, operator, 600 if task == 'Push' else 360, latency)[0])
    return [ticks for ticks in found if ticks]


def test_puts_the_cube_into_the_box():
    found = successes('PickPlace', range(20))
    assert len(found) == 20
    assert 4 <= np.median(found) / 30 <= 7


def test_puts_the_cube_into_the_box_disturbed_and_late():
    found = successes('PickPlace', range(100, 120), LATENCY, disturb=True, action_noise=0.01)
    assert len(found) >= 19


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(('least', 'latency', 'options'), [
    (196, 0, {}), (194, 0, {'disturb': True, 'action_noise': 0.01}),
    (196, LATENCY, {}), (194, LATENCY, {'disturb': True, 'action_noise': 0.01})])
def test_success_rate_of_200_episodes(least, latency, options):
    assert len(successes('PickPlace', range(200), latency, **options)) >= least


@pytest.mark.parametrize('task', ['Reach', 'Push'])
def test_reaches_and_pushes(task):
    assert len(successes(task, range(10))) == 10


def test_same_seed_same_targets():
    def targets(seed):
        env = ArmEnv('PickPlace')
        env.reset(seed=1)
        return play(env, ScriptedOperator(CONTRACT, seed), ticks=60)[1]
    np.testing.assert_array_equal(targets(3), targets(3))
    assert (targets(3) != targets(4)).any()


def test_targets_respect_the_limits_of_the_contract():
    """Also while the object is pushed away: a gate with these limits has nothing to clamp."""
    env, operator = ArmEnv('PickPlace'), ScriptedOperator(CONTRACT, 0)
    for seed in range(5):
        env.reset(seed=seed, options={'disturb': True, 'action_noise': 0.01})
        operator.reset(seed)
        _, targets = play(env, operator)
        velocity = np.diff(np.vstack([START, START, targets]), axis=0) * CONTRACT.rate_hz
        acceleration = np.diff(velocity, axis=0) * CONTRACT.rate_hz
        assert (np.abs(velocity) <= CONTRACT.velocity).all()
        assert (np.abs(acceleration) <= CONTRACT.acceleration + 1e-9).all()
        assert (targets >= CONTRACT.lower).all() and (targets <= CONTRACT.upper).all()


def test_pauses_at_times():
    """Somewhere in 10 episodes the tool rests for 0.1 s or more on its way to the cube."""
    rests = 0
    for seed in range(10):
        env = ArmEnv('PickPlace')
        env.reset(seed=seed)
        _, targets = play(env, ScriptedOperator(CONTRACT, seed))
        still = np.abs(np.diff(targets[10:, :6], axis=0)).max(axis=1) < 1e-4
        rests += any(still[i:i + 3].all() for i in range(len(still) - 3))
    assert rests >= 3


def drive(env, position, yaw, gripper):
    q = ARM.inverse(np.asarray(position), turn_about_z(yaw) @ DOWN, env.simulation.positions[:6])
    assert q is not None
    for _ in range(45):
        env.step(np.append(q, gripper))


def beside(env, rng, gripper):
    angle = rng.uniform(-np.pi, np.pi)
    cube = env.simulation.poses['cube'][:2] + 0.065 * np.array([np.cos(angle), np.sin(angle)])
    drive(env, [*cube, 0.02], rng.uniform(-1, 1), gripper)


def closed_beside_the_cube(env, rng):
    beside(env, rng, 0.0)


def open_low_beside_the_cube(env, rng):
    beside(env, rng, 0.04)


def closed_above_the_cube(env, rng):
    drive(env, [*env.simulation.poses['cube'][:2], 0.06], 0.0, 0.0)


def cube_tipped(env, rng):
    quaternion = rng.normal(size=4)
    cube = env.simulation.poses['cube'][:2]
    env.simulation.place('cube', [*cube, 0.036], quaternion / np.linalg.norm(quaternion))
    env.simulation.step(60)


def at_wall(env, rng, out, z, tilt=0.0):
    """Put the cube at the wall of the box that faces the middle of the table."""
    box = env.simulation.poses['box']
    yaw = 2 * np.arctan2(box[5], box[6])
    towards = np.array([0.36, 0.0]) - box[:2]
    side = yaw + np.round((np.arctan2(towards[1], towards[0]) - yaw) / (np.pi / 2)) * np.pi / 2
    at = box[:2] + out * np.array([np.cos(side), np.sin(side)])
    half, lean = side / 2, tilt / 2
    quaternion = [-np.sin(half) * np.sin(lean), np.cos(half) * np.sin(lean),
                  np.sin(half) * np.cos(lean), np.cos(half) * np.cos(lean)]
    env.simulation.place('cube', [*at, z], quaternion)
    env.simulation.step(120)


def cube_against_the_wall(env, rng):
    at_wall(env, rng, 0.0895, 0.02)


def cube_leaning_on_the_wall(env, rng):
    at_wall(env, rng, 0.095, 0.045, rng.uniform(0.3, 0.9))


def cube_on_the_wall(env, rng):
    at_wall(env, rng, 0.067, 0.072, rng.uniform(-0.3, 0.3))


def arm_contorted(env, rng):
    target = START
    for _ in range(90):
        step = rng.normal(0, 0.04, 7) * [1, 1, 1, 1, 1, 1, 0.1]
        target = np.clip(target + step, CONTRACT.lower, CONTRACT.upper)
        env.step(target)


@pytest.mark.parametrize('mess', [
    closed_beside_the_cube, open_low_beside_the_cube, closed_above_the_cube, cube_tipped,
    cube_against_the_wall, cube_leaning_on_the_wall, cube_on_the_wall, arm_contorted])
def test_succeeds_from_what_a_failing_policy_leaves(mess):
    env, operator = ArmEnv('PickPlace'), ScriptedOperator(CONTRACT, 0)
    for seed in range(8):
        env.reset(seed=5000 + seed)
        mess(env, np.random.default_rng(seed))
        operator.reset(seed)
        assert env.simulation.success or play(env, operator)[0], f'{mess.__name__}, seed {seed}'


def test_keeps_up_with_another_driver():
    """Where a policy moves the arm, each target is near the arm: no jump at the take-over."""
    env, operator = ArmEnv('PickPlace'), ScriptedOperator(CONTRACT, 0)
    env.reset(seed=0)
    for tick in range(90):
        measured, environment = observed(env)
        target = operator.act(measured, environment, tick * PERIOD, following=False)
        assert np.abs(target - measured)[:6].max() < 0.02
        assert np.abs(target - measured)[6] < 0.005
        env.step(START + [0.5 * np.sin(tick / 20), 0, 0, 0, 0, 0, -0.03])


def test_a_take_over_does_not_drop_the_cube():
    env, operator, other = ArmEnv('PickPlace'), *(ScriptedOperator(CONTRACT, s) for s in (0, 1))
    env.reset(seed=0)
    took_over = None
    for tick in range(360):
        seen = observed(env)
        if took_over is None and env.simulation.poses['cube'][2] > 0.08:
            took_over = tick
        mine = operator.act(*seen, tick * PERIOD, following=took_over is not None)
        others = other.act(*seen, tick * PERIOD, following=took_over is None)
        if env.step(others if took_over is None else mine)[2]:
            break
        dropped = took_over is not None and seen[0][6] < 0.015
        assert not dropped, f'{tick - took_over} ticks after the take-over'
    assert env.simulation.success and tick - took_over < 120


def test_needs_the_poses_of_the_simulation():
    text = CONTRACT.to_text().replace('- cube\n', '- apple\n')
    with pytest.raises(ConfigError) as error:
        ScriptedOperator(Contract.from_text(text), 0)
    assert str(error.value) == ('the scripted operator needs the poses cube, box, end_effector; '
                                "the contract of 'sim_arm' lacks cube")


def test_unknown_task_names_the_nearest():
    with pytest.raises(ConfigError) as error:
        ScriptedOperator(CONTRACT, 0, 'Pusch')
    assert str(error.value) == ("the scripted operator knows no task 'Pusch'; "
                                "did you mean 'Push'?")
