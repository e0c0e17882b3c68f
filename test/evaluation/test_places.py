"""What `il_ros evaluate` takes besides a folder: exported files, servers, an instruction."""
from dataclasses import replace
import json
import subprocess
import sys

from checkpoint_factory import CONTRACT, make_checkpoint, SMALL, VARIANTS
from il_ros.errors import RemoteError
from il_ros.evaluation.checkpoint import _seed, evaluate_checkpoint, Trial
from il_ros.evaluation.rollout import Conditions, evaluate
from il_ros.execution.chunk_scheduler import make_scheduler
from il_ros.policies.load import load
from il_ros.policies.source import Options
from il_ros.policies.transforms import WithinLimits
from il_ros.sim import make
import numpy as np
from policies.policy_server import chunk, ROWS, serving
import pytest
import torch

torch.set_num_threads(1)
REACH, CALM = 'Reach', Conditions(False)


class Kept:
    """A policy whose observations and chunks are kept."""

    def __init__(self, policy):
        self.policy, self.seen, self.chunks = policy, [], []
        self.contract, self.horizon, self.cameras = CONTRACT, policy.horizon, policy.cameras

    def infer(self, observation):
        self.seen.append(observation)
        self.chunks.append(self.policy.infer(observation))
        return self.chunks[-1]

    def seed(self, seed):
        self.policy.seed(seed)

    def reset(self):
        self.policy.reset()


class Local:
    """What the test server answers, without a server."""

    contract, horizon, cameras = CONTRACT, ROWS, ()

    def infer(self, observation):
        limits = WithinLimits.of(CONTRACT)
        return limits.backward({'actions': chunk(observation.state)[None]})['actions'][0]

    def reset(self):
        pass


def roll_out(policy, seeds, **options):
    env = make(REACH)
    found = evaluate(env, CONTRACT, policy,
                     lambda: make_scheduler('receding', CONTRACT, 8, join=0.5), seeds, CALM,
                     before=lambda seed: _seed(policy, seed), **options)
    env.close()
    return found


def test_a_server_is_evaluated_as_the_same_policy_here(tmp_path):
    with serving(tmp_path, 'plain') as server:
        trial = Trial(server.url, REACH, CALM)
        found = evaluate_checkpoint(trial, [3, 4])
    assert found == roll_out(Local(), [3, 4])
    with pytest.raises(RemoteError, match='cannot be reached'):
        evaluate_checkpoint(trial, [3])


def test_the_instruction_reaches_a_server(tmp_path):
    with serving(tmp_path, 'told') as server:
        evaluate_checkpoint(Trial(server.url, REACH, CALM, instruction='lift it'), [3])
        with pytest.raises(RemoteError, match=f'RuntimeError: told to {CONTRACT.task}'):
            evaluate_checkpoint(Trial(server.url, REACH, CALM), [3])


def test_the_instruction_stands_in_every_observation(tmp_path):
    policy = Kept(load(make_checkpoint(tmp_path / 'c', VARIANTS['bc task'])))
    roll_out(policy, [3])
    roll_out(policy, [3], instruction='lift it')
    half = len(policy.seen) // 2
    assert [o.task for o in policy.seen] == [''] * half + ['lift it'] * half
    assert np.abs(policy.chunks[0] - policy.chunks[half]).max() > 1e-3


@pytest.mark.parametrize('kind', ['bc_rnn', 'bc history'])
def test_a_rollout_shows_a_policy_every_tick(tmp_path, kind):
    config = VARIANTS.get(kind) or replace(SMALL, observation_steps=4)
    checkpoint = make_checkpoint(tmp_path / 'c', config)
    policy, alone = Kept(load(checkpoint)), load(checkpoint)
    roll_out(policy, [3])
    assert len(policy.seen) > 2 and len(policy.seen[1].past) == 7
    for seen, given in zip(policy.seen[:3], policy.chunks, strict=False):
        for tick in (*seen.past, replace(seen, past=())):
            expected = alone.infer(tick)
        np.testing.assert_allclose(given, expected, atol=1e-6)


def test_what_a_policy_draws_follows_from_the_seed_of_the_episode(tmp_path):
    pytest.importorskip('onnxruntime')
    pytest.importorskip('onnxscript')
    from il_ros.policies.runtimes.onnx_cache import cached
    from il_ros.policies.runtimes.onnx_policy import OnnxPolicy
    folder = make_checkpoint(tmp_path / 'c', VARIANTS['gmm'])
    for opened in (load(folder), OnnxPolicy(cached(folder))):
        drawn = {}
        for order in ((3, 4), (4, 3)):
            policy = Kept(opened)
            roll_out(policy, order)
            assert len(policy.chunks) % 2 == 0, 'two episodes to the time limit'
            halves = np.split(np.array(policy.chunks), 2)
            drawn[order] = dict(zip(order, halves, strict=True))
        for seed in (3, 4):
            np.testing.assert_array_equal(drawn[3, 4][seed], drawn[4, 3][seed])


def test_the_command_takes_an_exported_file_and_a_server(tmp_path):
    pytest.importorskip('onnxruntime')
    pytest.importorskip('onnxscript')
    from il_ros.policies.runtimes.onnx import export
    folder = make_checkpoint(tmp_path / 'bc', SMALL)
    export(load(folder), file := tmp_path / 'bc.onnx')
    with serving(tmp_path, 'plain') as server:
        done = subprocess.run(
            [sys.executable, '-c', 'from il_ros.cli import main; main()', 'evaluate', str(file),
             '--against', server.url, '--task', 'Reach', '--episodes', '2', '--instruction',
             'lift it', '--out', 'result.json'], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / 'result.json').read_text())
    assert (result['checkpoint'], result['against']) == (str(file), server.url)
    assert result['instruction'] == 'lift it'
    assert result['names'][1] == server.url and result['names'][0].endswith('bc.onnx')
    seeds = [1_000_000, 1_000_001]
    local = evaluate_checkpoint(Trial(folder, REACH, CALM, options=Options('onnx')), seeds,
                                workers=0)
    for ours, wanted in zip(result['rollouts'], local, strict=True):
        assert (ours['seed'], ours['success']) == (wanted.seed, wanted.success)
