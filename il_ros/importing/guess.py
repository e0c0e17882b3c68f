"""Chains of joints made up from the data of a bag that holds no URDF."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import math
from xml.etree.ElementTree import Element, SubElement, tostring

from il_ros.drafting.chains import FINGERS, LEAST_JOINTS, OPENS_M
from il_ros.importing.tracks import speed, Track
import numpy as np

MARGIN = 0.1            # of the range that was seen, on either side
LEAST_MARGIN = {'prismatic': 0.002, 'revolute': 0.05}
FASTER = 1.2            # than what was seen
SLOWEST = 0.1           # of what is written [rad/s]
LEAP = 1.5 * math.pi    # between two samples: over the end of a turn
DIGITS = 4


def chains(groups: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the joints of each arm: those of one command or state; two arms by first words.

    Args:
        groups: Joints that belong together; a joint counts where it stands first.
    """
    found: list[list[str]] = []
    seen: set[str] = set()
    for group in groups:
        names = [name for name in group if name not in seen]
        seen.update(names)
        sides: dict[str, list[str]] = {}
        for name in names:
            sides.setdefault(name.split('_')[0], []).append(name)
        arms = [sum(not finger(name) for name in side) >= LEAST_JOINTS for side in sides.values()]
        found += list(sides.values()) if len(arms) > 1 and all(arms) else [names] if names else []
    return found


def finger(name: str) -> bool:
    """Tell whether a joint is called like one of a gripper."""
    return any(word in name.lower() for word in FINGERS)


def made_up(groups: Sequence[Sequence[str]], tracks: Mapping[str, Sequence[Track]]
            ) -> tuple[str, dict[str, str]]:
    """Return a URDF that has the joints of each chain in a row, and what its limits come from.

    Fingers hang at the end of their chain; those of a group without other joints, at the end of
    the one whose names begin with the same word, else of the first. Links have neither shape nor
    place.

    Args:
        groups: As `chains` returns them.
        tracks: Per joint, what it did and was told; what it did comes first.
    """
    root = Element('robot', name='data')
    SubElement(root, 'link', name='base')
    seen: dict[str, str] = {}
    ends: dict[str, str] = {}
    for group in sorted(groups, key=lambda names: all(map(finger, names))):
        arm = [name for name in group if not finger(name)]
        first = next(iter(ends.values()), 'base')
        end = 'base' if arm else ends.get(group[0].split('_')[0], first)
        for name in arm:
            seen[name] = _joint(root, name, end, tracks[name])
            end = f'link of {name}'
        ends.setdefault(group[0].split('_')[0], end)
        for name in filter(finger, group):
            seen[name] = _joint(root, name, end, tracks[name])
    return tostring(root, encoding='unicode'), seen


def _joint(root: Element, name: str, parent: str, tracks: Sequence[Track]) -> str:
    values = np.array([value for track in tracks for value in track.values])
    low, high = float(values.min()), float(values.max())
    small = max(abs(low), abs(high)) <= OPENS_M
    kind = 'prismatic' if finger(name) and small else 'revolute'
    turns = any((np.abs(np.diff(track.values)) > LEAP).any() for track in tracks)
    margin = max(MARGIN * (high - low), LEAST_MARGIN[kind])
    velocity = max(FASTER * (0.0 if turns else speed(tracks[0])), SLOWEST)
    SubElement(root, 'link', name=f'link of {name}')
    joint = SubElement(root, 'joint', name=name, type='continuous' if turns else kind)
    SubElement(joint, 'parent', link=parent)
    SubElement(joint, 'child', link=f'link of {name}')
    SubElement(joint, 'limit', lower=f'{low - margin:.{DIGITS}f}', effort='0',
               upper=f'{high + margin:.{DIGITS}f}', velocity=f'{velocity:.3g}')
    return ', '.join(_note(low, high, margin, turns))


def _note(low: float, high: float, margin: float, turns: bool) -> Iterator[str]:
    if turns:
        yield 'data: it leaps by a turn, so it has no ends'
        yield f'slow, by il_ros: {SLOWEST:g} at least'
    else:
        yield f'data: {low:.{DIGITS}g} to {high:.{DIGITS}g}'
        yield f'and {margin:.2g} on either side'
        yield f'{FASTER - 1:.0%} faster than seen'
    yield 'NOT the limits of the robot'
