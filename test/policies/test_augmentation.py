from il_ros.errors import ConfigError
from il_ros.policies.config import AugmentationConfig
from il_ros.policies.networks.augmentation import (
    augment,
    camera_dropout,
    colour_jitter,
    random_shift,
)
import pytest
import torch

OFF = AugmentationConfig(shift=0)
ALL = AugmentationConfig(2, 0.3, 0.3, 0.3, 0.4)


@pytest.fixture
def batch():
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(0)
    images = torch.randint(60, 190, (2, 256, 10, 12, 3), dtype=torch.uint8, generator=random)
    return {'state': torch.ones(256, 3), 'images.left': images[0], 'images.right': images[1]}


def test_by_default_images_only_shift(batch):
    torch.manual_seed(3)
    got = augment(batch, AugmentationConfig())
    torch.manual_seed(3)
    assert torch.equal(got['images.left'], random_shift(batch['images.left'], 4))
    assert torch.equal(got['images.right'], random_shift(batch['images.right'], 4))
    assert got['state'] is batch['state']


def test_off_is_off(batch):
    assert all(augment(batch, OFF)[key] is value for key, value in batch.items())


def test_the_seed_decides_every_pixel(batch):
    before = {key: value.clone() for key, value in batch.items()}
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        runs.append(augment(batch, ALL))
    for key in ('images.left', 'images.right'):
        assert runs[0][key].dtype == torch.uint8
        assert runs[0][key].shape == batch[key].shape
        assert torch.equal(runs[0][key], runs[1][key])
        assert not torch.equal(runs[0][key], runs[2][key])
    assert all(torch.equal(batch[key], value) for key, value in before.items())


def test_random_shift_moves_whole_images_and_repeats_the_border():
    torch.manual_seed(0)
    image = torch.arange(64, dtype=torch.uint8).view(1, 8, 8, 1).expand(200, 8, 8, 3)
    moved = random_shift(image, 2)
    padded = torch.nn.functional.pad(image.permute(0, 3, 1, 2).float(), (2,) * 4, mode='replicate')
    windows = [padded[0, 0, y:y + 8, x:x + 8].byte() for y in range(5) for x in range(5)]
    found = [next(k for k, w in enumerate(windows) if torch.equal(w, m)) for m in moved[..., 0]]
    assert set(found) == set(range(25))
    assert torch.equal(moved[..., 0], moved[..., 2])


def test_brightness_multiplies_every_pixel_of_an_image_alike(batch):
    images = batch['images.left']
    got = colour_jitter(images, AugmentationConfig(brightness=0.2))
    factors = got.float().mean((1, 2, 3)) / images.float().mean((1, 2, 3))
    assert 0.79 < factors.min() < 0.83 and 1.17 < factors.max() < 1.21
    expected = images.float() * factors[:, None, None, None]
    assert (got.float() - expected).abs().max() < 1


def test_contrast_keeps_the_mean_and_saturation_the_luminance(batch):
    images = batch['images.left']
    weights = torch.tensor([0.299, 0.587, 0.114])
    contrast = colour_jitter(images, AugmentationConfig(contrast=0.3)).float() @ weights
    luminance = images.float() @ weights
    assert (contrast.mean((1, 2)) - luminance.mean((1, 2))).abs().max() < 0.1
    spread = contrast.std((1, 2)) / luminance.std((1, 2))
    assert spread.min() < 0.75 and spread.max() > 1.25
    saturation = colour_jitter(images, AugmentationConfig(saturation=0.3)).float()
    assert ((saturation @ weights) - luminance).abs().max() < 1
    colour = saturation.std(-1).mean((1, 2)) / images.float().std(-1).mean((1, 2))
    assert colour.min() < 0.75 and colour.max() > 1.25


def test_camera_dropout_leaves_at_least_one_view(batch):
    torch.manual_seed(0)
    views = {k: v for k, v in batch.items() if k != 'state'}
    got = camera_dropout(views, 0.4)
    gone = torch.stack([(got[k] == got[k][:, :1, :1]).all(-1).all(-1).all(-1) for k in views])
    assert not gone.all(0).any()
    assert gone.float().mean() == pytest.approx(0.4 - 0.4**2 / 2, abs=0.05)
    for key, dropped in zip(views, gone, strict=True):
        assert torch.equal(got[key][~dropped], views[key][~dropped])
        mean = views[key].float().mean((1, 2)).round().byte()
        assert torch.equal(got[key][dropped][:, 0, 0], mean[dropped])
    alone = {'images.left': batch['images.left']}
    assert torch.equal(camera_dropout(alone, 1.0)['images.left'], alone['images.left'])


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigError, match='camera_dropout: expected 0 to 1, got 1.5'):
        AugmentationConfig(camera_dropout=1.5)
