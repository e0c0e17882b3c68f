"""Episodes of the scripted operators on each simulated robot, as training gets them."""
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.contract.joint import TURN
from il_ros.kinematics import chain, find_urdf
from il_ros.sim.environment import ArmEnv
from il_ros.teleop.scripted.operators import make_operator
from il_ros.training.samples import ArraySource
import numpy as np

TASKS = {'sim_arm': 'PickPlace', 'sim_two_arms': 'HandOver', 'sim_mobile': 'FetchCube'}
TICKS = 150


class Recorded(NamedTuple):
    """One episode: measured states (N, J), what was seen (N, E) and commanded (N, J)."""

    contract: Contract
    state: np.ndarray
    environment: np.ndarray
    action: np.ndarray

    @property
    def source(self) -> ArraySource:
        rows = len(self.state)
        return ArraySource(self.contract, [rows], {
            'observation.state': self.state, 'action': self.action,
            'observation.environment_state': self.environment,
            'control_source': np.ones(rows), 'intervention': np.zeros(rows)})

    def tools(self, joints: np.ndarray) -> list[list[tuple[np.ndarray, np.ndarray]]]:
        """Return position and rotation of each arm's tool at joint vectors."""
        contract = self.contract
        return [[found.forward(row[contract.indices(arm.joints)]) for row in joints]
                for arm, found in ((arm, chain(contract, arm)) for arm in contract.arms)]

    def require_same(self, joints: np.ndarray, wanted: np.ndarray) -> None:
        """Require a path within 1 mm and 0.5 degrees at every tool; all else is as it was."""
        contract = self.contract
        for got, right in zip(self.tools(joints), self.tools(wanted), strict=True):
            for (at, turned), (there, rotation) in zip(got, right, strict=True):
                assert np.linalg.norm(at - there) < 1e-3
                cosine = (np.trace(turned.T @ rotation) - 1) / 2
                assert np.degrees(np.arccos(np.clip(cosine, -1, 1))) < 0.5
        moved = contract.indices([name for arm in contract.arms for name in arm.joints])
        others = np.setdiff1d(np.arange(len(contract.joints)), moved)
        np.testing.assert_allclose(joints[:, others], wanted[:, others], atol=1e-5)
        # No other posture with the same pose: what the gate sees are joints.
        off = Angles.of(contract).difference(joints, wanted)[:, moved]
        np.testing.assert_allclose(off, 0.0, atol=5e-3)


@cache
def recorded(robot: str) -> Recorded:
    """Return an episode."""
    contract, task = Contract.load(robot), TASKS[robot]
    env, operator = ArmEnv(task, contract), make_operator(contract, 0, task)
    env.reset(seed=0)
    operator.reset(0)
    states, seen, actions = [], [], []
    for tick in range(TICKS):
        states.append(env.simulation.positions)
        seen.append(env.simulation.environment)
        actions.append(operator.act(states[-1], seen[-1], tick * contract.period_ns))
        if env.step(actions[-1])[2]:
            break
    env.close()
    return Recorded(contract, np.array(states), np.array(seen), np.array(actions))


def turning(folder: Path, offset: float, turns: int = 0) -> Recorded:
    """Return sim_arm's episode, its first joint endless, by an offset [rad] and turns further on.

    The driver tells the angle within one turn, from -pi on, and then these turns.
    """
    found, urdf = recorded('sim_arm'), folder / 'endless.urdf'
    text = find_urdf(found.contract).read_text()
    first = '<joint name="shoulder_pan" type="revolute">'
    assert first in text
    urdf.write_text(text.replace(first, first.replace('revolute', 'continuous')))
    joint, *others = found.contract.joints
    contract = replace(found.contract, urdf=str(urdf), joints=(
        replace(joint, position=None, continuous=True), *others))
    away = offset * np.eye(len(contract.joints))[0]
    wrap = np.vectorize(lambda angle: (angle + np.pi) % TURN - np.pi + turns * TURN)

    def told(values: np.ndarray) -> np.ndarray:
        moved = values + away
        return np.concatenate([wrap(moved[:, :1]), moved[:, 1:]], 1)
    return Recorded(contract, told(found.state), found.environment, told(found.action))
