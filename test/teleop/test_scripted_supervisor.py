"""The supervisor takes over when a policy errs, not before, and hands back after."""
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.sim.environment import ArmEnv
from il_ros.teleop.scripted import Supervisor
from il_ros.teleop.scripted.operators import make_operator
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
START = np.array(CONTRACT.start)
PERIOD = CONTRACT.period_ns


class Watched:
    """An episode that a policy drives while the supervisor watches."""

    def __init__(self, seed, task='PickPlace', **options):
        self.env = ArmEnv(task)
        self.supervisor = Supervisor(self.env.contract, task)
        self.human, self.expert = (
            make_operator(self.env.contract, s, task) for s in (seed, seed + 1000))
        self.env.reset(seed=seed, options=options)
        self.tick, self.engaged, self.done = 0, False, False
        self.changes = []    # (time [s], engaged, cause)

    def run(self, policy, seconds):
        for _ in range(round(seconds * 30)):
            seen = self.env.simulation.positions, self.env.simulation.environment
            now = self.tick * PERIOD
            engaged = self.supervisor.update(*seen, now, self.engaged)
            if engaged != self.engaged:
                self.changes.append((self.tick / 30, engaged, self.supervisor.cause))
            self.engaged = engaged
            human, wanted = self.human.act(*seen, now), policy(self, *seen, now)
            self.done = self.env.step(human if engaged else wanted)[2]
            self.tick += 1
            if self.done:
                break


def good(watched, state, environment, now):
    return watched.expert.act(state, environment, now)


def stays(watched, state, environment, now):
    return np.array(watched.env.contract.start)


def closes(watched, state, environment, now):
    return np.append(good(watched, state, environment, now)[:6], 0.0)


def lets_go(watched, state, environment, now):
    target = good(watched, state, environment, now)
    high = environment[14 + 2] > 0.12 and state[6] < 0.03 and environment[2] > 0.09
    return np.append(target[:6], 0.04) if high else target


@pytest.mark.slow
def test_leaves_a_good_policy_alone_even_when_the_cube_is_pushed_away():
    for seed in range(12):
        watched = Watched(seed, disturb=True, action_noise=0.01)
        watched.run(good, 12)
        assert watched.done and watched.changes == [], f'seed {seed}: {watched.changes}'


def test_takes_over_from_a_policy_that_stands_still_after_patience_and_reaction():
    watched = Watched(0)
    watched.run(stays, 3)
    ((time, engaged, cause),) = watched.changes
    assert engaged and cause == 'no progress: approach'
    assert 1.8 <= time <= 1.95


def test_hands_back_once_the_cube_is_lifted_clear():
    watched = Watched(0)
    watched.run(stays, 2)
    while watched.engaged and watched.tick < 360:
        watched.run(stays, 1 / 30)
    (_, back) = watched.changes
    assert back[1] is False
    cube = watched.env.simulation.poses['cube'][:3]
    assert cube[2] > 0.07 and not watched.done


def test_takes_over_when_the_gripper_closes_on_nothing():
    watched = Watched(0)
    watched.run(closes, 1.5)
    time, engaged, cause = watched.changes[0]
    assert engaged and cause == 'closed the gripper without the cube'
    assert 0.3 <= time < 1.0


def test_takes_over_when_the_cube_is_dropped():
    watched = Watched(3)
    watched.run(lets_go, 12)
    engaged = [cause for _, engaged, cause in watched.changes if engaged]
    assert engaged[0] == 'dropped the cube'


def test_takes_over_when_the_tool_is_at_the_table():
    supervisor = Supervisor(CONTRACT)
    env = ArmEnv('PickPlace')
    env.reset(seed=0)
    environment = env.simulation.environment
    environment[14 + 2] = 0.004
    answers = [supervisor.update(START, environment, tick * PERIOD, False) for tick in range(12)]
    assert answers == [False] * 10 + [True] * 2   # 0.3 s later
    assert supervisor.cause == 'the tool is at the table'


def test_wants_to_drive_until_it_may():
    supervisor = Supervisor(CONTRACT)
    env = ArmEnv('PickPlace')
    env.reset(seed=0)
    seen = env.simulation.positions, env.simulation.environment
    answers = [supervisor.update(*seen, tick * PERIOD, False) for tick in range(300)]
    first = answers.index(True)
    assert all(answers[first:])
    supervisor.reset()
    assert supervisor.update(*seen, 0, False) is False and supervisor.cause == ''


@pytest.mark.parametrize('task, seeds', [
    ('Reach', 8), ('Push', 8), ('HandOver', 4), ('LiftTray', 4), ('FetchCube', 4)])
def test_other_tasks_are_watched_by_their_own_rules(task, seeds):
    for seed in range(seeds):
        watched = Watched(seed, task=task, disturb=True, action_noise=0.005)
        watched.run(good, 30)
        assert watched.done and watched.changes == [], f'seed {seed}: {watched.changes}'


@pytest.mark.parametrize('task, cause', [
    ('Reach', 'reach'), ('Push', 'get behind the cube'), ('HandOver', 'approach'),
    ('LiftTray', 'grasp the tray'), ('FetchCube', 'approach')])
def test_in_other_tasks_a_policy_that_stands_still_is_helped(task, cause):
    watched = Watched(0, task=task)
    watched.run(stays, 8)
    assert watched.done == (task == 'Reach')
    assert watched.changes[0][1:] == (True, f'no progress: {cause}')


def drops(watched, state, environment, now):
    """Let go of the cube once, as the giving arm carries it."""
    target = good(watched, state, environment, now)
    carried = environment[2] > 0.15 and environment[21] > 0.54 and not watched.changes
    return np.concatenate([target[:6], [0.04 if carried else target[6]], target[7:]])


def never_takes(watched, state, environment, now):
    """Do not close the taking gripper until helped."""
    target = good(watched, state, environment, now)
    return target if watched.changes else np.append(target[:13], 0.04)


@pytest.mark.parametrize('policy, cause', [
    (drops, 'dropped the cube'), (never_takes, 'no progress: take')])
def test_what_goes_wrong_while_a_cube_is_handed_over(policy, cause):
    watched = Watched(1, task='HandOver')
    watched.run(policy, 25)
    causes = [cause for _, engaged, cause in watched.changes if engaged]
    assert watched.done and causes[0] == cause


@pytest.mark.parametrize('cube, box', [
    ((0.66, -0.05), (0.72, 0.18)), ((0.689, -0.072), (0.70, -0.18))])   # apart, and at its wall
def test_a_cube_out_of_the_giving_arms_reach_is_fetched_by_the_other(cube, box):
    env = ArmEnv('HandOver')
    env.reset(seed=0)
    env.simulation.place('cube', [*cube, 0.02], [0.0, 0.0, 0.0, 1.0])
    env.simulation.place('box', [*box, 0.0], [0.0, 0.0, 0.0, 1.0])
    operator = make_operator(env.contract, 0, 'HandOver')
    for tick in range(400):
        seen = env.simulation.positions, env.simulation.environment
        if env.step(operator.act(*seen, tick * PERIOD))[2]:
            break
    assert env.simulation.success


def test_a_push_is_handed_back_once_the_tool_is_behind_the_cube():
    watched = Watched(0, task='Push')
    watched.run(stays, 4)
    while watched.engaged and watched.tick < 600:
        watched.run(stays, 1 / 30)
    assert [engaged for _, engaged, _ in watched.changes] == [True, False]
    assert not watched.done


def test_an_unknown_task_is_refused():
    with pytest.raises(ConfigError, match="no task 'Pusch'; did you mean 'Push'"):
        Supervisor(CONTRACT, 'Pusch')
