"""What a policy says in each action space moves the robot as the joints it was made from."""
from dataclasses import replace

from checkpoint_factory import SMALL, VARIANTS
from il_ros.config import build
from il_ros.contract import Contract
from il_ros.errors import ConfigError, ReachError
from il_ros.execution.chunk_scheduler import make_scheduler, SCHEDULERS
from il_ros.kinematics import find_urdf
from il_ros.policies.action_space import OF_ARMS, SPACES
from il_ros.policies.checkpoint import Checkpoint
from il_ros.policies.config import KINDS, PolicyConfig
from il_ros.policies.inputs.tool_actions import read, ToolActions, written
from il_ros.policies.inputs.tool_frame import rotations, ToolFrame
from il_ros.policies.load import LearnedPolicy, make_network
from il_ros.policies.transforms import Chain, features, Normalize
from il_ros.training.config import TrainConfig
from il_ros.training.samples import Samples
from il_ros.types import Observation
import numpy as np
from policies.recorded import recorded, TASKS, turning
import pytest
import torch

HORIZON, EXECUTED = 12, 8
WAYS = {  # of one setting for all arms
    **{space: {'action_space': space} for space in OF_ARMS},
    'joint_delta by row': {'action_space': 'joint_delta', 'delta_from': 'row'},
    'tool_delta by row': {'action_space': 'tool_delta', 'delta_from': 'row'},
    'tool_delta of the tool': {'action_space': 'tool_delta', 'delta_axes': 'tool'},
    'tool_delta of the tool by row': {'action_space': 'tool_delta', 'delta_axes': 'tool',
                                      'delta_from': 'row'}}
MIXED = {'action_space': {'left': 'joint_delta', 'right': 'tool_pose'}}
BASED = {'action_space': {'arm': 'tool_delta', 'base': 'velocity'}}
PLACES = [(robot, way) for robot in TASKS for way in WAYS.values()] + [
    ('sim_two_arms', MIXED), ('sim_mobile', BASED)]


def spelled(way):
    return '-'.join(map(str, way.values())) if isinstance(way, dict) else str(way)


def labels(episode, config):
    """Return the transforms, the labels of each row as training makes them, and their frame."""
    space = config.space(episode.contract)
    frame = ToolFrame.of(space, find_urdf(episode.contract)) if space.tools else None
    samples = Samples.of(episode.source, TrainConfig(config, validation_share=0.0), {}, frame)
    chain = features(config, episode.contract, frame)
    rows = np.arange(len(episode.state) - HORIZON)
    return chain, chain.forward(samples.batch(rows)[0])['actions'], samples


@pytest.mark.parametrize(('robot', 'way'), PLACES, ids=spelled)
def test_the_path_is_that_of_the_joints(robot, way):
    episode, config = recorded(robot), replace(SMALL, horizon=HORIZON, **way)
    chain, said, _ = labels(episode, config)
    assert said.shape[2] == config.space(episode.contract).size
    starts = range(0, len(said), EXECUTED)
    found = [chain.backward({'actions': said[[t]], 'state': episode.state[[t]]})['actions'][0]
             for t in starts]
    episode.require_same(np.concatenate([rows[:EXECUTED] for rows in found]),
                         np.concatenate([episode.action[t:t + EXECUTED] for t in starts]))


