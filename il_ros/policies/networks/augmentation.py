"""Images as they might have looked too: in training only, on the batch, before any network.

Networks know nothing of it. Every draw comes from torch's default generator of the images' device,
so `torch.manual_seed` decides all of them.
"""
from __future__ import annotations

from il_ros.policies.config import AugmentationConfig
import torch
from torch import Tensor

IMAGES = 'images.'
GREY = (0.299, 0.587, 0.114)  # of red, green and blue in the luminance (ITU-R BT.601)


def augment(batch: dict[str, Tensor], config: AugmentationConfig) -> dict[str, Tensor]:
    """Return the batch with other images; every sample and view draws for itself.

    Args:
        batch: Images are 'images.<camera>' (B, H, W, 3) uint8, and stay so; of several ticks,
            (B, T, H, W, 3), which all change alike.
        config: What may happen to them; to distances, (B, H, W, 1), nothing that is of colours.
    """
    views = {key: _ticks_behind(value) for key, value in batch.items()
             if key.startswith(IMAGES)}
    for key, images in views.items():
        if config.shift:
            images = random_shift(images, config.shift)
        if images.shape[-1] == 3 and (
                config.brightness or config.contrast or config.saturation):
            images = colour_jitter(images, config)
        views[key] = images
    if config.camera_dropout and views:
        views = camera_dropout(views, config.camera_dropout)
    return batch | {key: _ticks_before(value) for key, value in views.items()}


def _ticks_behind(images: Tensor) -> Tensor:
    return images if images.dim() == 4 else images.movedim(1, 3)  # (B, H, W, T, 3)


def _ticks_before(images: Tensor) -> Tensor:
    return images if images.dim() == 4 else images.movedim(3, 1)  # (B, T, H, W, 3)


def random_shift(images: Tensor, pixels: int) -> Tensor:
    """Shift each image by up to `pixels`, repeating its border (Yarats et al. 2021, DrQ).

    The same as a random crop of the padded image. Shape (B, H, W, 3) or (B, H, W, T, 3).
    """
    count, height, width = images.shape[:3]
    device = images.device
    down, right = torch.randint(-pixels, pixels + 1, (2, count, 1), device=device)
    rows = (torch.arange(height, device=device) + down).clamp(0, height - 1)  # (B, H)
    columns = (torch.arange(width, device=device) + right).clamp(0, width - 1)  # (B, W)
    image = torch.arange(count, device=device)[:, None, None]
    return images[image, rows[:, :, None], columns[:, None]]


def colour_jitter(images: Tensor, config: AugmentationConfig) -> Tensor:
    """Change brightness, contrast and saturation, in this order.

    Each factor is uniform in 1 - x to 1 + x for the setting x, as in torchvision's ColorJitter,
    whose order is random. Shape (B, H, W, 3) or (B, H, W, T, 3), uint8.
    """
    weights = torch.tensor(GREY, device=images.device)

    def factor(strength: float) -> Tensor:
        drawn = torch.rand(len(images), *[1] * (images.dim() - 1), device=images.device)
        return 1 + strength * (2 * drawn - 1)

    values = images.float() * factor(config.brightness)
    mean = (values @ weights).mean((1, 2), keepdim=True)[..., None]  # (B, 1, 1, 1)
    values = mean + (values - mean) * factor(config.contrast)
    grey = (values @ weights)[..., None]  # (B, H, W, 1)
    values = grey + (values - grey) * factor(config.saturation)
    return values.round().clamp(0, 255).to(images.dtype)


def camera_dropout(views: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Replace whole views by their mean colour, so that no policy relies on one of them alone.

    Distances become unknown.

    Args:
        views: Images per camera. Shape (B, H, W, 3) or (B, H, W, T, 3) each, uint8.
        share: Probability for each view of each sample. Where all would go, one, drawn at random,
            stays: a single camera is never dropped.
    """
    some = next(iter(views.values()))
    count, device = len(some), some.device
    dropped = torch.rand(count, len(views), device=device) < share  # (B, V)
    stays = torch.randint(len(views), (count, 1), device=device)
    dropped &= ~(dropped.all(1, keepdim=True)
                 & (torch.arange(len(views), device=device) == stays))
    found = {}
    for (key, images), drop in zip(views.items(), dropped.unbind(1), strict=True):
        mean = images.float().mean((1, 2), keepdim=True).round().to(images.dtype) if (
            images.shape[-1] == 3) else torch.zeros((), device=device)
        found[key] = torch.where(drop.view(-1, *[1] * (images.dim() - 1)), mean, images)
    return found
