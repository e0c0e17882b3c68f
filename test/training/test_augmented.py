"""What training does to images and where their encoders start; see policies/augmentation.py."""
from dataclasses import replace

from checkpoint_factory import CONTRACT, observation, VARIANTS
from il_ros.errors import CheckpointError
from il_ros.policies.config import AugmentationConfig
from il_ros.policies.load import load
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource
from il_ros.training.train import fit
from il_ros.types import Observation
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
import torch

ROWS = 24
CONFIG = TrainConfig(VARIANTS['bc camera'], steps=2, batch_size=8, warmup_steps=0,
                     validation_share=0.0)
OFF = AugmentationConfig(shift=0)


@pytest.fixture(scope='module')
def source():
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    state = np.clip(random.uniform(-1, 1, (ROWS, 7)), CONTRACT.lower, CONTRACT.upper)
    images = {name: random.integers(0, 256, (ROWS, 128, 128, 3), dtype=np.uint8)
              for name in ('wrist', 'scene')}
    return ArraySource(CONTRACT, [ROWS], {
        'observation.state': state, 'action': state, 'control_source': np.ones(ROWS, int),
        'intervention': np.zeros(ROWS)}, images)


def trained(source, folder, config):
    return load_file(fit(source, folder, config) / 'model.safetensors')


def same(one, two):
    return all(np.array_equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize('kind', ['bc', 'act'])
def test_every_kind_sees_other_images(source, tmp_path, kind):
    config = replace(CONFIG, policy=VARIANTS[f'{kind} camera'])
    runs = [trained(source, tmp_path / name, replace(config, policy=replace(
        config.policy, augmentation=augmentation))) for name, augmentation in (
            ('shift', AugmentationConfig()), ('again', AugmentationConfig()), ('off', OFF),
            ('colour', AugmentationConfig(0, brightness=0.2)))]
    assert same(runs[0], runs[1]), 'the seed decides'
    assert not same(runs[0], runs[2])
    assert not same(runs[2], runs[3])


def test_inference_sees_images_as_they_are(source, tmp_path):
    wild = replace(CONFIG.policy, augmentation=AugmentationConfig(8, 0.5, 0.5, 0.5, 0.5))
    policy = load(fit(source, tmp_path / 'run', replace(CONFIG, policy=wild)))
    seen = observation()
    np.testing.assert_array_equal(policy.infer(seen), policy.infer(seen))
    assert policy.description.config.augmentation == wild.augmentation


def test_backbones_start_from_the_file(source, tmp_path):
    policy = VARIANTS['act camera']
    policy = replace(policy, inputs=('state', 'wrist'),
                     act=replace(policy.act, image_widths=(4, 8), image_blocks=2))
    random = np.random.default_rng(0)
    shapes = {'conv1.weight': (4, 3, 7, 7), 'bn1.weight': (4,), 'bn1.bias': (4,)}
    for block, (inputs, width) in {'1.0': (4, 4), '1.1': (4, 4), '2.0': (4, 8),
                                   '2.1': (8, 8)}.items():
        shapes |= {f'layer{block}.conv1.weight': (width, inputs, 3, 3),
                   f'layer{block}.conv2.weight': (width, width, 3, 3),
                   **{f'layer{block}.bn{k}.{part}': (width,)
                      for k in (1, 2) for part in ('weight', 'bias')}}
    shapes |= {'layer2.0.downsample.0.weight': (8, 4, 1, 1),
               'layer2.0.downsample.1.weight': (8,), 'layer2.0.downsample.1.bias': (8,)}
    path = tmp_path / 'small.safetensors'
    given = {k: random.normal(size=s).astype(np.float32) for k, s in shapes.items()}
    save_file(given, path)
    config = replace(CONFIG, policy=policy, pretrained=str(path), steps=1, learning_rate=1e-9,
                     weight_decay=0.0)
    weights = trained(source, tmp_path / 'run', config)
    np.testing.assert_allclose(weights['backbones.shared.stages.3.second.weight'],
                               given['layer2.1.conv2.weight'], atol=1e-6)
    with pytest.raises(CheckpointError, match='expected a safetensors file, found no none'):
        fit(source, tmp_path / 'other', replace(config, pretrained='none'))


def bars(random, rows):
    """Return images with a bright bar, and how far right it stands (-1 to 1)."""
    places = random.uniform(-1, 1, rows)
    columns = np.arange(32) / 15.5 - 1
    image = 255 * np.exp(-20 * (columns - places[:, None]) ** 2)
    image = image[:, None].repeat(32, 1)[..., None].repeat(3, -1)
    return image.astype(np.uint8), places


@pytest.mark.slow
def test_camera_dropout_against_reliance_on_one_view(tmp_path):
    """Both views show what to do; one is clearer, and then it is gone."""
    random = np.random.default_rng(0)
    rows = 400
    clear, places = bars(random, rows)
    noisy = (clear + 20 * random.normal(size=clear.shape)).clip(0, 255).astype(np.uint8)
    state = np.tile(CONTRACT.start, (rows, 1))
    action = state + 0.3 * places[:, None] * np.eye(7)[0]
    images = {name: view.repeat(4, 1).repeat(4, 2)
              for name, view in (('wrist', clear), ('scene', noisy))}
    source = ArraySource(CONTRACT, [rows], {
        'observation.state': state, 'action': action, 'control_source': np.ones(rows, int),
        'intervention': np.zeros(rows)}, images)
    policy = replace(CONFIG.policy, inputs=('wrist', 'scene'), horizon=1, image_size=(16, 16),
                     bc=replace(CONFIG.policy.bc, hidden=32))
    config = replace(CONFIG, steps=300, batch_size=32, learning_rate=5e-3, ema_decay=0.98)
    grey = np.full((128, 128, 3), images['wrist'].mean(), np.uint8)

    def error_without_wrist(share):
        augmentation = AugmentationConfig(shift=0, camera_dropout=share)
        learned = load(fit(source, tmp_path / str(share), replace(
            config, policy=replace(policy, augmentation=augmentation))))
        got = [learned.infer(Observation(0, state[0], np.zeros(0), {
            'wrist': grey, 'scene': images['scene'][k]}))[0, 0] for k in range(40)]
        return np.abs(got - action[:40, 0]).mean()

    assert error_without_wrist(0.4) < 0.5 * error_without_wrist(0.0)
