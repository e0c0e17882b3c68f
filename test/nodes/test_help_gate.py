"""help_gate and policy_inference as processes: a request off the data, none on them."""
import json
import shutil
import signal

from diagnostic_msgs.msg import DiagnosticArray
from gate_factory import make_gate, make_policy
from geometry_msgs.msg import Pose, PoseArray
from il_ros.intervention.gates.files import fingerprint, JSON, TENSORS
from il_ros.msg import ControlMode, HelpRequest
from il_ros.nodes import shell
from il_ros.policies.checkpoint import WEIGHTS
from il_ros.srv import LoadPolicy
from nodes.harness import next_domain, running
from nodes.robot import Robot, START
import numpy as np
import pytest
from rcl_interfaces.srv import ListParameters, SetParameters
from rclpy.parameter import Parameter
from safetensors.numpy import load_file, save_file
import torch

torch.set_num_threads(1)
DOMAIN, SWAP_DOMAIN = next_domain(), next_domain()
OFF = START + np.array([0.0, 0.6, -0.6, 0.6, 0.6, 0.6, 0.0])


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return make_gate(tmp_path_factory.mktemp('gate') / 'run')


class World(Robot):
    """The robot with poses, and an ear for requests."""

    def __init__(self, domain: int = DOMAIN) -> None:
        super().__init__(domain, follow=False)
        self.requests: list[HelpRequest] = []
        self.health: list[DiagnosticArray] = []
        self._subscribe(DiagnosticArray, '/diagnostics', self.health.append)
        self._subscribe(HelpRequest, 'dagger/request', self.requests.append)
        self._poses = self.node.create_publisher(PoseArray, 'sim/poses', shell.STREAM)
        self._mode = self.node.create_publisher(ControlMode, 'control/mode', shell.LATCHED)
        self.node.create_timer(0.01, self.publish_poses)

    def publish_poses(self) -> None:
        message = PoseArray(poses=[Pose() for _ in range(3)])
        message.header.stamp = self.node.get_clock().now().to_msg()
        self._poses.publish(message)

    def ask(self, kind: type, name: str, **fields: object) -> object:
        """Return the answer of a service."""
        client = self.node.create_client(kind, name)
        self.until(client.service_is_ready, name)
        future = client.call_async(kind.Request(**fields))
        self.until(future.done, f'answer of {name}', 60)
        return future.result()

    def load(self, checkpoint: object) -> None:
        """Swap the policy and wait until it is at work."""
        answer = self.ask(LoadPolicy, 'policy/load', checkpoint=str(checkpoint))
        assert answer.success, answer.message

    def newest(self) -> HelpRequest | None:
        return self.requests[-1] if self.requests else None


def test_asks_off_the_data_and_not_on_them(tmp_path, checkpoint):
    common = {'checkpoint': checkpoint}
    with World() as world, running(
            'policy_inference', DOMAIN, tmp_path / 'policy.txt',
            parameters=common | {'autostart': True}), running(
            'help_gate', DOMAIN, tmp_path / 'gate.txt',
            parameters=common | {'gate': 'ensemble'}) as gate:
        world.until(lambda: len(world.requests) >= 30, 'requests', 60)
        calm = world.newest()
        assert not calm.active and calm.reason == ''
        assert calm.source_id == 'help_gate ensemble'
        assert 0 <= calm.score <= calm.threshold
        assert not any(request.active for request in world.requests)

        world.position = OFF.copy()
        world.until(lambda: world.newest().active, 'a request')
        asked = world.newest()
        assert asked.reason == 'the members of the policy disagree'
        assert asked.score > asked.threshold
        assert shell.stamp_ns(asked.header.stamp) > shell.stamp_ns(calm.header.stamp)

        world.position = START.copy()
        world.until(lambda: not world.newest().active, 'the request is taken back')
        assert 'asks for help: the members of the policy disagree' in gate.output
        for node in ('help_gate', 'policy_inference'):
            assert {'robot', 'checkpoint'} <= set(world.ask(
                ListParameters, f'{node}/list_parameters').result.names)
            result, = world.ask(SetParameters, f'{node}/set_parameters', parameters=[
                Parameter('robot', value='other').to_parameter_msg()]).results
            assert result.reason == 'Trying to set a read-only parameter: robot.'
        before = len(world.requests)
        world.until(lambda: len(world.requests) > before + 10, 'both live on')
        gate.send(signal.SIGINT)
        assert gate.process.wait(20) == 0


