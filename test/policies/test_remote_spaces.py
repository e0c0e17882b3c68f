"""Servers that answer in any action space, over a real websocket."""
from dataclasses import replace

from checkpoint_factory import SMALL
from il_ros.contract import Contract
from il_ros.errors import ConfigError, RemoteError
from il_ros.execution.worker import Failure, InferenceWorker, State
from il_ros.kinematics import find_urdf
from il_ros.policies.action_space import ActionSpace
from il_ros.policies.inputs.joint_actions import RelativeActions
from il_ros.policies.inputs.tool_actions import ToolActions
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.policies.remote.remote_config import RemoteConfig
from il_ros.training.config import TrainConfig
from il_ros.training.samples import Samples
from il_ros.types import Observation
import numpy as np
from policies.recorded import recorded, turning
import pytest
import yaml

pytest.importorskip('msgpack')
pytest.importorskip('websockets')

from il_ros.policies.remote.client import RemotePolicy
from policies.policy_server import serving

HORIZON, EXECUTED = 12, 8
SPACES = {
    'joints': ('sim_two_arms', {'action_space': 'joint_position'}),
    'deltas': ('sim_two_arms', {'action_space': 'joint_delta', 'delta_from': 'row'}),
    'poses': ('sim_two_arms', {'action_space': 'tool_pose'}),
    'quaternions': ('sim_arm', {'action_space': 'tool_pose', 'rotation': 'quaternion'}),
    'one of each': ('sim_two_arms', {'action_space': {
        'left': 'tool_delta', 'right': 'joint_position'}, 'rotation': 'vector'}),
    'steps of the tool': ('sim_mobile', {
        'action_space': 'tool_delta', 'rotation': 'vector', 'delta_from': 'row',
        'delta_axes': 'tool'}),
    'endless joints': ('turning', {'action_space': 'joint_position'}),
    'endless deltas': ('turning', {'relative': True}),
    'endless tool': ('turning', {'action_space': 'tool_pose', 'style': 'lerobot'}),
    'far': ('sim_two_arms', {'action_space': 'tool_pose'})}


@pytest.fixture(scope='module')
def turned(tmp_path_factory):
    return turning(tmp_path_factory.mktemp('robot'),
                   np.pi - recorded('sim_arm').action[:, 0].mean())


def space_of(contract, values):
    return RemoteConfig('ws://x:1', **values).space(contract)


def said(episode, space):
    """Return what a policy of that space says at each row. Shape (N, H, S)."""
    samples = Samples.of(episode.source, TrainConfig(replace(SMALL, horizon=HORIZON),
                                                     validation_share=0.0), {})
    data, _ = samples.batch(np.arange(len(episode.state) - HORIZON))
    if not space.tools:
        if not space.mask.any():
            return data['actions']
        return RelativeActions.of(space).forward(data)['actions']
    frame = ToolFrame.of(space, find_urdf(episode.contract))
    data['actions'] = np.stack([frame.poses(rows) for rows in data['actions']])
    return ToolActions(frame, space).forward(data)['actions']


@pytest.fixture(scope='module')
def server(tmp_path_factory, turned):
    folder, arrays = tmp_path_factory.mktemp('server'), {}
    for name, (robot, values) in SPACES.items():
        episode = turned if robot == 'turning' else recorded(robot)
        arrays[name] = said(episode, space_of(episode.contract, values)).astype(np.float32)
        arrays[f'{name}: state'] = episode.state.astype(np.float32)
    arrays['far'][:, 2:, 2] += 2.0   # height of the left tool
    np.savez(folder / 'replayed.npz', **arrays)
    with serving(folder, 'replay', REPLAY=str(folder / 'replayed.npz')) as server:
        yield server


@pytest.mark.parametrize('name', [name for name in SPACES if name != 'far'])
def test_the_path_is_that_of_the_joints(server, turned, name):
    robot, values = SPACES[name]
    episode = turned if robot == 'turning' else recorded(robot)
    contract = replace(episode.contract, cameras=())
    policy = RemotePolicy(RemoteConfig(server.url, task=name, **values), contract, deadline_s=10.0)
    try:
        assert policy.horizon == HORIZON
        for tick in range(0, len(episode.state) - HORIZON, 30):
            state = episode.state[tick]
            rows = policy.infer(Observation(0, state, episode.environment[tick], {}))
            episode.require_same(rows[:EXECUTED], episode.action[tick:tick + EXECUTED])
            assert np.abs(np.diff(rows[:, 0], prepend=state[0])).max() < 0.5, 'the short way'
    finally:
        policy.close()


