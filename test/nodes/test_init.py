"""From a running driver to a contract with which the gate arms: `il_ros init` and three lines."""
from __future__ import annotations

import subprocess
import sys
import time

from il_ros.contract import Contract
from il_ros.kinematics import find_urdf
from il_ros.nodes import shell
from nodes.harness import environment, next_domain, ROOT, running
from nodes.peer import Peer
import pytest
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

DOMAIN = next_domain()
PAIR = Contract.load('sim_two_arms')
TRAJECTORY = 'joint_trajectory_controller/joint_trajectory'


class Driver(Peer):
    """Two arms with a trajectory controller each; the right gripper is an action."""

    def __init__(self) -> None:
        super().__init__(DOMAIN, 'driver')
        node = self.node
        self._urdf = node.create_publisher(String, '/robot_description', shell.LATCHED)
        self._urdf.publish(String(data=find_urdf(PAIR).read_text()))
        self._image = node.create_publisher(Image, '/front/image_raw', shell.SENSOR)
        self._states = {arm.name: node.create_publisher(
            JointState, f'/{arm.name}/joint_states', shell.STREAM) for arm in PAIR.arms}
        for name in self._states:
            node.create_subscription(JointTrajectory, f'/{name}_{TRAJECTORY}', lambda _: None, 1)
        node.create_timer(0.02, self._publish)
        node.create_timer(0.1, lambda: self._image.publish(Image(
            height=2, width=3, encoding='rgb8', step=9, data=bytes(18),
            header=self._header())))

    def offer_gripper_and_controllers(self) -> None:
        from controller_manager_msgs.msg import ControllerState
        from controller_manager_msgs.srv import ListControllers
        from nodes.pair import Gripper, ParallelGripperCommand
        self.gripper = Gripper(self.node, ParallelGripperCommand, '/right_hand/gripper_cmd')

        def answer(_: object, response: ListControllers.Response) -> ListControllers.Response:
            for name, joints in (
                    ('left_joint_trajectory_controller', PAIR.arm('left').all_joints),
                    ('right_joint_trajectory_controller', PAIR.arm('right').joints),
                    ('right_hand', ('right_gripper',))):
                response.controller.append(ControllerState(
                    name=name, type=f'{name}/Type', state='active',
                    claimed_interfaces=[f'{joint}/position' for joint in joints]))
            return response
        self.node.create_service(ListControllers, '/controller_manager/list_controllers', answer)

    def _header(self):
        return JointState().header.__class__(stamp=self.node.get_clock().now().to_msg())

    def _publish(self) -> None:
        start = dict(zip(PAIR.joint_names, PAIR.start, strict=True))
        for arm in PAIR.arms:
            self._states[arm.name].publish(JointState(
                header=self._header(), name=arm.all_joints,
                position=[start[name] for name in arm.all_joints]))

    def spin(self) -> None:
        self.executor.spin_once(timeout_sec=0.01)

    def serve(self, *arguments: object, folder: object) -> tuple[int, list[str]]:
        """Run a command of il_ros in a folder while the driver serves."""
        process = subprocess.Popen(
            [sys.executable, '-c', 'from il_ros.cli import main; main()', *map(str, arguments)],
            cwd=folder, env=environment(DOMAIN, PYTHONPATH=str(ROOT)), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        end = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < end:
            self.spin()
        process.kill()
        output, _ = process.communicate()
        return process.returncode, output.splitlines()


@pytest.mark.timeout(240)
def test_from_a_driver_to_an_armed_gate(tmp_path):
    pytest.importorskip('controller_manager_msgs')
    pytest.importorskip('control_msgs')
    with Driver() as driver:
        driver.offer_gripper_and_controllers()
        code, lines = driver.serve('init', 'cell', '--yes', '--set', 'task=stack cups',
                                   folder=tmp_path)
        assert 'wrote cell.yaml; read it, every line says where it came from' in lines
        contract = Contract.load(tmp_path / 'cell.yaml')
        assert (contract.task, contract.joint_names) == ('stack cups', PAIR.joint_names)
        assert contract.start == PAIR.start
        assert [(c.name, c.joints) for c in contract.commands] == [
            (f'/left_{TRAJECTORY}', PAIR.arm('left').all_joints),
            (f'/right_{TRAJECTORY}', PAIR.arm('right').joints),
            ('/right_hand/gripper_cmd', ('right_gripper',))]
        assert [(c.name, c.height, c.width) for c in contract.cameras] == [('front', 2, 3)]
        assert any(line.startswith('pass  urdf: the URDF of /robot_description') for line in lines)
        assert any(line.startswith('pass  /right_hand/gripper_cmd: ') for line in lines)
        text = (tmp_path / 'cell.yaml').read_text()
        code, lines = driver.serve('init', 'cell', '--yes', folder=tmp_path)
        assert (code, lines) == (2, ['il_ros: cell.yaml exists already and is not overwritten: '
                                     'choose another name, or move it'])
        assert (tmp_path / 'cell.yaml').read_text() == text
        with running('command_gate', DOMAIN, tmp_path / 'gate.txt',
                     parameters={'robot': tmp_path / 'cell.yaml'}):
            arm, asked = driver.node.create_client(Trigger, 'gate/arm'), []
            end = time.monotonic() + 60
            while time.monotonic() < end and not any(
                    future.done() and future.result().success for future in asked):
                if arm.service_is_ready() and all(future.done() for future in asked):
                    asked.append(arm.call_async(Trigger.Request()))
                driver.spin()
            assert asked, 'the gate never came'
            assert asked[-1].result().message == 'armed'
