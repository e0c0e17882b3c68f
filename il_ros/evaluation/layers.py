"""The four layers of an evaluation: as trained, elsewhere, disturbed, for long."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from il_ros.config import nearest
from il_ros.errors import ConfigError
from il_ros.evaluation.faults import Faults
from il_ros.evaluation.rollout import Conditions
from il_ros.sim.variation import Variation

LAYERS = ('nominal', 'shifted', 'robustness', 'reliability')


@dataclass(frozen=True)
class Variant:
    """One set of rollouts.

    Attributes:
        layer: One of `LAYERS`.
        name: Within the layer.
        meaning: In words.
        repeats: Episodes between two resets of the arm.
        unseen: Why it says nothing about this policy in this task; '' where it does.
    """

    layer: str
    name: str
    meaning: str
    conditions: Conditions
    repeats: int = 1
    unseen: str = ''

    @property
    def key(self) -> str:
        """Its name among all variants."""
        return self.layer if self.name == self.layer else f'{self.layer}: {self.name}'


SHIFTS = {
    'positions': ('the object starts up to 5 cm outside the area of training',
                  Variation(beyond=0.05)),
    'size': ('edges of the object changed by up to 30 %', Variation(size=0.3)),
    'colours': ('other colours of object, box and goal', Variation(colours=True)),
    'camera': ('cameras moved by up to 2 cm and turned by up to 5 degrees',
               Variation(camera=0.02, camera_turn=0.09)),
    'light': ('light brighter or darker by up to 50 %, tinted, from elsewhere',
              Variation(light=0.5)),
}
FAULTS = {
    'sensor noise': ('0.02 % of the range on joints, 1 mm on poses, 5 of 255 on pixels',
                     Faults(joint_noise=0.0002, pose_noise=0.001, image_noise=5.0)),
    'dropped frames': ('half of all observations repeat the one before', Faults(dropped=0.5)),
    'latency': ('each chunk arrives 3 ticks after its observation', Faults(latency_ticks=3)),
}


def parse_layers(text: str) -> tuple[str, ...]:
    """Return the layers that a list separated by commas names, in their usual order.

    Raises:
        ConfigError: One is unknown, or none is named.
    """
    wanted = [name.strip() for name in text.split(',') if name.strip()]
    for name in wanted:
        if name not in LAYERS:
            raise ConfigError(f'layer {name!r}: {nearest(name, list(LAYERS))}')
    if not wanted:
        raise ConfigError(f'layers: expected at least one of {", ".join(LAYERS)}')
    return tuple(layer for layer in LAYERS if layer in wanted)


def variants(layers: Sequence[str], base: Conditions, cameras: bool, movable: bool,
             repeats: int) -> list[Variant]:
    """Return the variants of some layers.

    Args:
        layers: Of `LAYERS`.
        base: Conditions that every variant has, and changes in one thing.
        cameras: Whether the policy sees pictures.
        movable: Whether the task has an object that can be pushed and resized.
        repeats: Episodes of one long run without reset.

    Raises:
        ConfigError: `repeats` is less than 2 and reliability is among the layers.
    """
    found: list[Variant] = []
    if 'nominal' in layers:
        found.append(Variant('nominal', 'nominal', 'as in training', base))
    if 'shifted' in layers:
        for name, (meaning, variation) in SHIFTS.items():
            unseen = ''
            if variation.seen_by_cameras_only and not cameras:
                unseen = 'the policy sees no pictures'
            elif variation.size and not movable:
                unseen = 'the task has no object'
            found.append(Variant('shifted', name, meaning, replace(base, variation=variation),
                                 unseen=unseen))
    if 'robustness' in layers:
        found += [Variant('robustness', name, meaning, replace(base, faults=base.faults | faults))
                  for name, (meaning, faults) in FAULTS.items()]
        found.append(Variant('robustness', 'pushes', 'the object is pushed away once or twice',
                             replace(base, disturb=True),
                             unseen='' if movable else 'the task has no object'))
    if 'reliability' in layers:
        if repeats < 2:
            raise ConfigError(f'repeats: expected 2 or more, got {repeats}')
        found.append(Variant('reliability', 'reliability',
                             f'{repeats} episodes in a row without a reset of the arm', base,
                             repeats))
    return found
