"""What training does to images and where their encoders start; see policies/augmentation.py."""
from dataclasses import replace

from checkpoint_factory import CONTRACT, observation, VARIANTS
from il_ros.errors import CheckpointError
from il_ros.policies.config import AugmentationConfig
from il_ros.policies.load import load
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource
from il_ros.training.train import fit
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
    np.testing.assert_allclose(weights['backbones.wrist.stages.3.second.weight'],
                               given['layer2.1.conv2.weight'], atol=1e-6)
    with pytest.raises(CheckpointError, match='expected a safetensors file, found no none'):
        fit(source, tmp_path / 'other', replace(config, pretrained='none'))
