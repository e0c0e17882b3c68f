"""Faults reach the policy as named, follow from the seed, and are nothing by default."""
from il_ros.contract import Contract
from il_ros.errors import ConfigError, ReachError
from il_ros.evaluation.faults import Delay, Faults, Sensors
from il_ros.evaluation.rollout import Conditions, roll_out
from il_ros.execution.schedulers.realtime import RealTimeChunking
from il_ros.execution.schedulers.receding import RecedingHorizon
from il_ros.types import Observation
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
PERIOD = CONTRACT.period_ns


def observation(tick):
    poses = np.tile([0.4, 0.1, 0.02, 0.0, 0.0, 0.0, 1.0], 3)
    return Observation(tick * PERIOD, np.array(CONTRACT.start) + 0.001 * tick, poses,
                       {'wrist': np.full((40, 40, 3), 100 + tick % 100, np.uint8)})


def seen(faults, count, seed=0):
    sensors = Sensors(faults, CONTRACT, seed)
    return [sensors.see(observation(tick)) for tick in range(count)]


def test_without_faults_the_observation_itself_arrives():
    sensors, given = Sensors(Faults(), CONTRACT, 0), observation(3)
    assert sensors.see(given) is given


def test_noise_has_the_size_that_was_asked_for():
    found = seen(Faults(joint_noise=0.01, pose_noise=0.005, image_noise=8.0), 400)
    off = np.array([o.state - observation(i).state for i, o in enumerate(found)])
    np.testing.assert_allclose(off.std(0) / (CONTRACT.upper - CONTRACT.lower), 0.01, rtol=0.15)
    poses = np.array([o.environment for o in found]).reshape(400, 3, 7)
    np.testing.assert_allclose(poses[..., :3].std(0), 0.005, rtol=0.15)
    np.testing.assert_allclose(np.linalg.norm(poses[..., 3:], axis=-1), 1.0)
    angles = 2 * np.arccos(np.clip(poses[..., 6], -1, 1))
    assert 0.012 < np.sqrt((angles ** 2).mean()) < 0.022   # 2 x 0.005 on each of three axes
    grain = found[0].images['wrist'].astype(float) - 100
    assert grain.std() == pytest.approx(8.0, rel=0.1) and abs(grain.mean()) < 1


def test_a_dropped_tick_repeats_the_observation_before_under_its_own_stamp():
    found = seen(Faults(dropped=0.5), 1000)
    assert [o.stamp_ns for o in found] == [tick * PERIOD for tick in range(1000)]
    ages = [tick - round((o.state[0] - CONTRACT.start[0]) / 0.001)
            for tick, o in enumerate(found)]
    assert ages[0] == 0
    assert all(b in (0, a + 1) for a, b in zip(ages, ages[1:], strict=False))
    assert np.mean(np.array(ages) > 0) == pytest.approx(0.5, abs=0.05)
    for o, age, tick in zip(found, ages, range(1000), strict=True):
        np.testing.assert_array_equal(o.images['wrist'], observation(tick - age).images['wrist'])


def test_faults_follow_from_the_seed():
    faults = Faults(joint_noise=0.01, image_noise=5.0, dropped=0.3)
    one, two, other = seen(faults, 30), seen(faults, 30), seen(faults, 30, seed=1)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.state, b.state)
        np.testing.assert_array_equal(a.images['wrist'], b.images['wrist'])
    assert any((a.state != b.state).any() for a, b in zip(one, other, strict=True))


def test_a_chunk_arrives_after_the_latency_and_not_before():
    delay, chunk = Delay(3), np.zeros((4, 7))
    delay.send(chunk, 10, 10 * PERIOD)
    assert [delay.arrived(tick) for tick in (10, 11, 12)] == [None] * 3 and delay.busy
    arrived = delay.arrived(13)
    assert arrived is not None and arrived[0] is chunk and arrived[1] == 10 * PERIOD
    assert not delay.busy and delay.arrived(14) is None


class Clock:
    """Counts steps; the state is the tick."""

    def reset(self, seed, options):
        self.tick, self.targets, self.options = 0, [], options
        return self._seen(), {}

    def step(self, target):
        self.tick += 1
        self.targets.append(target[0])
        return self._seen(), 0.0, False, self.tick == 20, {'success': False}

    def _seen(self):
        return {'observation.state': np.full(7, float(self.tick)),
                'observation.environment_state': np.zeros(0)}


class Echo:
    """Row k of a chunk is the tick that it is due at."""

    contract, horizon, cameras = CONTRACT, 12, ()

    def __init__(self):
        self.asked = []

    def infer(self, observation):
        self.asked.append(int(observation.state[0]))
        return observation.state[0] + np.arange(12.0)[:, None] * np.ones(7)

    def reset(self):
        pass


@pytest.mark.parametrize('latency', [0, 1, 5])
def test_late_chunks_still_say_what_is_due_now(latency):
    """Nothing moves before the first chunk arrives; then each row is executed at its time."""
    env, policy = Clock(), Echo()
    roll_out(env, CONTRACT, policy, RecedingHorizon(PERIOD, 8), 0,
             Conditions(False, faults=Faults(latency_ticks=latency)))
    assert env.targets == [0.0] * latency + [float(t) for t in range(latency, 20)]
    assert np.diff(policy.asked).min() >= max(latency, 1)   # one chunk is computed at a time


def test_latency_longer_than_a_chunk_leaves_the_last_target():
    env, policy = Clock(), Echo()
    roll_out(env, CONTRACT, policy, RecedingHorizon(PERIOD, 8), 0,
             Conditions(False, faults=Faults(latency_ticks=12)))
    assert env.targets == [0.0] * 20


def test_a_chunk_that_is_out_of_reach_lets_the_robot_hold():
    """As live: none of its rows runs, and the policy is asked again at once."""
    class Reaching(Echo):
        def infer(self, observation):
            chunk = super().infer(observation)
            if 8 <= observation.state[0] < 11:
                raise ReachError('too far')
            return chunk

    env, policy = Clock(), Reaching()
    roll_out(env, CONTRACT, policy, RecedingHorizon(PERIOD, 8), 0, Conditions(False))
    assert env.targets == [*map(float, range(8)), 7.0, 7.0, 7.0, *map(float, range(11, 20))]
    assert policy.asked == [0, 8, 9, 10, 11, 19]


def test_a_policy_that_cannot_continue_chunks_is_refused():
    with pytest.raises(ConfigError, match="scheduler 'realtime': .* got Echo; take the scheduler"):
        roll_out(Clock(), CONTRACT, Echo(), RealTimeChunking(PERIOD), 0, Conditions(False))


def test_a_repeat_asks_the_environment_for_nothing_else():
    env = Clock()
    roll_out(env, CONTRACT, Echo(), RecedingHorizon(PERIOD), 0, Conditions(), repeat=True)
    assert env.options == {'repeat': True}


@pytest.mark.parametrize('values, text', [
    ({'dropped': 1.0}, '^dropped: expected 0 or more and less than 1, got 1.0$'),
    ({'latency_ticks': -1}, '^latency_ticks: expected 0 or more, got -1$'),
    ({'pose_noise': float('nan')}, '^pose_noise: expected 0 or more, got nan$')])
def test_impossible_faults_are_refused(values, text):
    with pytest.raises(ConfigError, match=text):
        Faults(**values)
