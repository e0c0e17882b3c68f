"""The Gymnasium environments keep Gymnasium's contract and ours."""
import gymnasium
from gymnasium.utils.env_checker import check_env
from il_ros.contract import Contract
from il_ros.errors import ConfigError
import il_ros.sim
from il_ros.sim.environment import ArmEnv
import numpy as np
import pytest

START = np.array(Contract.load('sim_arm').start)


@pytest.mark.parametrize('task', ['PickPlace', 'Reach', 'Push'])
@pytest.mark.filterwarnings('ignore:.*recommend using a symmetric')
def test_passes_the_checks_of_gymnasium(task):
    env = gymnasium.make(f'il_ros/{task}-v0', render_mode='rgb_array')
    check_env(env.unwrapped)
    env.close()


def test_observations_with_cameras():
    env = il_ros.sim.make('PickPlace', cameras=True)
    seen, info = env.reset(seed=1)
    assert {key: value.shape for key, value in seen.items()} == {
        'observation.state': (7,), 'observation.environment_state': (21,),
        'observation.images.scene': (128, 128, 3), 'observation.images.wrist': (128, 128, 3)}
    assert info == {'success': False} and env.observation_space.contains(seen)
    env.close()


def test_state_only_by_default():
    seen, _ = il_ros.sim.make('PickPlace').reset(seed=1)
    assert sorted(seen) == ['observation.environment_state', 'observation.state']


def test_a_step_is_one_control_period():
    env = il_ros.sim.make('PickPlace')
    env.reset(seed=1)
    env.step(START)
    assert env.unwrapped.simulation.now_ns == 33_333_333


def test_ends_after_twelve_seconds():
    env = il_ros.sim.make('PickPlace')
    env.reset(seed=1)
    for tick in range(1, 361):
        *_, terminated, truncated, info = env.step(START)
        assert not terminated and not info['success'] and truncated == (tick == 360)


def test_success_ends_the_episode_with_reward_one():
    env = il_ros.sim.make('PickPlace')
    env.reset(seed=1)
    sim = env.unwrapped.simulation
    sim.place('cube', [*sim.poses['box'][:2], 0.03], [0, 0, 0, 1])
    for _ in range(30):
        _, reward, terminated, _, info = env.step(START)
        if terminated:
            break
        assert reward == 0
    assert terminated and reward == 1 and info['success']


def test_options_reach_the_simulation():
    calm, shaken = (ArmEnv('PickPlace') for _ in range(2))
    calm.reset(seed=1)
    shaken.reset(seed=1, options={'disturb': True, 'action_noise': 0.02})
    one, two = (env.step(START)[0]['observation.state'] for env in (calm, shaken))
    assert (np.abs(one[:6] - two[:6]) > 1e-4).all()


def test_episodes_without_a_seed_differ():
    env = il_ros.sim.make('PickPlace')
    env.reset(seed=1)
    one, two = (env.reset()[0]['observation.environment_state'] for _ in range(2))
    assert (one[:3] != two[:3]).any()


def test_unknown_task_names_the_nearest():
    with pytest.raises(ConfigError) as error:
        il_ros.sim.make('Rech')
    assert str(error.value) == "no task 'Rech'; did you mean 'Reach'?"
