"""ONNX Runtime in the place of PyTorch: the same chunks, from a file or a checkpoint's cache."""
from dataclasses import replace
import logging
from pathlib import Path
import subprocess
import sys

from checkpoint_factory import CONTRACT, make_checkpoint, observation, SMALL, VARIANTS
from il_ros.errors import CheckpointError
from il_ros.policies.config import GMMConfig
from il_ros.policies.load import load
from il_ros.policies.policy import Description
from il_ros.policies.runtimes import onnx_cache
from il_ros.policies.runtimes.onnx_cache import cached
from il_ros.policies.runtimes.onnx_policy import describe, OnnxPolicy
import numpy as np
import pytest
import torch

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')

TOOL = replace(SMALL, tool_actions=True, inputs=('gripper', 'environment'))
KINDS = {**{k: v for k, v in VARIANTS.items() if v.kind in ('bc', 'bc_rnn', 'act')},
         'bc tool': TOOL,
         'bc history': replace(SMALL, inputs=('state', 'environment', 'gripper', 'task'),
                               observation_steps=3),
         'bc_rnn ensemble': replace(VARIANTS['bc_rnn'], members=2),
         'act tool camera': replace(TOOL, kind='act', inputs=('gripper', 'wrist'),
                                    image_size=(32, 32))}
FEW = {'diffusion': replace(SMALL.diffusion, sample_steps=2),  # each is a copy in the graph
       'flow': replace(SMALL.flow, sample_steps=2, layers=1, denoiser='transformer')}
QUICK = ('bc', 'bc_rnn', 'bc task', 'bc tool', 'bc history', 'act camera')   # exports take seconds
DRAWN = {'diffusion': replace(VARIANTS['diffusion'], **FEW),
         'flow tool ensemble camera': replace(
             TOOL, kind='flow', inputs=('gripper', 'wrist'), image_size=(32, 32), members=2,
             **FEW),
         'gmm': replace(VARIANTS['gmm'], gmm=GMMConfig(modes=3, eval_sigma=0.1))}


@pytest.fixture(scope='module', autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """Checkpoint folders and their ONNX files, made when a test first asks for them."""
    from il_ros.policies.runtimes.onnx import export
    folder = tmp_path_factory.mktemp('exported')

    def get(kind):
        checkpoint, path = folder / kind, folder / f'{kind}.onnx'
        if not path.exists():
            export(load(make_checkpoint(checkpoint, (KINDS | DRAWN)[kind])), path)
        return checkpoint, path
    return get


@pytest.mark.parametrize('kind', [kind if kind in QUICK else
                                  pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS])
@pytest.mark.parametrize('threads', [1, 2])
def test_gives_the_chunks_of_the_torch_policy(exported, kind, threads):
    checkpoint, path = exported(kind)
    policy, original = OnnxPolicy(path, threads=threads), load(checkpoint)
    assert (policy.contract, policy.horizon, policy.cameras) == (
        CONTRACT, original.horizon, original.cameras)
    for seed in range(6):
        if seed in (0, 4):
            policy.reset()
            original.reset()
        seen = observation(seed)
        got = policy.infer(seen)
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, original.infer(seen), atol=1e-5, rtol=0)
    assert np.ptp([policy.infer(observation(s)) for s in range(2)], axis=0).max() > 1e-3, (
        'what it sees matters')


@pytest.mark.parametrize('kind', ['flow tool ensemble camera', 'gmm',
                                  pytest.param('diffusion', marks=pytest.mark.slow)])
def test_the_same_noise_gives_the_chunk_of_the_torch_policy(exported, kind):
    checkpoint, path = exported(kind)
    policy, original = OnnxPolicy(path, seed=7), load(checkpoint)
    noise = np.random.default_rng(7)
    for seed in range(5):
        seen = observation(seed)
        expected = original.infer(seen, noise.standard_normal(original.network.noise, np.float32))
        np.testing.assert_allclose(policy.infer(seen), expected, atol=1e-5, rtol=0)
    first, second = policy.infer(observation()), policy.infer(observation())
    assert np.abs(first - second).max() > 1e-3, 'every chunk is drawn'
    policy.seed(8)
    again = policy.infer(observation())
    policy.infer(observation(1))
    policy.seed(8)
    np.testing.assert_array_equal(policy.infer(observation()), again)


def test_the_instruction_counts_as_it_does_in_torch(exported):
    checkpoint, path = exported('bc task')
    policy, original = OnnxPolicy(path), load(checkpoint)
    chunks = []
    for task in ('', 'open the drawer', 'close the drawer'):
        seen = replace(observation(), task=task)
        chunks.append(policy.infer(seen))
        np.testing.assert_allclose(chunks[-1], original.infer(seen), atol=1e-5, rtol=0)
    assert np.ptp(chunks, axis=0).max() > 1e-3