@pytest.mark.parametrize('space', [*OF_ARMS, MIXED['action_space']], ids=str)
@pytest.mark.parametrize('kind', KINDS)
def test_whole_policies_of_each_kind_move_so(kind, space):
    """The networks are real; their statistics are so narrow that all they say is the label."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    episode = recorded('sim_two_arms')
    config = replace(VARIANTS[kind], horizon=HORIZON, relative_actions=True, action_space=space)
    _, said, _ = labels(episode, config)
    urdf = find_urdf(episode.contract) if config.space(episode.contract).tools else None
    sample = features(config, episode.contract).forward({
        'state': episode.state[:1], 'environment': episode.environment[:1]})
    known = {key: np.zeros(sample[key].shape[1:]) for key in ('state', 'environment')}
    policy = LearnedPolicy(Checkpoint(config, episode.contract, Normalize({}, {}), urdf),
                           make_network(config, episode.contract))
    for tick in range(0, len(said), 30):
        offset = {**known, 'actions': said[tick].astype(np.float64)}
        policy._normalize = Normalize(offset, {
            key: np.full_like(value, 1e-7 if key == 'actions' else 1.0)
            for key, value in offset.items()})
        rows = policy.infer(Observation(tick, episode.state[tick], episode.environment[tick], {}))
        episode.require_same(rows[:EXECUTED], episode.action[tick:tick + EXECUTED])


@pytest.mark.parametrize('join', [0.0, 0.5])
@pytest.mark.parametrize('name', SCHEDULERS)
@pytest.mark.parametrize(('robot', 'space'), [
    *(('sim_two_arms', space) for space in OF_ARMS), ('sim_mobile', 'tool_delta')])
def test_schedulers_play_it(robot, space, name, join):
    """A chunk at every third tick, each from what was measured then."""
    episode, config = recorded(robot), replace(SMALL, horizon=HORIZON, action_space=space)
    chain, said, _ = labels(episode, config)
    scheduler = make_scheduler(name, episode.contract, 3, join=join)
    period, played = episode.contract.period_ns, []
    for tick in range(60):
        if tick % 3 == 0:
            chunk = chain.backward({'actions': said[[tick]], 'state': episode.state[[tick]]})
            scheduler.add(chunk['actions'][0], tick * period, tick * period)
        played.append(scheduler.output(tick * period)[0])
    episode.require_same(np.array(played), episode.action[:60])


@pytest.mark.parametrize('turns', [0, 1000])
@pytest.mark.parametrize('way', WAYS.values(), ids=spelled)
def test_joints_that_turn_without_end_go_the_short_way(tmp_path, way, turns):
    episode = turning(tmp_path, np.pi - recorded('sim_arm').action[:, 0].mean(), turns)
    assert np.abs(np.diff(episode.action[:, 0])).max() > 6, 'the driver leaps'
    config = replace(SMALL, horizon=HORIZON, **way)
    chain, said, _ = labels(episode, config)
    plain = recorded('sim_arm')
    for tick in range(0, len(said), EXECUTED):
        state = episode.state[tick]
        rows = chain.backward({'actions': said[[tick]], 'state': state[None]})['actions'][0]
        assert np.abs(np.diff(rows[:, 0], prepend=state[0])).max() < 0.5
        steps = rows[:, 0] - state[0] - (plain.action[tick:tick + HORIZON, 0]
                                         - plain.state[tick, 0])
        np.testing.assert_allclose(steps, 0.0, atol=1e-3)
        episode.require_same(rows, episode.action[tick:tick + HORIZON])


@pytest.mark.parametrize('normalization', ['mean_std', 'min_max'])
@pytest.mark.parametrize('space', OF_ARMS)
def test_no_statistics_see_a_leap_at_half_a_turn(tmp_path, space, normalization):
    """Where the leap of a driver lies changes nothing but where zero is."""
    found = []
    for offset, turns in ((0.0, 0), (np.pi - recorded('sim_arm').state[:, 0].mean(), 0),
                          (np.pi, 1000)):
        episode = turning(tmp_path, offset, turns)
        config = replace(SMALL, horizon=HORIZON, action_space=space)
        chain, _, samples = labels(episode, config)
        data, valid = samples.batch(np.arange(len(episode.state)))
        seen = chain.forward(data)
        assert np.abs(seen['state']).max() < 3, 'cosine and sine stand for the angle'
        if space != 'tool_pose':   # which is another one where the base is turned
            found.append(Normalize.fit({'actions': seen['actions']}, normalization, valid))
        if space == 'joint_position':
            np.testing.assert_array_equal(config.space(episode.contract).mask, np.eye(7)[0])
    if space.startswith('joint'):
        for one in found:
            np.testing.assert_allclose(one.offset['actions'], found[0].offset['actions'],
                                       atol=1e-4)
            np.testing.assert_allclose(one.scale['actions'], found[0].scale['actions'], atol=1e-4)


@pytest.mark.parametrize('rotation', ['6d', 'vector', 'quaternion'])
def test_a_rotation_comes_back(rotation):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(60, 3))
    vectors *= np.concatenate([random.uniform(0, np.pi, 50), np.full(10, np.pi)])[:, None] / (
        np.linalg.norm(vectors, axis=1, keepdims=True))
    vectors[0] = 0
    vectors[-3:] = np.pi * np.eye(3)      # a tool that points down is a half turn
    matrices = rotations(vectors)
    np.testing.assert_allclose(read(written(matrices, rotation), rotation), matrices, atol=1e-7)


def test_six_values_that_are_no_rotation_become_the_nearest_or_are_refused():
    matrix = rotations(np.array([[0.3, -0.5, 1.0]]))
    blurred = written(matrix, '6d') * 1.7 + 0.02
    found = read(blurred, '6d')
    np.testing.assert_allclose(found @ np.swapaxes(found, -1, -2), np.eye(3)[None], atol=1e-12)
    np.testing.assert_allclose(found, matrix, atol=0.05)
    for wrong in (np.zeros((1, 6)), np.array([[1.0, 0, 0, 2.0, 0, 0]]), np.full((1, 6), np.nan)):
        with pytest.raises(ReachError, match='rotations that are none: expected two columns'):
            read(wrong, '6d')


def test_rows_have_the_tools_first_in_six_values_of_rotation():
    contract = Contract.load('sim_two_arms')
    config = replace(SMALL, **MIXED)
    frame = ToolFrame.of(config.space(contract), find_urdf(contract))
    state = np.array(contract.start)[None]
    said = ToolActions(frame, config.space(contract)).forward(
        {'state': state, 'actions': frame.poses(state)[:, None]})['actions'][0, 0]
    pose = frame.poses(state)[0, :12]
    np.testing.assert_allclose(said[:3], pose[:3])
    np.testing.assert_allclose(said[3:9], pose[3:].reshape(3, 3)[:, :2].T.ravel())
    np.testing.assert_allclose(said[9:], [*[0.0] * 6, 0.04, 0.04])   # left arm and both grippers


@pytest.mark.parametrize('axes', ['root', 'tool'])
def test_a_delta_lies_along_the_axes_that_were_asked_for(axes):
    contract = Contract.load('sim_arm')
    space = replace(SMALL, action_space='tool_delta', delta_axes=axes).space(contract)
    actions = ToolActions(ToolFrame.of(space, find_urdf(contract)), space)
    state = np.array(contract.start)[None]
    pose = actions.frame.poses(state)[0, :12]
    rotation = pose[3:].reshape(3, 3)
    step = np.array([[[0.01, 0.0, 0.0, 1, 0, 0, 0, 1, 0, 0.04]]])
    moved = actions.frame.poses(actions.backward({'actions': step, 'state': state})['actions'][0])
    expected = [0.01, 0, 0] if axes == 'root' else rotation[:, 0] * 0.01
    np.testing.assert_allclose(moved[0, :3] - pose[:3], expected, atol=1e-6)


@pytest.mark.parametrize('space', ['tool_pose', 'tool_delta'])
def test_a_pose_out_of_reach_is_refused_and_no_row_leaps(space):
    contract = Contract.load('sim_two_arms')
    config = replace(SMALL, action_space=space)
    frame = ToolFrame.of(config.space(contract), find_urdf(contract))
    actions = ToolActions(frame, config.space(contract))
    state = np.array(contract.start)[None]
    still = np.repeat(frame.poses(state)[:, None], 6, 1)
    said = actions.forward({'state': state, 'actions': still})['actions']
    near, far, late = said.copy(), said.copy(), said.copy()
    near[0, :, 9] += 0.05      # x of the right arm's tool
    far[0, 3:, 9 + 2] += 2.0   # its height
    late[0, :, 9 + 1] += 0.25  # there in time it cannot be
    rows = actions.backward({'actions': near, 'state': state})['actions'][0]
    moved = frame.poses(rows)[-1] - frame.poses(state)[0]
    np.testing.assert_allclose(moved[12:15], [0.05, 0, 0], atol=1e-4)
    np.testing.assert_allclose(moved[:12], 0, atol=1e-6)
    step = contract.velocity * contract.period_ns * 1e-9
    rows = actions.backward({'actions': late, 'state': state})['actions'][0]
    assert (np.abs(np.diff(rows, axis=0)) <= step + 1e-9).all()
    with pytest.raises(ReachError) as error:
        actions.backward({'actions': far, 'state': state})
    text = str(error.value)
    assert text.startswith("arm 'right': row 3 of the chunk wants its tool at [")
    assert text.endswith('degrees are left; the chunk is refused')


def test_limits_of_the_contract_are_kept_or_refused():
    contract = Contract.load('sim_arm')
    joints = (replace(contract.joints[0], position=(-0.1, 0.1)), *contract.joints[1:])
    tight = replace(contract, joints=joints)
    config = replace(SMALL, action_space='tool_pose')
    frame = ToolFrame.of(config.space(tight), find_urdf(tight))
    start = np.array(tight.start)
    beyond = frame.poses((start + 0.6 * np.eye(7)[0])[None])
    with pytest.raises(ReachError, match="arm 'arm': row 0 of the chunk wants its tool at"):
        frame.joints(beyond, start)


@pytest.mark.parametrize(('robot', 'setting', 'text'), [
    ('sim_two_arms', 'tool_delte', "action_space 'tool_delte': did you mean 'tool_delta'?"),
    ('sim_two_arms', {'left': 'tool_pose'},
     "action_space: says nothing of arm 'right'; expected one of joint_position, joint_delta, "
     'tool_pose, tool_delta for each of left, right'),
    ('sim_two_arms', {'left': 'tool_pose', 'rigth': 'tool_pose'},
     "action_space: robot 'sim_two_arms' has no arm 'rigth'; did you mean 'right'?"),
    ('sim_two_arms', 'velocity',
     "action_space velocity: is that of a base; arm 'left' of robot 'sim_two_arms' takes "
     'joint_position, joint_delta, tool_pose, tool_delta'),
    ('sim_mobile', {'arm': 'velocity'},
     'action_space: arm: expected joint_position or joint_delta or tool_pose or tool_delta, got '
     'velocity'),
    ('sim_mobile', {'arm': 'tool_pose', 'base': 'tool_pose'},
     'action_space: base: expected velocity, got tool_pose')])
def test_a_wrong_name_is_one_line(robot, setting, text):
    with pytest.raises(ConfigError) as error:
        build(PolicyConfig, {'action_space': setting}, 'x').check_inputs(Contract.load(robot))
    assert str(error.value).removeprefix('x: ') == text


@pytest.mark.parametrize(('values', 'text'), [
    ({'action_space': 'joint_delta', 'tool_actions': True},
     'action_space and tool_actions: expected one of them; take tool_actions out: action_space: '
     'joint_delta says it all'),
    ({'action_space': 'tool_pose', 'relative_actions': False},
     'action_space and relative_actions: expected one of them; take relative_actions out: '
     'action_space: tool_pose says it all'),
    ({'delta_from': 'row'}, 'delta_from: says how deltas are counted; expected action_space: '
                            'tool_delta or joint_delta, got none'),
    ({'action_space': 'joint_delta', 'delta_axes': 'tool'},
     'delta_axes: says how deltas are counted; expected action_space: tool_delta, got '
     'joint_delta'),
    ({'action_space': 'tool_delta', 'delta_axes': 'tols'},
     "delta_axes 'tols': did you mean 'tool'?")])
def test_settings_that_say_two_things_are_refused(values, text):
    with pytest.raises(ConfigError) as error:
        PolicyConfig(**values)
    assert str(error.value) == text


@pytest.mark.parametrize('values', [{'tool_actions': True}, {'action_space': 'tool_delta'},
                                    {'action_space': {'left': 'tool_pose',
                                                      'right': 'joint_delta'}}])
def test_an_arm_without_tip_is_named_with_the_way_out(values):
    contract = Contract.load('sim_two_arms')
    left, right = contract.arms
    without = replace(contract, long_arms=(replace(left, tip='', workspace=None), right))
    with pytest.raises(ConfigError) as error:
        replace(SMALL, **values).check_inputs(without)
    assert str(error.value) == (
        "action_space: arm 'left' of robot 'sim_two_arms' is to be told where its tool goes, and "
        'the contract names no tip: name it there, or write action_space: joint_position for left '
        'in a copy of the settings')
    if len(values) > 1:
        replace(SMALL, action_space={'left': 'joint_position', 'right': 'tool_pose'}
                ).check_inputs(without)


def test_the_contract_says_where_the_setting_belongs():
    text = Contract.load('sim_arm').to_text()
    for space in set(SPACES) - {'joint_position'}:
        with pytest.raises(ConfigError, match=f"action_space '{space}': what robots are told and "
                                              'data hold is joint_position; write what a policy'):
            Contract.from_text(text.replace('action_space: joint_position',
                                            f'action_space: {space}'))


def test_the_old_options_mean_what_they_did():
    contract = Contract.load('sim_arm')
    old = {'joint_delta': {}, 'joint_position': {'relative_actions': False}}
    state = np.array(contract.start)[None]
    data = {'state': state, 'actions': state[:, None] + 0.01 * np.arange(4)[None, :, None]}
    for name, values in old.items():
        now, then = (features(config, contract).forward(data)['actions'] for config in (
            replace(SMALL, action_space=name), replace(SMALL, **values)))
        np.testing.assert_array_equal(now, then)
    space = replace(SMALL, tool_actions=True).space(contract)
    assert (space.size, space.rotation, space.lenient) == (7, 'vector', True)
    assert Chain(()).forward(data) is data
