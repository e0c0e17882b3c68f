"""Whether the columns of a dataset are in the units of the contract."""
from __future__ import annotations

from collections.abc import Iterable, Mapping

from il_ros.contract import Contract, POSE_SIZE
from il_ros.datasets import schema
from il_ros.types import Floats
import numpy as np

BEYOND = 0.02       # of a joint's range; a measurement may lie that far outside
RARELY = 0.01       # of the rows
FITS = 0.1          # of a joint's range; another unit is guessed where it fits so well
FULL_TURN = 2 * np.pi
MILLI = 1e-3
STROKE_M, AXIS_M = 0.2, 1.0     # a gripper's or an axis's range, up to which it may be in metres
FAR_M = 10.0        # of a pose from the origin
# What grippers are told: their whole stroke as a number of steps.
STROKES = {'a share of its stroke': 1.0, 'percent': 100.0, 'steps of 0 to 255': 255.0,
           'steps of 0 to 1000': 1000.0}
WORDS = {schema.STATE: 'measured', schema.ACTION: 'commanded', schema.POLICY_ACTION:
         "the policy's"}


def unit_problems(contract: Contract, columns: Mapping[str, Floats]) -> list[str]:
    """Return in words which columns do not fit the contract, and which unit they may be in.

    Args:
        contract: Limits of the joints, names of the poses.
        columns: Of `schema`; of those that are there, state, actions (N, J), NaN where silent, and
            poses (N, 7 * P).
    """
    told = {word: columns[name] for name, word in WORDS.items() if len(columns.get(name, ()))}
    problems = [] if contract.generated else list(_joints(contract, told))
    if contract.poses and len(columns.get(schema.ENVIRONMENT, ())):
        problems += _poses(contract.poses.names, columns[schema.ENVIRONMENT])
    return problems


def likely_unit(low: float, high: float, lower: float, upper: float, gripper: bool) -> str:
    """Return the unit in which values would lie within the limits, '' where none is likely.

    Args:
        low: Least value.
        high: Greatest value.
        lower: Lower limit [rad] or [m].
        upper: Upper limit.
        gripper: Whether it is the gripper's joint.
    """
    span = upper - lower
    slack = FITS * span

    def fits(scale: float) -> bool:
        return lower - slack <= scale * low and scale * high <= upper + slack

    if span <= (STROKE_M if gripper else AXIS_M) and fits(MILLI) and MILLI * (high - low) > slack:
        return 'millimetres'
    if gripper and low >= -0.02 * (high - low):
        return next((unit for unit, most in STROKES.items() if high <= 1.02 * most), '')
    return 'degrees' if fits(np.pi / 180) and max(abs(low), abs(high)) > FULL_TURN else ''


def _joints(contract: Contract, told: Mapping[str, Floats]) -> Iterable[str]:
    span = contract.span
    outside = {word: (np.maximum(contract.lower - values, values - contract.upper)
                      > BEYOND * span).mean(axis=0) for word, values in told.items()}
    for j, joint in enumerate(contract.joints):
        if words := [word for word, share in outside.items() if share[j] > RARELY]:
            low = min(float(np.nanmin(told[word][:, j])) for word in words)
            high = max(float(np.nanmax(told[word][:, j])) for word in words)
            unit = likely_unit(low, high, *joint.limits, gripper=j in contract.grippers)
            yield (f'joint {joint.name!r}, {" and ".join(words)}: {low:.4g} to {high:.4g}, the '
                   f'contract allows {joint.limits[0]:g} to {joint.limits[1]:g}'
                   f'{f" (is it in {unit}?)" if unit else ""}; the robot would clip '
                   f'{max(outside[word][j] for word in words):.0%} of the rows: correct the unit '
                   'or the limits')


def _poses(names: Iterable[str], values: Floats) -> Iterable[str]:
    for k, name in enumerate(names):
        pose = values[:, POSE_SIZE * k:POSE_SIZE * (k + 1)]
        if (far := float(np.abs(pose[:, :3]).max())) > FAR_M:
            yield (f'pose {name!r}: lies {far:.4g} m from the origin'
                   f'{"; is it in millimetres?" if far > 100 else ""}')
        norm = np.linalg.norm(pose[:, 3:], axis=1)
        if (odd := np.abs(norm - 1) > 0.05).any():
            yield (f'pose {name!r}: its quaternion has the length {norm[odd][0]:.3g}, expected 1')