def test_is_described_without_onnx_runtime_and_runs_without_torch(exported):
    _, path = exported('bc tool')
    assert describe(path) == Description(CONTRACT, 'bc', (), SMALL.horizon)
    done = subprocess.run(
        [sys.executable, '-c', f"""
import sys
from pathlib import Path
from il_ros.policies.runtimes.onnx_policy import describe, OnnxPolicy
path = Path({str(path)!r})
describe(path)
assert not {{'onnx', 'onnxruntime'}} & set(sys.modules)
OnnxPolicy(path)
assert not {{'torch', 'onnx', 'safetensors'}} & set(sys.modules), 'a robot needs none of them'
"""], capture_output=True, text=True, env={'PYTHONPATH': ':'.join(sys.path), 'PATH': ''})
    assert done.returncode == 0, done.stderr


def test_the_checkpoint_keeps_its_onnx_form_until_its_weights_change(tmp_path, monkeypatch):
    folder = make_checkpoint(tmp_path / 'c')
    first = cached(folder)
    assert first.parent == folder
    written = first.stat().st_mtime_ns
    monkeypatch.setitem(sys.modules, 'il_ros.policies.runtimes.onnx', None)  # no second export
    assert cached(folder) == first
    assert first.stat().st_mtime_ns == written
    monkeypatch.undo()
    again = cached(make_checkpoint(folder, seed=1))
    assert again.name != first.name
    np.testing.assert_allclose(OnnxPolicy(again).infer(observation()),
                               load(folder).infer(observation()), atol=1e-5, rtol=0)
    assert [p.name for p in folder.iterdir() if 'onnx' in p.name] == [again.name]


def test_a_folder_that_cannot_be_written_falls_back_to_a_temporary_one(
        tmp_path, monkeypatch, caplog):
    (tmp_path / 'temporary').mkdir()
    monkeypatch.setattr(onnx_cache.tempfile, 'tempdir', str(tmp_path / 'temporary'))
    folder = make_checkpoint(tmp_path / 'c')
    blocked = cached(folder)
    blocked.unlink()
    blocked.mkdir()  # a directory in its place: root, too, cannot write there
    with caplog.at_level(logging.WARNING):
        path = cached(folder)
    assert tmp_path / 'temporary' in path.parents
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [r.message for r in caplog.records if r.name == onnx_cache.__name__] == [
        f'{folder}: cannot be written (Is a directory); its ONNX form is {path}']
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert not [p for p in folder.iterdir() if p.name.startswith('.')]
    caplog.clear()
    assert cached(folder) == path, 'made once'
    assert not caplog.messages
    np.testing.assert_allclose(OnnxPolicy(path).infer(observation()),
                               load(folder).infer(observation()), atol=1e-5, rtol=0)


def test_a_temporary_folder_of_somebody_else_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_cache.tempfile, 'tempdir', str(tmp_path))
    (tmp_path / f'il_ros-{onnx_cache.os.getuid()}').mkdir(mode=0o755)
    assert onnx_cache._temporary_folder().name != f'il_ros-{onnx_cache.os.getuid()}'


def without(key):
    def change(path):
        model = onnx.load(path)
        kept = [p for p in model.metadata_props if p.key != key]
        del model.metadata_props[:]
        model.metadata_props.extend(kept)
        path.write_bytes(model.SerializeToString())
    return change


@pytest.mark.parametrize(('damage', 'text'), [
    (lambda p: p.write_bytes(p.read_bytes()[:2000]),
     'not an ONNX file, or damaged: it ends early'),
    (lambda p: p.write_text('hello'), 'not an ONNX file, or damaged: '),
    (lambda p: p.unlink(), 'cannot be read: No such file or directory'),
    (without('il_ros.contract'), "no 'il_ros.contract' in its metadata: expected a file that "
                                 '`il_ros export` wrote'),
    (without('il_ros.urdf'), 'moves the tool but holds no URDF: it was exported by an older '
                             'il_ros; export it again'),
], ids=['cut', 'text', 'missing', 'foreign', 'no urdf'])
def test_what_is_wrong_with_a_file_is_said(exported, tmp_path, damage, text):
    path = tmp_path / 'p.onnx'
    path.write_bytes(exported('bc tool')[1].read_bytes())
    damage(path)
    with pytest.raises(CheckpointError) as error:
        OnnxPolicy(path)
    assert str(error.value).startswith(f'{path}: {text}')


def test_a_damaged_graph_is_refused(exported, tmp_path):
    path = tmp_path / 'p.onnx'
    model = onnx.load(exported('bc')[1])
    model.graph.node[0].op_type = 'NoSuchOperator'
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CheckpointError, match='p.onnx: ONNX Runtime does not load it: .*NoSuchOp'):
        OnnxPolicy(Path(path))
