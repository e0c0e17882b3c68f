from dataclasses import replace

from checkpoint_factory import CONTRACT, observation, SMALL
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from il_ros.policies.transforms import (
    Chain,
    features,
    Normalize,
    PoseFeatures,
    RelativeActions,
    ResizeImages,
    to_data,
    WithinLimits,
)
import numpy as np
import pytest

ROWS, HORIZON, JOINTS = 6, 3, len(CONTRACT.joints)
finite = st.floats(-1e3, 1e3)


def sample(seed=0):
    random = np.random.default_rng(seed)
    return {'state': random.uniform(CONTRACT.lower, CONTRACT.upper, (ROWS, JOINTS)),
            'environment': np.stack([observation(k).environment for k in range(ROWS)]),
            'actions': random.uniform(CONTRACT.lower, CONTRACT.upper, (ROWS, HORIZON, JOINTS))}


@settings(max_examples=30, deadline=None)
@given(arrays(float, (ROWS, 4), elements=finite), st.sampled_from(['mean_std', 'min_max']))
def test_normalisation_round_trip(values, method):
    normalize = Normalize.fit({'state': values}, method)
    there = normalize.forward({'state': values})
    assert there['state'].dtype == np.float32
    assert np.isfinite(there['state']).all()
    back = normalize.backward(there)['state']
    np.testing.assert_allclose(back, values, rtol=1e-5, atol=1e-3)


def test_mean_std_and_min_max_by_hand():
    values = np.array([[0.0, 5.0], [2.0, 5.0], [4.0, 5.0]])
    mean_std = Normalize.fit({'state': values}, 'mean_std')
    np.testing.assert_allclose(mean_std.offset['state'], [2, 5])
    np.testing.assert_allclose(mean_std.scale['state'], [np.sqrt(8 / 3), 0.05])
    min_max = Normalize.fit({'state': values}, 'min_max').forward({'state': values})['state']
    np.testing.assert_allclose(min_max, [[-1, 0], [0, 0], [1, 0]])


@pytest.mark.parametrize('spread', [0.0, 1e-4])
def test_a_dimension_that_hardly_moves_stays_harmless(spread):
    values = 3.0 + spread * np.array([[-1.0], [1.0]])
    normalize = Normalize.fit({'state': values}, 'mean_std')
    np.testing.assert_allclose(normalize.forward({'state': np.array([[3.05]])})['state'], [[1.0]],
                               rtol=1e-6)


def test_action_statistics_are_per_row_and_blind_to_what_is_no_label():
    actions = np.array([[[1.0], [10.0]], [[3.0], [30.0]], [[5.0], [np.nan]]])
    valid = np.array([[True, True], [True, True], [True, False]])
    normalize = Normalize.fit({'actions': actions}, 'mean_std', valid)
    np.testing.assert_allclose(normalize.offset['actions'], [[3], [20]])
    np.testing.assert_allclose(normalize.scale['actions'], [[np.sqrt(8 / 3)], [10]])


def test_relative_actions_leave_the_gripper_absolute():
    data = sample()
    relative = features(SMALL, CONTRACT).forward(data)['actions']
    gripper = next(iter(CONTRACT.grippers))
    np.testing.assert_array_equal(relative[..., gripper], data['actions'][..., gripper])
    np.testing.assert_allclose(relative[..., 0], data['actions'][..., 0] - data['state'][:, :1])


@pytest.mark.parametrize('relative', [True, False])
def test_the_chain_unwinds(relative):
    data = sample()
    to_features = features(replace(SMALL, relative_actions=relative), CONTRACT)
    chain = Chain((to_features, Normalize.fit(to_features.forward(data), 'mean_std')))
    there = chain.forward(data)
    assert there['environment'].shape == (ROWS, 3 * 9 + 3 * 9)
    np.testing.assert_allclose(chain.backward(there)['actions'], data['actions'], atol=1e-5)


def test_order_of_unwinding():
    step = RelativeActions(np.ones(JOINTS))
    data = sample()
    twice = Chain((step, step)).forward(data)['actions']
    np.testing.assert_allclose(twice, data['actions'] - 2 * data['state'][:, None])


def test_targets_are_clipped_to_the_limits_less_the_margin():
    contract = replace(CONTRACT, position_margin=0.1)
    limits = WithinLimits.of(contract)
    wild = np.full((1, 2, JOINTS), 1e6)
    np.testing.assert_allclose(
        limits.backward({'actions': wild})['actions'][0, 0],
        contract.upper - 0.1 * (contract.upper - contract.lower))
    np.testing.assert_allclose(
        limits.backward({'actions': -wild})['actions'][0, 0],
        contract.lower + 0.1 * (contract.upper - contract.lower))


def test_a_quaternion_and_its_negative_are_one_rotation():
    environment = observation().environment[None]
    negative = environment.reshape(1, -1, 7) * np.array([1, 1, 1, -1, -1, -1, -1])
    transform = PoseFeatures(differences=True)
    np.testing.assert_allclose(
        transform.forward({'environment': environment})['environment'],
        transform.forward({'environment': negative.reshape(1, -1)})['environment'])


def test_pose_features_by_hand():
    # 90 degrees about z: the first column of the matrix is y, the second -x
    turn = [0, 0, np.sqrt(0.5), np.sqrt(0.5)]
    poses = np.array([[1.0, 2, 3, *turn, 4, 6, 8, 0, 0, 0, 1]])
    got = PoseFeatures(differences=True).forward({'environment': poses})['environment'][0]
    np.testing.assert_allclose(got, [1, 2, 3, 0, 1, 0, -1, 0, 0,
                                     4, 6, 8, 1, 0, 0, 0, 1, 0,
                                     -3, -4, -5, 0, 1, 0, -1, 0, 0], atol=1e-12)
    plain = PoseFeatures(differences=False).forward({'environment': poses})['environment']
    assert plain.shape == (1, 18)


def test_heights_only_and_differences_at_scales():
    poses = np.array([[1.0, 2, 3, 0, 0, 0, 1, 0.9, 2, 2.5, 0, 0, 0, 1]])
    same = [1.0, 0, 0, 0, 1, 0]
    got = PoseFeatures(True, True, (0.1, 0.5)).forward({'environment': poses})['environment'][0]
    np.testing.assert_allclose(got, [3, *same, 2.5, *same, 0.1, 0, 0.5, np.tanh(1), 0, np.tanh(5),
                                     np.tanh(0.2), 0, np.tanh(1), *same])


def test_resize_averages_areas():
    image = np.zeros((1, 4, 4, 3), np.uint8)
    image[:, :2, :2] = 200
    image[:, 2, 2] = 100
    small = ResizeImages(2, 2).resize(image)[0, ..., 0]
    np.testing.assert_array_equal(small, [[200, 0], [0, 25]])
    assert ResizeImages(4, 4).resize(image) is image


def test_to_data_takes_the_inputs_and_the_state():
    seen = observation()
    assert set(to_data(seen, ('environment', 'wrist'))) == {'state', 'environment', 'images.wrist'}
    assert to_data(seen, ('state',))['state'].shape == (1, JOINTS)
