"""What a network makes of distances: the same in training, live and exported."""
from dataclasses import replace

from bag_factory import with_depth
from checkpoint_factory import CONTRACT, make_checkpoint, observation, SMALL
from il_ros.errors import ConfigError
from il_ros.policies.config import AugmentationConfig
from il_ros.policies.load import load
from il_ros.policies.networks.augmentation import augment
from il_ros.policies.networks.network import to_planes
from il_ros.policies.policy import start_observation
from il_ros.policies.remote.remote_config import ImageKey, RemoteConfig
from il_ros.policies.transforms import features
from il_ros.training import train as training
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource
import numpy as np
import pytest
import torch

DEPTH = with_depth(CONTRACT, 'wrist')
POLICY = replace(SMALL, inputs=('state', 'wrist'), image_size=(32, 32), horizon=1)
ZERO = 0.2 - 1.8 / 4094


def test_metres_become_two_planes_of_distance_and_one_of_what_is_known():
    metres = np.array([0.0, 0.2, 1.1, 2.0, 5.0], np.float32).reshape(1, 1, 5, 1)
    config = replace(POLICY, image_size=None)
    shares = features(config, DEPTH).forward({'state': np.zeros((1, 7)), 'images.wrist': metres})
    shares = shares['images.wrist']
    np.testing.assert_allclose(
        shares[0, 0, :, 0], [0, 1 / 4095, (1.1 - ZERO) / (2 - ZERO), 1, 1], atol=1e-6)
    planes = to_planes(torch.from_numpy(shares))[0, :, 0]
    assert planes.shape == (3, 5) and torch.equal(planes[0], planes[1])
    np.testing.assert_allclose(planes[0], [0, -1, 0, 1, 1], atol=1e-3)
    assert planes[2].tolist() == [-1, 1, 1, 1, 1]


@pytest.mark.parametrize('share', [0.0, 1.0])
def test_no_augmentation_makes_up_a_distance(share):
    views = {'images.wrist': torch.rand(8, 6, 6, 1), 'images.scene': torch.zeros(
        8, 6, 6, 3, dtype=torch.uint8)}
    views['images.wrist'][:, :, 2] = 0
    found = augment(views, AugmentationConfig(shift=2, brightness=0.5, contrast=0.5,
                                              saturation=0.5, camera_dropout=share))
    for one, of in zip(found['images.wrist'], views['images.wrist'], strict=True):
        assert set(one.unique().tolist()) <= {0.0, *of.unique().tolist()}
    dropped = (found['images.wrist'].flatten(1) == 0).all(1)
    assert dropped.any() == bool(share)


def near_on_a_side(rows, random):
    """Where the policy shall go is told by the distances alone: which side is near."""
    left = random.random(rows) < 0.5
    images = np.full((rows, *DEPTH.camera('wrist').shape), 1.5, np.float32)
    half = images.shape[2] // 2
    images[left, :, :half], images[~left, :, half:] = 0.5, 0.5
    images[:, ::16] = 0
    return left, images


def test_a_policy_learns_from_distances_and_is_the_same_live(tmp_path):
    random = np.random.default_rng(0)
    left, images = near_on_a_side(60, random)
    state = np.tile(np.array(CONTRACT.start), (60, 1))
    action = state + np.where(left, 0.2, -0.2)[:, None] * ~CONTRACT.is_gripper
    source = ArraySource(DEPTH, [20, 20, 20], {
        'observation.state': state, 'action': action, 'control_source': np.ones(60, int),
        'intervention': np.zeros(60)}, {'wrist': images})
    best = training.fit(source, tmp_path / 'run', TrainConfig(
        POLICY, steps=100, batch_size=16, validate_every=100))
    policy = load(best)
    for wanted, image in zip(left[:6], images[:6], strict=True):
        target = policy.infer(replace(start_observation(DEPTH, ('wrist',)),
                                      images={'wrist': image}))[0]
        assert (target[0] > CONTRACT.start[0]) == wanted


def test_the_exported_file_takes_metres(tmp_path):
    pytest.importorskip('onnx')
    onnxruntime = pytest.importorskip('onnxruntime')
    from il_ros.policies.runtimes.onnx import export
    policy = load(make_checkpoint(tmp_path / 'c', POLICY, DEPTH))
    assert export(policy, tmp_path / 'policy.onnx') < 1e-5
    seen = replace(observation(5), images={'wrist': np.random.default_rng(1).uniform(
        0, 2.2, DEPTH.camera('wrist').shape).astype(np.float32)})
    session = onnxruntime.InferenceSession(tmp_path / 'policy.onnx')
    found, = session.run(None, {'state': seen.state.astype(np.float32)[None],
                                'wrist': seen.images['wrist'][None]})
    np.testing.assert_allclose(found[0], policy.infer(seen), atol=1e-5)


def test_servers_are_sent_none():
    assert RemoteConfig('ws://x:1').cameras(DEPTH) == ('scene',)
    with pytest.raises(ConfigError, match="images: camera 'wrist' sees distances, which servers"):
        RemoteConfig('ws://x:1', images=(ImageKey('k', 'wrist'),)).check(DEPTH)
