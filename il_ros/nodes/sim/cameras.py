"""The cameras of sim_robot, as it sees them; `camera_process` renders and publishes."""
from __future__ import annotations

from dataclasses import asdict, dataclass
import json
import struct

from il_ros.contract import Camera
from il_ros.errors import ConfigError
from il_ros.execution.child import Child
from il_ros.sim.simulation import Simulation

ENCODINGS = ('rgb8', 'bgr8', 'mono8', '16UC1', '32FC1')
PROCESS, NAME = 'il_ros.nodes.sim.camera_process', 'sim_cameras'
SHOWN = struct.Struct('<q')   # the stamp; what is seen follows
DONE = b'done'


@dataclass(frozen=True)
class Job:
    """What the process is told.

    Attributes:
        contract: Text of the contract.
        task: What lies in the scene.
        in_step: See `Cameras`.
    """

    contract: str
    task: str
    in_step: bool


class Cameras:
    """All cameras of the contract, in a process of their own.

    Args:
        simulation: What they see.
        in_step: The simulation waits for its pictures, as its clock is its own; else one that
            comes too late is left out.
        arguments: ROS arguments of the parent.

    Raises:
        ConfigError: The contract asks for what the simulation does not publish.
    """

    def __init__(self, simulation: Simulation, in_step: bool, arguments: list[str]) -> None:
        for camera in simulation.contract.cameras:
            _check(camera)
        self._simulation, self._in_step = simulation, in_step
        job = Job(simulation.contract.to_text(), simulation.task.name, in_step)
        self._child = Child(PROCESS, NAME, json.dumps(asdict(job)), arguments,
                            'renders the cameras', 'sim_robot')

    def show(self, stamp_ns: int) -> None:
        """Let the present state of the simulation be seen.

        Raises:
            ChildError: The process has ended.
        """
        self._child.tell(SHOWN.pack(stamp_ns) + self._simulation.seen.tobytes())
        self._child.told(wait=self._in_step)

    def close(self) -> None:
        """End the process."""
        self._child.close()


def _check(camera: Camera) -> None:
    if camera.type != 'sensor_msgs/Image' or camera.encoding not in ENCODINGS:
        raise ConfigError(
            f'camera {camera.name!r}: the simulation publishes sensor_msgs/Image in '
            f'{", ".join(ENCODINGS)}, the contract says {camera.type} in {camera.encoding}')
    if camera.crop or camera.rotate:
        raise ConfigError(f'camera {camera.name!r}: the simulation shows whole, upright pictures; '
                          'take crop and rotate out of its contract')