def other_policy(checkpoint, folder, gated):
    """Return a copy with slightly other weights and, if it has a gate, twice the threshold."""
    shutil.copytree(checkpoint, folder)
    weights = load_file(folder / WEIGHTS)
    name = next(name for name, value in weights.items() if value.dtype == np.float32)
    save_file(weights | {name: weights[name] + np.float32(1e-4)}, folder / WEIGHTS)
    record = json.loads((folder / JSON).read_text())
    if gated:
        record['policy'] = fingerprint(folder)
        record['thresholds']['chi'] *= 2
        (folder / JSON).write_text(json.dumps(record))
    else:
        (folder / JSON).unlink()
        (folder / TENSORS).unlink()
    return record['thresholds']['chi']


def test_a_hot_swap_brings_the_gate_of_the_new_policy_or_none(tmp_path, checkpoint):
    chi = json.loads((checkpoint / JSON).read_text())['thresholds']['chi']
    assert other_policy(checkpoint, tmp_path / 'better', True) == 2 * chi
    other_policy(checkpoint, tmp_path / 'bare', False)
    with World(SWAP_DOMAIN) as world, running(
            'policy_inference', SWAP_DOMAIN, tmp_path / 'policy.txt',
            parameters={'checkpoint': checkpoint, 'autostart': True}), running(
            'help_gate', SWAP_DOMAIN, tmp_path / 'gate.txt',
            parameters={'checkpoint': checkpoint, 'gate': 'ensemble'}) as gate:
        world.position = OFF.copy()
        world.until(lambda: world.requests and world.newest().active, 'a request', 60)
        assert world.newest().threshold == chi

        world.load(tmp_path / 'better')
        world.until(lambda: world.newest().threshold == 2 * chi, 'the threshold of the new one')
        world.until(lambda: world.newest().active, 'a request by the new threshold')

        world.load(tmp_path / 'bare')
        world.until(lambda: not world.newest().active, 'the request is taken back')
        world.until(lambda: any('not watched' in status.message for array in world.health
                                for status in array.status), 'diagnostics that say so')
        assert not world.newest().active, 'nobody asks by the thresholds of another policy'
        assert 'the policy at work is not watched' in gate.output
        assert 'no gate: missing gate.json, gate.safetensors' in gate.output

        world.load(checkpoint)
        world.until(lambda: world.newest().active, 'a request as in the beginning')
        assert world.newest().threshold == chi


@pytest.mark.parametrize('parameters, text', [
    ({'gate': 'ensemble'}, 'checkpoint: expected the folder of a policy with a gate'),
    ({'gate': 'lasy', 'checkpoint': 'gate'}, "gate 'lasy': did you mean 'lazy'?"),
    ({'checkpoint': 'none'}, 'no gate: missing gate.json, gate.safetensors')])
def test_says_in_one_line_why_it_cannot_start(tmp_path, checkpoint, parameters, text):
    if parameters.get('checkpoint') == 'gate':
        parameters = parameters | {'checkpoint': checkpoint}
    elif 'checkpoint' in parameters:
        parameters = parameters | {'checkpoint': make_policy(tmp_path / 'run', members=1)}
    with running('help_gate', DOMAIN, tmp_path / 'log.txt', parameters=parameters) as node:
        assert node.process.wait(60) == 2
    assert text in node.output
    assert 'Traceback' not in node.output
