"""Tools and contacts of a simulated robot as MuJoCo sees them, apart from what the gate uses."""
from __future__ import annotations

from itertools import combinations

from il_ros.contract import Contract
from il_ros.sim.model import load_model
from il_ros.sim.world import PAIR, TABLE, World
import mujoco
import numpy as np

TOOL = np.array([0.0, 0.0, 0.145])   # the URDF's tool in wrist_3_link [m]
ARM = ('base', 'shoulder_link', 'upper_arm_link', 'forearm_link', 'wrist_1_link', 'wrist_2_link',
       'wrist_3_link', 'left_finger', 'right_finger')
WORLDS = {world.robot: world for world in (TABLE, PAIR)}


class SecondLook:
    """Distances between the model's own shapes, and to the obstacles of the contract.

    Columns that the model has no joint for, as those of a base, move nothing here.
    """

    def __init__(self, contract: Contract) -> None:
        self.world: World = WORLDS[contract.robot]
        self.model = load_model(Contract.load(contract.robot), self.world)
        self.data = mujoco.MjData(self.model)
        obstacle, = contract.scene.obstacles
        lower, upper = np.array(obstacle.lower), np.array(obstacle.upper)
        table = self.model.geom(obstacle.name)
        table.pos[:], table.size[:] = (lower + upper) / 2, (upper - lower) / 2
        table.rbound[:] = np.linalg.norm(table.size)
        joints = {self.model.joint(i).name for i in range(self.model.njnt)}
        self.columns = [i for i, name in enumerate(contract.joint_names) if name in joints]
        self.addresses = [self.model.joint(contract.joint_names[i]).qposadr[0]
                          for i in self.columns]
        self.grippers = sorted(contract.grippers)
        self.mirrors = [self.model.joint(f'{contract.joint_names[i]}_mirror').qposadr[0]
                        for i in self.grippers]
        names = {f'{prefix}{name}' for prefix in self.world.arms for name in ARM}
        bases = {f'{prefix}base' for prefix in self.world.arms}
        meet = contract.scene.may_meet or ()
        arm = [i for i in range(self.model.ngeom) if self._body(i) in names]
        parents = self.model.body_parentid
        pairs = [(a, b) for a, b in combinations(arm, 2)
                 if (x := self.model.geom_bodyid[a]) != (y := self.model.geom_bodyid[b])
                 and parents[x] != y and parents[y] != x
                 and not {self._body(a), self._body(b)} <= set(meet)]
        pairs += [(a, table.id) for a in arm if self._body(a) not in bases
                  and self._body(a) not in obstacle.may_touch]
        self.pairs = pairs
        near = []
        for end in ('open', 'closed'):
            start = np.array(contract.start)
            for i, gripper in contract.grippers.items():
                start[i] = getattr(gripper, end)
            near.append(self.distances(start))
        self.pairs = [pair for pair, gap in zip(pairs, np.min(near, axis=0), strict=True)
                      if gap > 0]

    def _body(self, geom: int) -> str:
        return self.model.body(self.model.geom_bodyid[geom]).name

    def place(self, q: np.ndarray) -> None:
        self.data.qpos[self.addresses] = q[self.columns]
        self.data.qpos[self.mirrors] = q[self.grippers]
        mujoco.mj_kinematics(self.model, self.data)

    def distances(self, q: np.ndarray) -> np.ndarray:
        """Return the distance of every pair, at most 1 mm [m]."""
        self.place(q)
        return np.array([mujoco.mj_geomDistance(self.model, self.data, a, b, 1e-3, None)
                         for a, b in self.pairs])

    def tool(self, q: np.ndarray) -> np.ndarray:
        """Return where the tools are [m]. Shape (3 * arms,)."""
        self.place(q)
        found = []
        for prefix in self.world.arms:
            wrist = self.data.body(f'{prefix}wrist_3_link')
            found.append(wrist.xpos + wrist.xmat.reshape(3, 3) @ TOOL)
        return np.concatenate(found)
