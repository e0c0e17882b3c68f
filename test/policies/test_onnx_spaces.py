"""Exported policies of each action space, and of joints that turn without end."""
from dataclasses import replace

from checkpoint_factory import SMALL
from il_ros.kinematics import find_urdf
from il_ros.policies.checkpoint import Checkpoint
from il_ros.policies.load import LearnedPolicy, make_network
from il_ros.policies.transforms import features, Normalize
from il_ros.training.config import TrainConfig
from il_ros.training.samples import Samples
from il_ros.types import Observation
import numpy as np
from policies.recorded import recorded, turning
import pytest
import torch

pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')

HORIZON = 12
WAYS = {
    'joints': ('turning', SMALL, {'action_space': 'joint_position'}),
    'history': ('turning', replace(SMALL, observation_steps=2),
                {'action_space': 'joint_delta', 'delta_from': 'row'}),
    'one of each': ('sim_two_arms', SMALL, {
        'action_space': {'left': 'joint_position', 'right': 'tool_delta'}})}


@pytest.mark.parametrize('way', ['history', 'one of each',
                                 pytest.param('joints', marks=pytest.mark.slow)])
def test_gives_the_path_of_the_torch_policy(tmp_path, way):
    from il_ros.policies.runtimes.onnx import export
    from il_ros.policies.runtimes.onnx_policy import OnnxPolicy
    torch.manual_seed(0)
    torch.set_num_threads(1)
    robot, config, values = WAYS[way]
    episode = recorded(robot) if robot != 'turning' else turning(
        tmp_path, np.pi - recorded('sim_arm').action[:, 0].mean(), turns=1000)
    contract, config = episode.contract, replace(config, horizon=HORIZON, **values)
    space = config.space(contract)
    urdf = find_urdf(contract) if space.tools else None
    described = Checkpoint(config, contract, Normalize({}, {}), urdf)
    samples = Samples.of(episode.source, TrainConfig(config, validation_share=0.0), {},
                         described.frame)
    tick = int(np.abs(np.diff(episode.state[:, 0])).argmax())  # where the driver leaps, if it does
    data = features(config, contract, described.frame).forward(samples.batch(np.array([tick]))[0])
    offset = {'actions': data['actions'][0].astype(np.float64),
              **{key: np.zeros(data[key].shape[1:]) for key in config.inputs}}
    scale = {key: np.full_like(value, 1e-6 if key == 'actions' else 1.0)
             for key, value in offset.items()}
    policy = LearnedPolicy(replace(described, normalize=Normalize(offset, scale)),
                           make_network(config, contract))
    assert export(policy, tmp_path / 'policy.onnx') < 1e-4
    exported = OnnxPolicy(tmp_path / 'policy.onnx')
    policy.reset()
    for at in range(max(tick - 2, 0), tick + 1):
        seen = Observation(at, episode.state[at], episode.environment[at], {})
        rows, original = exported.infer(seen), policy.infer(seen)
        np.testing.assert_allclose(rows, original, atol=2e-5)
    episode.require_same(rows, episode.action[tick:tick + HORIZON])