def test_the_server_is_told_where_the_tools_are(server):
    episode = recorded('sim_two_arms')
    contract = replace(episode.contract, cameras=())
    policy = RemotePolicy(RemoteConfig(server.url, task='poses', action_space='tool_pose',
                                       tool_state='tool'), contract, deadline_s=10.0)
    seen = Observation(0, episode.state[50], episode.environment[50], {})
    got = policy._loop.run_until_complete(policy._exchange(seen))['tool']
    policy.close()
    for arm, [(position, rotation)] in enumerate(episode.tools(seen.state[None])):
        np.testing.assert_allclose(got[9 * arm:9 * arm + 9],
                                   [*position, *rotation[:, 0], *rotation[:, 1]], atol=1e-6)
    np.testing.assert_allclose(got[18:], seen.state[[6, 13]], atol=1e-6)


def test_a_tool_out_of_reach_is_told_and_the_next_chunk_counts(server, tmp_path):
    episode = recorded('sim_two_arms')
    place = tmp_path / 'remote.yaml'
    place.write_text(yaml.safe_dump({'url': server.url, 'task': 'far', 'images': [],
                                     'action_space': 'tool_pose'}))
    worker = InferenceWorker(place, episode.contract, deadline_s=10.0)
    try:
        assert worker.wait(60) is None
        assert worker.state is State.IDLE, 'what it says of no scene at all is no fault'
        for _ in range(2):
            assert worker.submit(Observation(0, episode.state[0], episode.environment[0], {}))
            failure = worker.wait(20)
            assert isinstance(failure, Failure)
            assert failure.reason.startswith(
                f"{server.url}: arm 'left': row 2 of the chunk wants its tool at [")
            assert worker.state is State.IDLE
    finally:
        worker.close()


def test_a_chunk_of_another_size_says_what_a_row_holds(server):
    contract = replace(Contract.load('sim_two_arms'), cameras=())
    with pytest.raises(RemoteError) as error:
        RemotePolicy(RemoteConfig(server.url, task='joints', action_space='tool_pose'), contract)
    assert str(error.value) == (
        f"{server.url}: expected 'actions' of shape (rows, 20), 18 for the tools of left, right, "
        f'then left_gripper, right_gripper, got float32 ({HORIZON}, 14)')


@pytest.mark.parametrize(('values', 'text'), [
    ({'action_space': 'tool_pos'}, "action_space 'tool_pos': did you mean 'tool_pose'?"),
    ({'action_space': 'tool_pose', 'relative': True},
     'action_space and relative: expected one of them; take relative out: action_space: '
     'tool_pose says it all'),
    ({'action_space': 'tool_pose', 'rotation': 'euler'}, "rotation 'euler': "),
    ({'action_space': 'tool_pose', 'joints': ('left_gripper',)},
     "joints: expected each of ['left_gripper', 'right_gripper'] once, got ['left_gripper']")])
def test_a_wrong_configuration_is_refused_before_anything_is_sent(values, text):
    with pytest.raises(ConfigError) as error:
        RemoteConfig('ws://127.0.0.1:1', **values).check(Contract.load('sim_two_arms'))
    assert str(error.value).startswith(text)


def test_an_arm_without_tip_is_named_before_anything_is_sent():
    contract = Contract.load('sim_two_arms')
    left, right = contract.arms
    without = replace(contract, long_arms=(left, replace(right, tip='', workspace=None)))
    for values in ({'action_space': 'tool_delta'}, {'tool_state': 'tool'}):
        with pytest.raises(ConfigError, match="arm 'right' of robot 'sim_two_arms' is to be told "
                                              'where its tool goes, .* joint_position for right'):
            RemoteConfig('ws://127.0.0.1:1', **values).check(without)
    assert ActionSpace.of('joint_position', without).size == 14
