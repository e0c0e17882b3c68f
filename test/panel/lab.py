"""A lab for the panel: real gate, arbiter and recorder; the test is robot, cameras and pad."""
from __future__ import annotations

from array import array
from contextlib import contextmanager
from pathlib import Path
import subprocess
import sys

from il_ros.contract import Contract
from il_ros.msg import HelpRequest, TeleopCommand
from il_ros.nodes import shell
from il_ros.scheduling import end_with_parent
from nodes.harness import environment, NodeProcess, ROOT
from nodes.robot import CONTRACT, Robot
import numpy as np
from sensor_msgs.msg import Image
import yaml

CAMERAS = ('front', 'wrist')
SMALL, VGA = (160, 120), (640, 480)
EACH = 7     # a picture with every so many joint states: 14 Hz
NODES = ('command_gate', 'dagger_intervention', 'teleop_capture')


def contract_in(folder: Path, size: tuple[int, int] = SMALL,
                cameras: tuple[str, ...] = CAMERAS) -> Path:
    """Write the simulated arm's contract with other cameras, and with patience."""
    data = yaml.safe_load(CONTRACT.to_text())
    data['state'] |= {'max_age_s': 1.0, 'rate_hz': 10.0}
    del data['poses']
    data['cameras'] = [{
        'name': name, 'topic': f'{name}/image_raw', 'type': 'sensor_msgs/Image',
        'encoding': 'rgb8', 'height': size[1], 'width': size[0], 'rate_hz': 4.0, 'max_age_s': 1.0}
        for name in cameras]
    path = folder / 'lab.yaml'
    path.write_text(yaml.safe_dump(data))
    return path


class Lab(Robot):
    """The graph of one robot.

    Attributes:
        shows: Which cameras publish.
        engaged: Whether the pad's switch is held; None: it is silent.
        nodes: The processes by name.
        domain: Of ROS.
    """

    def __init__(self, folder: Path, domain: int, mode: str = 'teleop',
                 size: tuple[int, int] = SMALL, cameras: tuple[str, ...] = CAMERAS) -> None:
        self._count, self._policy, self._size = 0, None, size
        self.shows, self.engaged = dict.fromkeys(cameras, True), None
        self._pictures = {}
        super().__init__(domain)     # whose thread publishes from here on
        self.folder, self.domain = folder, domain
        self.contract_file = contract_in(folder, size, cameras)
        self.contract = Contract.load(str(self.contract_file))
        self._ground = np.random.default_rng(16).integers(
            60, 120, (size[1] // 8, size[0] // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
        self._pad = self.node.create_publisher(TeleopCommand, 'teleop/command', shell.STREAM)
        self._pictures = {name: self.node.create_publisher(
            Image, f'{name}/image_raw', shell.SENSOR) for name in cameras}
        self.help = self.node.create_publisher(HelpRequest, 'dagger/request', shell.STREAM)
        robot: dict[str, object] = {'robot': self.contract_file}
        given = {'command_gate': {'watchdog_s': 0.5},
                 'dagger_intervention': {'silent_s': 0.5, 'mode': mode, 'answer_s': 8.0},
                 'teleop_capture': {'output': folder / 'bags'}}
        self.nodes = {name: NodeProcess(name, domain, folder / f'{name}.txt',
                                        parameters=robot | given[name]) for name in NODES}

    def __exit__(self, *arguments: object) -> None:
        self.without_policy()
        for node in self.nodes.values():
            node.stop()
        super().__exit__(*arguments)

    def publish_state(self) -> None:
        """Publish joints, now and then pictures, and what the pad says; in a thread."""
        super().publish_state()
        self._count += 1
        if self.engaged is not None and self._count % 3 == 0:
            self._pad.publish(self.fill(TeleopCommand(), self.position, source_id='pad',
                                        engaged=self.engaged))
        if self._count % EACH == 0:
            for name, publisher in self._pictures.items():
                if self.shows[name]:
                    publisher.publish(self._picture(name))

    def _picture(self, name: str) -> Image:
        width, height = self._size
        pixels, at = self._ground.copy(), self._count * 2 % (width * 3 // 4)
        pixels[height // 3:height * 2 // 3, at:at + width // 8] = (230, 120, 40)
        message = Image(height=height, width=width, encoding='rgb8', step=3 * width)
        message.data = array('B', pixels.tobytes())    # the only quick way
        message.header.stamp = self.node.get_clock().now().to_msg()
        return message

    def with_policy(self) -> None:
        """Let a policy speak, which sways one joint about where the robot starts."""
        self._policy = subprocess.Popen(
            [sys.executable, '-m', 'faults.chunks', str(self.domain), str(self.contract_file),
             f'{CONTRACT.joint_names[0]}~0.05',
             *(f'{name}={value}' for name, value in zip(
                 CONTRACT.joint_names[1:], self.position[1:], strict=True))],
            env=environment(self.domain, PYTHONPATH=f'{ROOT}:{ROOT}/test'),
            preexec_fn=end_with_parent)

    def without_policy(self) -> None:
        """Let it be silent."""
        if self._policy is not None:
            self._policy.kill()
            self._policy.wait()
            self._policy = None


@contextmanager
def lab_of(folder: Path, domain: int, mode: str = 'teleop', size: tuple[int, int] = SMALL):
    """Yield a lab."""
    with Lab(folder, domain, mode, size) as lab:
        yield lab
