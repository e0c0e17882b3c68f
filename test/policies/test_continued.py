"""Chunks of whole policies that go on from others: units, references and who can."""
from dataclasses import replace

from checkpoint_factory import CONTRACT, describe, make_checkpoint, observation, VARIANTS
from il_ros.errors import ConfigError
from il_ros.policies.inputs.tool_actions import ToolActions
from il_ros.policies.load import LearnedPolicy, make_network
from il_ros.policies.policy import Continuation, infer
from il_ros.policies.source import Options
from il_ros.policies.transforms import Normalize
import numpy as np
import pytest
import torch

# A network that says zero: a flow's chunk is its noise, a diffusion's its clipped noise, and the
# guidance brings either to the previous chunk, in whatever units the network has.
SILENT = {
    'flow': replace(VARIANTS['flow'], relative_actions=False),
    'flow, relative': VARIANTS['flow'],
    'flow of the tool': replace(VARIANTS['flow'], tool_actions=True),
    **{f'flow, {space}': replace(VARIANTS['flow'], action_space=space)
       for space in ('joint_position', 'tool_pose', 'tool_delta')},
    'diffusion, tool_delta': replace(VARIANTS['diffusion'], action_space='tool_delta'),
}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def silent(config):
    network = make_network(config, CONTRACT)
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    described = describe(config)
    if config.action_space in ('tool_pose', 'tool_delta'):  # about what the network says
        space = config.space(CONTRACT)
        state = np.array(CONTRACT.start)[None]
        frame = described.frame
        offset = ToolActions(frame, space).forward(
            {'state': state, 'actions': frame.poses(state)[:, None]})['actions'][0]
        normalize = described.normalize
        described = replace(described, normalize=Normalize(
            {**normalize.offset, 'actions': np.repeat(offset, config.horizon, 0)},
            normalize.scale))
    return LearnedPolicy(described, network)


def start(seed=0):
    """Return an observation in the middle of the joints' ranges, and rows that begin near it."""
    seen = replace(observation(seed), state=np.array(CONTRACT.start))
    rows = seen.state + 0.01 * np.arange(1, 10)[:, None] * np.array([1, -1, 1, 1, -1, 1, 0])
    rows[:, 6] = 0.03
    return seen, rows


@pytest.mark.parametrize('config', SILENT.values(), ids=SILENT.keys())
def test_the_rows_that_run_meanwhile_are_those_of_the_new_chunk(config):
    policy, (seen, rows) = silent(config), start()
    free = policy.infer(seen)
    chunk = policy.continued(seen, Continuation(rows, 3))
    assert chunk.shape == free.shape == (12, 7)
    near, far = (np.abs(found[:3] - rows[:3])[:, :6].max() for found in (chunk, free))
    assert near < 0.01 * far
    bound = np.abs(chunk[:9] - rows)[:, :6].mean(1)
    assert bound[-1] > 10 * bound[0], 'rows further on are bound less'
    np.testing.assert_array_equal(infer(policy, seen, None).shape, free.shape)


@pytest.mark.parametrize(('rows', 'delay'), [(1, 0), (1, 5), (5, 9), (11, 3), (12, 3), (30, 2)])
def test_any_rest_and_any_delay_give_a_chunk(rows, delay):
    policy = silent(SILENT['flow, relative'])
    seen, _ = start()
    chunk = policy.continued(seen, Continuation(np.tile(seen.state, (rows, 1)), delay))
    assert chunk.shape == (12, 7)
    assert np.isfinite(chunk).all()


@pytest.mark.parametrize('variant', VARIANTS)
def test_who_can_says_so_and_the_others_refuse(variant):
    config = VARIANTS[variant]
    policy = LearnedPolicy(describe(config), make_network(config, CONTRACT).eval())
    seen, rows = start()
    assert config.continues == (config.kind in ('flow', 'diffusion'))
    if config.continues:
        assert np.isfinite(infer(policy, seen, Continuation(rows, 3))).all()
    else:
        with pytest.raises(ConfigError) as error:
            infer(policy, seen, Continuation(rows, 3))
        assert str(error.value) == (
            "scheduler 'realtime': expected a flow or diffusion policy of one member with the "
            f'backend torch, got {config.kind} of {config.members} members; take the scheduler '
            "'asynchronous'")


def test_options_refuse_what_cannot_continue(tmp_path):
    from il_ros.policies.source import describe as described
    bc, flow = tmp_path / 'bc', tmp_path / 'flow'
    make_checkpoint(bc)
    make_checkpoint(flow, VARIANTS['flow'])
    Options(realtime=True).check(flow, described(flow))
    Options().check(bc, described(bc))
    assert not replace(VARIANTS['flow'], members=2).continues
    for options, place, text in ((Options(realtime=True), bc, '(bc, backend torch)'),
                                 (Options('onnx', realtime=True), flow, '(flow, backend onnx)')):
        with pytest.raises(ConfigError) as error:
            options.check(place, described(place))
        assert f'got {place} {text}; take the scheduler' in str(error.value)
