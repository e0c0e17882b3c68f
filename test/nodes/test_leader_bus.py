"""teleop with a leader on a bus: from servos' bytes over a pty to teleop/command, and back."""
from il_ros.config import to_mapping
from il_ros.msg import TeleopCommand
from il_ros.nodes import shell
from il_ros.teleop.buses.settings import Following
from nodes.harness import next_domain, running
from nodes.robot import CONTRACT, patient, Robot, START
import numpy as np
from sensor_msgs.msg import JointState
from teleop.buses.test_device import settings_of, show
from teleop.servo_bus import Servos
import yaml

DOMAIN = next_domain()


def test_a_leader_drives_over_dds_and_follows_the_robot_while_nobody_holds_it(tmp_path):
    servos = Servos('feetech', range(1, 8), tmp_path / 'port')
    shown = np.array(START) + np.array([0.3, -0.1, 0.1, 0.0, 0.2, 0.0, 0.0])
    show(servos, shown)
    contract = {key: value for key, value in yaml.safe_load(
        patient(tmp_path).read_text()).items() if key != 'poses'}
    (tmp_path / 'blind.yaml').write_text(yaml.safe_dump(contract))
    file = tmp_path / 'my_leader.yaml'
    file.write_text(yaml.safe_dump(to_mapping(settings_of(servos, follow=Following()))))
    samples = []
    with Robot(DOMAIN) as robot, running('teleop', DOMAIN, tmp_path / 'teleop.txt', parameters={
            'robot': tmp_path / 'blind.yaml', 'device': 'leader', 'settings': file}) as node:
        robot.node.create_subscription(TeleopCommand, 'teleop/command', samples.append,
                                       shell.NEWEST)
        target = robot.node.create_publisher(JointState, 'teleop/target', shell.SENSOR)
        sample = robot.until(lambda: samples and samples[-1], lambda: node.output)
        assert (sample.source_id, sample.engaged) == ('leader', False)
        np.testing.assert_allclose(sample.positions, shown, atol=2e-3)

        def tell():
            target.publish(JointState(name=CONTRACT.joint_names, position=list(map(float, START))))
        robot.until(lambda: servos.get(1, 'torque'), lambda: node.output, each=tell)
        robot.until(lambda: np.allclose(samples[-1].positions[:6], START[:6], atol=5e-3),
                    lambda: f'{samples[-1].positions} {node.output}', each=tell)
        servos.unplug()
        robot.until(lambda: 'is gone (' in node.output, lambda: node.output)
        servos.plug()
        count = len(samples)
        robot.until(lambda: len(samples) > count + 10, 'it is heard again')
    assert not any(servos.get(servo, 'torque') for servo in servos.memory)
    servos.unplug()
