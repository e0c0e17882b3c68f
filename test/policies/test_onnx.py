"""Exported policies, run by ONNX Runtime alone."""
import json

from checkpoint_factory import CONTRACT, make_checkpoint, observation, VARIANTS
from il_ros.contract import Contract
from il_ros.errors import CheckpointError
from il_ros.policies.load import load
import numpy as np
import pytest

onnx = pytest.importorskip('onnx')
onnxruntime = pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')


@pytest.mark.parametrize('variant', ['bc camera', 'act'])
def test_the_file_alone_gives_the_same_targets(tmp_path, variant):
    from il_ros.policies.onnx import export
    policy = load(make_checkpoint(tmp_path / 'c', VARIANTS[variant]))
    path = tmp_path / 'policy.onnx'
    assert export(policy, path) < 1e-5
    assert sorted(p.name for p in tmp_path.iterdir()) == ['c', 'policy.onnx']
    session = onnxruntime.InferenceSession(path)
    inputs = {i.name: i for i in session.get_inputs()}
    assert set(inputs) == set(VARIANTS[variant].inputs)
    seen = observation(5)
    values = {'state': seen.state.astype(np.float32)[None],
              'environment': seen.environment.astype(np.float32)[None],
              **{k: v[None] for k, v in seen.images.items()}}
    got, = session.run(None, {k: values[k] for k in inputs})
    np.testing.assert_allclose(got[0], policy.infer(seen), atol=1e-5)
    stored = session.get_modelmeta().custom_metadata_map
    assert Contract.from_text(stored['il_ros.contract']) == CONTRACT
    assert json.loads(stored['il_ros.config'])['kind'] == VARIANTS[variant].kind


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    from il_ros.policies.onnx import export
    policy = load(make_checkpoint(tmp_path / 'c'))
    with pytest.raises(CheckpointError, match='none/policy.onnx: cannot be written: No such file'):
        export(policy, tmp_path / 'none/policy.onnx')
