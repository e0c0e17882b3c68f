"""Clean simulated demonstrations, and faults that are planted in them."""
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.inspection.motion import Motion
from il_ros.sim import make
from il_ros.sim.tasks import make_task
from il_ros.teleop.scripted.operators import make_operator
import numpy as np


def demonstrations(task, count):
    """Return episodes of the scripted operator, all of them successes."""
    contract = Contract.load(make_task(task).world.robot)
    env, operator, found = make(task), make_operator(contract, 0, task), []
    for seed in range(count):
        now, _ = env.reset(seed=seed)
        operator.reset(seed)
        rows, ended = [], False
        while not ended:
            state, poses = now['observation.state'], now['observation.environment_state']
            action = np.array(operator.act(state, poses, len(rows) * contract.period_ns))
            rows.append((state.copy(), action, poses.copy()))
            now, _, done, late, _ = env.step(action)
            ended = done or late
        assert done
        state, action, poses = map(np.array, zip(*rows, strict=True))
        found.append(Motion(contract, task, np.arange(len(rows)), state, action, poses))
    env.close()
    return found


def rows(episode, chosen):
    """Return an episode of some rows, in any order and number, one after the other."""
    return replace(episode, ticks=np.arange(len(chosen)), state=episode.state[chosen],
                   action=episode.action[chosen], environment=episode.environment[chosen])


def rest(episode, rng):
    """Two seconds in its midst in which nothing moves."""
    n = len(episode.state)
    at = int(rng.integers(n // 4, 3 * n // 4))
    return rows(episode, [*range(at), *[at] * 60, *range(at, n)])


def leap(episode, rng):
    """An encoder that is somewhere else for a row."""
    state, row = episode.state.copy(), int(rng.integers(5, len(episode.state) - 5))
    joint = rng.choice(episode.arm)
    most = episode.contract.velocity[joint] / episode.contract.rate_hz
    state[row, joint] += 6 * most
    return replace(episode, state=state)


def clipped(episode, rng):
    """A joint that was to go further than it can for a fifth of the time."""
    action, joint = episode.action.copy(), rng.choice(episode.arm)
    start = int(rng.integers(0, 4 * len(action) // 5))
    action[start:start + len(action) // 5, joint] = episode.contract.upper[joint]
    return replace(episode, action=action)


def late(episode, rng):
    """Actions that are noted a sixth of a second too late or too early."""
    shift = int(rng.choice([-5, 5]))
    at = np.clip(np.arange(len(episode.action)) + shift, 0, len(episode.action) - 1)
    return replace(episode, action=episode.action[at])


def rough(episode, rng):
    """A trembling hand."""
    noise = rng.normal(0, 0.003, episode.action.shape) * (~episode.contract.is_gripper)
    return replace(episode, action=episode.action + noise)


def open_handed(episode, rng):
    """Nothing is grasped."""
    action, column = episode.action.copy(), int(np.flatnonzero(episode.contract.is_gripper)[0])
    action[:, column] = episode.contract.arms[0].gripper.open
    return replace(episode, action=action)


def slow(episode, rng):
    """Twice and a half as long."""
    n = len(episode.state)
    at = np.linspace(0, n - 1, int(2.5 * n))

    def stretched(table):
        return np.array([np.interp(at, np.arange(n), column) for column in table.T]).T
    return replace(episode, ticks=np.arange(len(at)), state=stretched(episode.state),
                   action=stretched(episode.action), environment=stretched(episode.environment))


def detour(episode, rng):
    """Another way to the same place, in a third of the time before the cube is grasped."""
    grasped = int(np.flatnonzero(np.diff(episode.action[:, episode.contract.is_gripper][:, 0]))[0])
    way, begin = np.zeros((len(episode.state), 1)), grasped // 4
    way[begin:grasped] = np.sin(np.linspace(0, np.pi, grasped - begin))[:, None] ** 2
    bend = np.zeros(len(episode.contract.joints))
    bend[rng.choice(episode.arm, 2, replace=False)] = rng.choice([-0.5, 0.5], 2)
    return replace(episode, state=episode.state + way * bend, action=episode.action + way * bend)


def opposite(episode, rng):
    """Actions that lead away from where all others go."""
    action = episode.action.copy()
    action[:, episode.arm] = (2 * episode.state - action)[:, episode.arm]
    return replace(episode, action=action)


FAULTS = {'idle': rest, 'leap': leap, 'clipped': clipped, 'lag': late, 'jerky': rough,
          'incomplete': open_handed, 'duration': slow, 'technique': detour,
          'contradiction': opposite}
