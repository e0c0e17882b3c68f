"""Exported policies, run by ONNX Runtime alone."""
from dataclasses import replace
import json

from checkpoint_factory import CONTRACT, make_checkpoint, observation, SMALL, VARIANTS
from il_ros.contract import Contract
from il_ros.errors import CheckpointError
from il_ros.policies.config import AugmentationConfig
from il_ros.policies.load import load
import numpy as np
import pytest
import torch

onnx = pytest.importorskip('onnx')
onnxruntime = pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')


def run(path, seen):
    """Return inputs, name of the output, output and metadata of an ONNX file."""
    session = onnxruntime.InferenceSession(path)
    values = {'state': seen.state.astype(np.float32)[None],
              'environment': seen.environment.astype(np.float32)[None],
              **{k: v[None] for k, v in seen.images.items()}}
    inputs = {i.name for i in session.get_inputs()}
    got, = session.run(None, {k: values[k] for k in inputs})
    output, = session.get_outputs()
    return inputs, output.name, got[0], session.get_modelmeta().custom_metadata_map


@pytest.mark.parametrize('variant', ['bc camera', pytest.param('act', marks=pytest.mark.slow)])
def test_the_file_alone_gives_the_same_targets(tmp_path, variant):
    from il_ros.policies.runtimes.onnx import export
    config = VARIANTS[variant]
    policy = load(make_checkpoint(tmp_path / 'c', config))
    path = tmp_path / 'policy.onnx'
    assert export(policy, path) < 1e-5
    assert sorted(p.name for p in tmp_path.iterdir()) == ['c', 'policy.onnx']
    seen = observation(5)
    inputs, output, targets, stored = run(path, seen)
    assert (inputs, output) == (set(config.inputs), 'targets')
    np.testing.assert_allclose(targets, policy.infer(seen), atol=1e-5)
    assert Contract.from_text(stored['il_ros.contract']) == CONTRACT
    assert json.loads(stored['il_ros.config'])['kind'] == config.kind


@pytest.mark.parametrize('settings', [
    {}, pytest.param({'difference_scales': (0.02, 0.08)}, marks=pytest.mark.slow),
    {'difference_scales': (0.02,), 'augmentation': AugmentationConfig(scene_motion=True)}])
def test_a_policy_that_moves_the_tool_gives_its_motions(tmp_path, settings):
    from il_ros.policies.runtimes.onnx import export
    config = replace(SMALL, tool_actions=True, inputs=('gripper', 'environment'), **settings)
    policy = load(make_checkpoint(tmp_path / 'c', config))
    assert export(policy, tmp_path / 'policy.onnx') < 1e-5
    seen = observation(5)
    inputs, output, motions, _ = run(tmp_path / 'policy.onnx', seen)
    assert (inputs, output) == ({'state', 'environment'}, 'tool_motions')
    np.testing.assert_allclose(motions, policy.motions(seen), atol=1e-5)
    targets = policy.infer(seen)
    np.testing.assert_allclose(np.clip(motions[:, 6], 0, 0.04), targets[:, 6], atol=1e-6)


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    from il_ros.policies.runtimes.onnx import export
    policy = load(make_checkpoint(tmp_path / 'c'))
    with pytest.raises(CheckpointError, match='none/policy.onnx: cannot be written: No such file'):
        export(policy, tmp_path / 'none/policy.onnx')


def test_a_policy_that_searches_is_refused(tmp_path):
    from il_ros.policies.runtimes.onnx import export
    policy = load(make_checkpoint(tmp_path / 'c', VARIANTS['ibc']))
    with pytest.raises(CheckpointError, match="kind 'ibc' searches among candidates that it draw"):
        export(policy, tmp_path / 'policy.onnx')


def test_mish_is_that_of_torch_everywhere(tmp_path):
    from il_ros.policies.runtimes.onnx import _mish
    torch.onnx.export(torch.nn.Mish().eval(), (torch.zeros(1, 2001),), tmp_path / 'mish.onnx',
                      dynamo=True, verbose=False,
                      custom_translation_table={torch.ops.aten.mish.default: _mish})
    session = onnxruntime.InferenceSession(tmp_path / 'mish.onnx')
    x = np.concatenate([np.linspace(-90, 90, 1001), np.linspace(-1, 1, 998), [-1e4, 1e4]])
    got, = session.run(None, {session.get_inputs()[0].name: x[None].astype(np.float32)})
    x = torch.from_numpy(x.astype(np.float32)).double()
    np.testing.assert_allclose(got[0], torch.nn.functional.mish(x), rtol=1e-5, atol=1e-7)
