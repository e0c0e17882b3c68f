"""What can be seen of a simulated scene, and what a task judges."""
from __future__ import annotations

from il_ros.sim.geometry import canonical, to_xyzw
from il_ros.sim.tasks import Scene, Task
from il_ros.types import Floats
import mujoco
import numpy as np

GOALS = {'Reach': 'reach_goal', 'Push': 'push_goal'}   # of other tasks, the box
TRAY = 'tray'


class Sight:
    """Reads poses and contacts off the simulation's data."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, task: Task) -> None:
        """Find tools, pads and the object of a task in the model."""
        self._model, self._data, self._task = model, data, task
        self._sites = task.world.tools
        self._item = TRAY if task.reported[0] == TRAY else 'cube'
        self._pads = [{model.geom(f'{arm}{n}').id for n in ('left_pad', 'right_pad')}
                      for arm in task.world.arms]
        body = model.body(self._item)
        first = int(body.geomadr[0])
        self._geoms = set(range(first, first + int(body.geomnum[0])))
        self._handles = [model.geom(name).id for name in task.handles]
        self.begin()

    def begin(self) -> None:
        """Remember how the tools are turned at the start."""
        self._upright = {site: self._turned(site) for site in self._sites.values()}

    def poses(self) -> dict[str, Floats]:
        """Return x y z [m], qx qy qz qw of cube, box and tools in the world. Shape (7,) each."""
        data = self._data
        cube, box = (data.body(name) for name in self._task.reported)
        turned = cube.xquat if self._item == TRAY else canonical(cube.xquat)
        found = {'cube': np.concatenate([cube.xpos, to_xyzw(turned)]),
                 'box': np.concatenate([box.xpos, to_xyzw(box.xquat)])}
        for name, site in self._sites.items():
            found[name] = np.concatenate([
                data.site(site).xpos, to_xyzw(self._turned(site), self._upright[site])])
        return found

    def tools(self) -> Floats:
        """Return where the tools are [m]. Shape (A, 3)."""
        return np.array([self._data.site(site).xpos for site in self._sites.values()])

    def scene(self) -> Scene:
        """Return what the task judges; of several tools, the one nearest to the object."""
        data, tools = self._data, self.tools()
        item, box = data.body(self._item), data.body('box')
        nearest = int(np.argmin(np.linalg.norm(tools - item.xpos, axis=1)))
        velocity = np.empty(6)
        mujoco.mj_objectVelocity(
            self._model, data, mujoco.mjtObj.mjOBJ_SITE,
            self._model.site(list(self._sites.values())[nearest]).id, velocity, 0)
        touching = self._touching()
        return Scene(
            cube=item.xpos.copy(),
            cube_speed=float(np.linalg.norm(data.joint(self._item).qvel[:3])),
            box=np.concatenate([box.xpos, to_xyzw(box.xquat)]),
            goal=data.body(GOALS.get(self._task.name, 'box')).xpos.copy(), tool=tools[nearest],
            tool_speed=float(np.linalg.norm(velocity[3:])), touching=any(touching),
            tilt=float(np.arccos(np.clip(item.xmat[8], -1.0, 1.0))), touching_by=touching,
            gap=float(np.linalg.norm(tools[:, None] - data.geom_xpos[self._handles],
                                     axis=-1).min()))

    def _turned(self, site: str) -> Floats:
        mujoco.mju_mat2Quat(quaternion := np.empty(4), self._data.site(site).xmat)
        return quaternion

    def _touching(self) -> tuple[bool, ...]:
        pairs = self._data.contact.geom.tolist()
        return tuple(any(not self._geoms.isdisjoint(pair) and not pads.isdisjoint(pair)
                         for pair in pairs) for pads in self._pads)
