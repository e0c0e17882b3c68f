"""Leading an arm by hand over DDS: gate, recorder and a driver of each robot as processes."""
from __future__ import annotations

from contextlib import contextmanager
import json
import subprocess
import sys

from il_ros.contract import Contract
from il_ros.errors import ConfigError, IlRosError
from nodes.harness import environment, next_domain, ROOT, running, wait_for
import pytest
import yaml

pytest.importorskip('xarm_msgs')

from il_ros.nodes.clients.guide import GuideClient
from il_ros.nodes.guiding.ways import read_way
from il_ros.recording.metadata import Led
from il_ros.teaching.guide import Stage
from std_msgs.msg import String

DOMAIN = next_domain()
ROBOTS = {'fr3_trajectory': 'franka', 'ur5e_trajectory': 'ur', 'xarm7': 'xarm'}
ON = {'franka': 'gravity_compensation_example_controller', 'ur': 'freedrive_mode_controller',
      'xarm': ''}


def patient(name, folder):
    """Return the contract without cameras, whose states may be 1 s old."""
    data = yaml.safe_load((ROOT / f'config/robots/{name}.yaml').read_text())
    for state in data['states']:
        state['max_age_s'] = 1.0
    for arm in data['arms']:
        arm.pop('workspace', None)
    data.pop('cameras')
    path = folder / f'{name}.yaml'
    path.write_text(yaml.safe_dump(data))
    return path


class Person:
    """Leads an arm, and sees what its driver does."""

    def __init__(self, contract, way):
        self.client = GuideClient(contract, read_way(way), Led(0.1))
        self.said, self.driver = [], {}
        node = self.client.node
        node.create_subscription(String, 'driver/state', lambda m: self.driver.update(
            json.loads(m.data)), 10)
        self._fault = node.create_publisher(String, 'driver/fault', 10)

    @property
    def stage(self):
        return self.client.guide.stage

    def until(self, condition, what):
        def turn():
            if text := self.client.go_on():
                self.said.append(text)
            self.client.wait(lambda: False, 0.01)
        return wait_for(condition, lambda: f'{what}; {self.stage}, {self.driver}, {self.said}',
                        30.0, turn)

    def fault(self, name):
        self.until(lambda: self._fault.publish(String(data=name)) or
                   self.driver.get('fault') == name, f'fault {name}')

    def lead(self):
        self.client.toggle()
        self.until(lambda: self.stage is Stage.GUIDED and self.driver['led'], 'led')

    def hold(self):
        self.client.toggle()
        self.until(lambda: self.stage is Stage.ARMED, 'armed')


@contextmanager
def robot(name, folder):
    path = patient(name, folder)
    with (running('command_gate', DOMAIN, folder / 'gate.txt', parameters={'robot': path}),
          running('teleop_capture', DOMAIN, folder / 'capture.txt',
                  parameters={'robot': path, 'output': folder / 'bags'}),
          (folder / 'driver.txt').open('w') as log):
        driver = subprocess.Popen([sys.executable, '-m', 'nodes.guided_driver', str(path)],
                                  env=environment(DOMAIN), cwd=ROOT / 'test', stdout=log,
                                  stderr=subprocess.STDOUT)
        try:
            yield Contract.load(path)
        finally:
            driver.kill()
            driver.wait()


@pytest.mark.parametrize('name', ROBOTS)
def test_each_robot_is_led_and_armed_again(name, tmp_path, monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', str(DOMAIN))
    with robot(name, tmp_path) as contract:
        way = ROBOTS[name]
        person = Person(contract, way)
        client, trajectory = person.client, contract.commands[0].name.partition('/')[0]
        try:
            person.until(lambda: person.driver and trajectory in person.driver['active'], 'driver')
            # What fails is named, and undone.
            if way != 'ur':
                person.fault('switch' if way == 'franka' else 'mode')
                client.toggle()
                person.until(lambda: person.said, 'a refusal')
                wrong = {'franka': 'controller on: controller_manager/switch_controller failed: '
                                   'hardware in error',
                         'xarm': 'mode 2 (joint teaching): xarm/robot_states says mode 1, '
                                 'expected 2; done instead: mode 0, then 1 (servo), '
                                 'trajectory controller on, gate/guide off'}[way]
                assert wrong in person.said.pop(0), person.said
                assert person.stage is Stage.DISARMED
                person.until(lambda: trajectory in person.driver['active'], 'as before')
                person.fault('')
            person.lead()
            assert trajectory not in person.driver['active']
            assert 'gripper_controller' in person.driver['active']
            assert not ON[way] or ON[way] in person.driver['active']
            # Nobody can arm it meanwhile; a gripper goes by a key, and nothing else is sent.
            with pytest.raises(IlRosError, match='a person leads the arm: end il_ros guide'):
                client.trigger('gate/arm')
            assert 'closes' in client.grip()
            person.until(lambda: person.driver['grips'], 'the gripper')
            assert person.driver['sent'] == 0
            person.hold()
            person.until(lambda: not person.driver['led'] and trajectory in
                         person.driver['active'], 'held by its own controller')
            assert not ON[way] or ON[way] not in person.driver['active']
            # An armed gate is not led, and says what to do.
            client.toggle()
            person.until(lambda: 'the gate is armed; call gate/disarm first' in person.said[-1],
                         'a refusal')
            assert person.stage is Stage.DISARMED
        finally:
            client.leave()


def test_kinova_is_refused_with_the_reason(tmp_path, monkeypatch):
    steps = read_way('kinova')
    with pytest.raises(ConfigError, match='ros2_kortex blocks the admittance modes'):
        steps(None, Contract.load('kinova_gen3'))


def test_a_file_with_an_unknown_way_is_refused(tmp_path):
    file = tmp_path / 'mine.yaml'
    file.write_text('by: frank\n')
    with pytest.raises(ConfigError, match="by: no way 'frank'"):
        read_way(str(file))
