"""Tool and contacts of the simulated arm as MuJoCo sees them, apart from what the gate uses."""
from __future__ import annotations

from itertools import combinations

from il_ros.contract import Contract
from il_ros.sim.model import load_model
import mujoco
import numpy as np

TOOL = np.array([0.0, 0.0, 0.145])   # the URDF's tool in wrist_3_link [m]


class SecondLook:
    """Distances between the model's own shapes, and to the obstacles of the contract."""

    def __init__(self, contract: Contract) -> None:
        self.model = load_model(contract)
        self.data = mujoco.MjData(self.model)
        obstacle, = contract.scene.obstacles
        lower, upper = np.array(obstacle.lower), np.array(obstacle.upper)
        table = self.model.geom(obstacle.name)
        table.pos[:], table.size[:] = (lower + upper) / 2, (upper - lower) / 2
        table.rbound[:] = np.linalg.norm(table.size)
        self.addresses = [self.model.joint(name).qposadr[0] for name in contract.joint_names]
        self.mirror = self.model.joint('gripper_mirror').qposadr[0]
        arm = [i for i in range(self.model.ngeom) if self._body(i) in (
            'base', 'shoulder_link', 'upper_arm_link', 'forearm_link', 'wrist_1_link',
            'wrist_2_link', 'wrist_3_link', 'left_finger', 'right_finger')]
        parents = self.model.body_parentid
        pairs = [(a, b) for a, b in combinations(arm, 2)
                 if (x := self.model.geom_bodyid[a]) != (y := self.model.geom_bodyid[b])
                 and parents[x] != y and parents[y] != x]
        pairs += [(a, table.id) for a in arm if self._body(a) != 'base'
                  and self._body(a) not in obstacle.may_touch]
        self.pairs = pairs
        near = []
        for gripper in (contract.gripper.open, contract.gripper.closed):
            start = np.array(contract.start)
            start[next(iter(contract.grippers))] = gripper
            near.append(self.distances(start))
        self.pairs = [pair for pair, gap in zip(pairs, np.min(near, axis=0), strict=True)
                      if gap > 0]

    def _body(self, geom: int) -> str:
        return self.model.body(self.model.geom_bodyid[geom]).name

    def place(self, q: np.ndarray) -> None:
        self.data.qpos[self.addresses] = q
        self.data.qpos[self.mirror] = q[-1]
        mujoco.mj_kinematics(self.model, self.data)

    def distances(self, q: np.ndarray) -> np.ndarray:
        """Return the distance of every pair, at most 1 mm [m]."""
        self.place(q)
        return np.array([mujoco.mj_geomDistance(self.model, self.data, a, b, 1e-3, None)
                         for a, b in self.pairs])

    def tool(self, q: np.ndarray) -> np.ndarray:
        """Return where the tool is [m]. Shape (3,)."""
        self.place(q)
        wrist = self.data.body('wrist_3_link')
        return wrist.xpos + wrist.xmat.reshape(3, 3) @ TOOL
