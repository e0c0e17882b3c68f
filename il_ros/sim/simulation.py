"""A simulated robot at its table: physics, commands, what can be seen and measured."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from il_ros.contract import Contract
from il_ros.controller import Times, TrajectoryController
from il_ros.sim.actuated import Actuated
from il_ros.sim.disturbance import OPEN, Pushes, Shove, Tremor
from il_ros.sim.geometry import seen_from
from il_ros.sim.model import load_model, step_ns, STEPS_PER_S
from il_ros.sim.rendering import Cameras, seen
from il_ros.sim.sight import Sight
from il_ros.sim.tasks import CUBE_HALF, make_task
from il_ros.sim.variation import Variable, Variation
from il_ros.types import Floats, View
import mujoco
import numpy as np

CLEARANCE, TRIES = 0.16, 200   # of what is laid out around the tool [m]
USUAL = Variation()


class Simulation:
    """One robot, one task. The same seed and commands give the same trajectory, bit for bit.

    Time counts from the reset in physics steps of 1/600 s; a control tick is due every
    contract period from then on.

    Args:
        contract: Its joints, in order, make up every state and command.
        task: PickPlace, Reach or Push of sim_arm, HandOver or LiftTray of sim_two_arms, FetchCube
            of sim_mobile.

    Raises:
        ConfigError: The contract has a joint, camera or pose that the model lacks, or a rate that
            does not divide 600 Hz, or there is no such task.
    """

    def __init__(self, contract: Contract, task: str = 'PickPlace') -> None:
        self.contract = contract
        self.task = make_task(task)
        self._world = self.task.world
        self._model = model = load_model(contract, self._world)
        self._variable = Variable(model)
        self._data = mujoco.MjData(model)
        self._cameras = Cameras(model)
        self.tick_steps = round(STEPS_PER_S / contract.rate_hz)
        self._parts = [contract.indices(command.joints or ()) for command in contract.commands]
        self._robot = Actuated(model, self._data, contract, self._world)
        self.led = self._robot.led   # by a person; see `SimulatedRobot.lead`
        self._sight = Sight(model, self._data, self.task)
        self._shares = np.arange(1, self.tick_steps + 1) / self.tick_steps
        self.reset(0)

    def reset(self, seed: int, disturb: bool = False, action_noise: float = 0.0,
              variation: Variation = USUAL) -> None:
        """Start an episode: the arm at the contract's start pose, objects as the seed says.

        Args:
            seed: Decides the whole episode.
            disturb: Push the object away once or twice as the gripper comes near.
            action_noise: Standard deviation added to each arm joint's target at every control
                tick [rad].
            variation: How the scene differs from the usual one.
        """
        tremor, changes = (np.random.default_rng([seed, stream]) for stream in (2, 3))
        data, start = self._data, np.array(self.contract.start)
        self._scale = self._variable.apply(variation, changes)
        self._beyond, self._disturb = variation.beyond, disturb
        mujoco.mj_resetData(self._model, data)
        self._robot.place(start)
        self._lay_out(seed)
        mujoco.mj_forward(self._model, data)
        self._controllers = [(columns, TrajectoryController(start[columns]))
                             for columns in self._parts]
        still = self.contract.is_gripper | self.contract.is_velocity
        self._tremor = Tremor(tremor, np.where(still, 0.0, action_noise))
        self._push: Shove | None = None
        self._sight.begin()
        self.steps = 0
        self.success = self.task.success(self._sight.scene())

    def rearrange(self, seed: int) -> None:
        """Lay the objects out anew, clear of the tool; arm, scene and time go on as they are."""
        self._lay_out(seed, self._sight.tools()[:, :2])
        self._push, self._data.xfrc_applied[:] = None, 0.0
        self.success = self.task.success(self._sight.scene())

    @property
    def now_ns(self) -> int:
        """Time since the reset [ns]."""
        return step_ns(self.steps)

    def command(self, target: Floats) -> None:
        """Move the setpoint linearly to a target over one control period. Shape (J,)."""
        end = step_ns(self.steps + self.tick_steps)
        self.follow(target[None], np.array([end]), self.now_ns)

    def follow(self, positions: Floats, due_ns: Times, start_ns: int,
               columns: Sequence[int] | None = None) -> int:
        """Take a trajectory, as `TrajectoryController.follow` does; times since the reset.

        Args:
            positions: Of the columns [rad] or [m]. Shape (K, n).
            due_ns: When each row is due [ns]. Shape (K,).
            start_ns: When it starts [ns].
            columns: Those of whole parts of the robot; all when None.
        """
        moved = range(len(self.contract.joints)) if columns is None else columns
        taken = 0
        for part, controller in self._controllers:
            if set(part) <= set(moved):
                own = positions[:, [list(moved).index(column) for column in part]]
                taken = controller.follow(own, due_ns, start_ns, self.now_ns)
        return taken

    def setpoints(self, *times_ns: int) -> Floats:
        """Return where its controllers are at times since the reset [ns]. Shape (n, J)."""
        found, times = np.empty((len(times_ns), len(self.contract.joints))), np.array(times_ns)
        for columns, controller in self._controllers:
            found[:, columns] = controller.setpoints(times)
        return found

    def step(self, count: int = 1) -> None:
        """Advance the physics by `count` steps of 1/600 s."""
        while count:
            phase = self.steps % self.tick_steps
            if phase == 0:
                self._tick()
            piece = min(count, self.tick_steps - phase)
            setpoints = self.setpoints(*(step_ns(self.steps + i) for i in range(1, piece + 1)))
            setpoints += self._tremor.at(self._shares[phase:phase + piece])
            for setpoint in setpoints:
                self._robot.drive(setpoint)
                if self._push:
                    self._shove(self._push)
                mujoco.mj_step(self._model, self._data)
                self.steps += 1
            count -= piece
        # mj_forward would touch the solver's warm start: the trajectory would depend on `count`.
        mujoco.mj_kinematics(self._model, self._data)
        self.success = self.task.success(self._sight.scene())

    @property
    def positions(self) -> Floats:
        """Measured joint positions [rad] or [m], of a base its velocities. Shape (J,)."""
        return self._robot.positions

    @property
    def odometry(self) -> tuple[float, float, float]:
        """Where the base is: x, y [m] and heading [rad]; zeros where there is none."""
        return self._robot.odometry

    @property
    def velocities(self) -> Floats:
        """Measured joint velocities [rad/s] or [m/s]. Shape (J,)."""
        return self._robot.velocities

    @property
    def efforts(self) -> Floats:
        """Actuator efforts [Nm] or [N]. Shape (J,)."""
        return self._robot.efforts

    @property
    def poses(self) -> Mapping[str, Floats]:
        """Poses in the robot's frame: x y z [m], qx qy qz qw; shape (7,) each.

        The cube looks the same after each of its 24 turns onto itself: of these orientations the
        one nearest to the world's axes is told, as a pose estimator would. Of the two signs of
        the tool's quaternion, the one nearer to the start pose.
        """
        found = self._sight.poses()
        if self._world.base:
            found = {name: seen_from(pose, self._robot.odometry) for name, pose in found.items()}
        return found

    @property
    def environment(self) -> Floats:
        """The poses that the contract names, in its order. Shape (7 * P,)."""
        poses, names = self.poses, self.contract.poses.names if self.contract.poses else ()
        return np.concatenate([poses[name] for name in names]) if names else np.empty(0)

    def render(self, camera: str, height: int, width: int, metres: bool = False) -> View:
        """Return what a camera sees now; see `Cameras.render`."""
        mujoco.mj_camlight(self._model, self._data)
        return self._cameras.render(self._data, camera, height, width, metres)

    @property
    def seen(self) -> Floats:
        """What cameras see of the present state, for a `Replica`. Shape (n,)."""
        return seen(self._model, self._data)

    def push(self, displacement: Floats) -> None:
        """Push the task's object along the table, over 0.15 s. [m], shape (2,)."""
        start = self._data.body(self.task.disturbed).xpos[:2].copy()
        self._push = Shove(self.steps, start, displacement)

    def place(self, body: str, position: Sequence[float], quaternion: Sequence[float]) -> None:
        """Put a body of the model somewhere, at rest.

        Args:
            body: cube, box, green_can, yellow_block, reach_goal or push_goal.
            position: x y z [m].
            quaternion: x y z w.
        """
        pose = [*position, quaternion[3], *quaternion[:3]]
        if (mocap := self._model.body(body).mocapid[0]) >= 0:
            self._data.mocap_pos[mocap], self._data.mocap_quat[mocap] = pose[:3], pose[3:]
        else:
            joint = self._data.joint(body)
            joint.qpos[:], joint.qvel[:] = pose, 0.0
        mujoco.mj_kinematics(self._model, self._data)

    def close(self) -> None:
        """Free the cameras."""
        self._cameras.close()

    def _lay_out(self, seed: int, tools: Floats | None = None) -> None:
        rng, pushes = (np.random.default_rng([seed, stream]) for stream in range(2))
        for _ in range(TRIES):
            layout = self.task.layout(rng, self._beyond)
            if tools is None or min(np.linalg.norm(at[:2] - tool) for at in layout.values()
                                    for tool in tools) > CLEARANCE:
                break
        for body, (x, y, z, yaw) in layout.items():
            if body == 'cube':
                z += CUBE_HALF * (self._scale - 1.0)
            self.place(body, [x, y, z], [0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)])
        self._pushes = (Pushes(pushes, self.task.area) if self._disturb and self.task.disturbed
                        else None)

    def _tick(self) -> None:
        self._tremor.tick()
        if self._pushes is None:
            return
        scene = self._sight.scene()
        held = scene.touching or self.task.grasps and bool((self._robot.openings < OPEN).any())
        push = self._pushes.update(scene.cube, scene.gap, held, [scene.box[:2]])
        if push is not None:
            self.push(push)

    def _shove(self, shove: Shove) -> None:
        body = self._data.body(self.task.disturbed)
        joint = self._data.joint(self.task.disturbed)
        body.xfrc_applied[:2] = shove.force(self.steps, joint.qpos[:2], joint.qvel[:2])
        if shove.over(self.steps):
            self._push = None
