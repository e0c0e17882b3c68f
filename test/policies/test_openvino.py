"""OpenVINO in the place of ONNX Runtime; skipped where it is not installed."""
from dataclasses import replace
import sys

from checkpoint_factory import make_checkpoint, observation, VARIANTS
from il_ros.errors import CheckpointError
from il_ros.policies.checkpoint import read
from il_ros.policies.runtimes.onnx_cache import cached
from il_ros.policies.runtimes.onnx_policy import OnnxPolicy
from il_ros.policies.source import open_policy, Options
import numpy as np
import pytest
import torch

BF16_BOUND = 0.05  # of the spread of the training actions
FEW = replace(VARIANTS['diffusion'], diffusion=replace(VARIANTS['diffusion'].diffusion,
                                                       sample_steps=2))
KINDS = {'bc camera': VARIANTS['bc camera'], 'bc_rnn': VARIANTS['bc_rnn'],
         'act camera': VARIANTS['act camera'], 'diffusion': FEW}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    pytest.importorskip('openvino')
    pytest.importorskip('onnxscript')
    torch.set_num_threads(1)
    return tmp_path_factory.mktemp('openvino')


@pytest.mark.parametrize('kind', KINDS)
def test_gives_the_chunks_of_onnx_runtime(folder, kind):
    checkpoint = make_checkpoint(folder / kind, KINDS[kind])
    spread = read(checkpoint).normalize.scale['actions']
    exact = OnnxPolicy(cached(checkpoint))
    full, half = (open_policy(checkpoint, Options(backend))
                  for backend in ('openvino', 'openvino-bf16'))
    worst = 0.0
    for seed in range(6):
        expected = exact.infer(observation(seed))
        np.testing.assert_allclose(full.infer(observation(seed)), expected, atol=1e-4, rtol=0)
        worst = max(worst, float(np.abs((half.infer(observation(seed)) - expected)
                                        / spread).max()))
    assert 1e-6 < worst <= BF16_BOUND  # more than nothing: it did compute in 16 bit
    again = open_policy(cached(checkpoint), Options('openvino'))
    again.reset()
    exact.reset()
    exact.seed(0)
    np.testing.assert_allclose(again.infer(observation(1)), exact.infer(observation(1)), atol=1e-4)


def test_a_damaged_file_is_named(folder):
    whole = cached(make_checkpoint(folder / 'damaged', VARIANTS['bc']))
    model = pytest.importorskip('onnx').load(whole)
    model.graph.node[0].op_type = 'NoSuchOperation'
    path = folder / 'damaged.onnx'
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CheckpointError, match='damaged.onnx: OpenVINO does not load it: '):
        OnnxPolicy(path, backend='openvino')


def test_a_missing_openvino_says_what_to_install(tmp_path, monkeypatch):
    pytest.importorskip('onnxscript')
    path = cached(make_checkpoint(tmp_path / 'c', VARIANTS['bc']))
    monkeypatch.setitem(sys.modules, 'openvino', None)
    with pytest.raises(CheckpointError, match='OpenVINO is missing: pip install openvino, or '):
        OnnxPolicy(path, backend='openvino-bf16')
