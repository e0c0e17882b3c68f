"""By how much a robot is behind what it is told."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.types import Floats
import numpy as np

SWING, HZ, PERIODS = 0.1, 0.4, 3        # of the sine [rad] or [m], [1/s]
SHARE = 0.3         # of a joint's velocity limit, and of its room, that the sine takes at most
MOST_S, STEP_S = 0.6, 0.001             # lags that are tried
STILL = 1e-3        # told to swing by less [rad] or [m]: not asked to move
LEAST_SWING = 0.2   # of what was told: less is no motion of that joint


class LagError(IlRosError):
    """The lag cannot be told."""


def slow_sine(contract: Contract, around: Floats) -> Floats:
    """Return rows in which every joint of the arms swings slowly, and comes back to rest.

    It swells and fades, so that nothing jumps. Shape (N, J), one row per period.

    Args:
        contract: Limits and rate.
        around: Where it stands [rad] or [m]. Shape (J,).
    """
    count = round(PERIODS / HZ * contract.rate_hz)
    share = np.arange(count + 1) / count
    wave = np.sin(2 * np.pi * PERIODS * share) * np.sin(np.pi * share) ** 2
    room = np.minimum(contract.upper - around, around - contract.lower)
    swing = np.minimum(np.minimum(SWING, SHARE * room), SHARE * contract.velocity / (
        2 * np.pi * HZ))
    swing[contract.is_gripper | contract.is_velocity] = 0.0
    rows: Floats = around + wave[:, None] * np.maximum(swing, 0.0)
    return rows


def tracking_lag(told_s: Floats, told: Floats, measured_s: Floats, measured: Floats) -> Floats:
    """Return the lag of each joint [s], NaN of one that did not move: where the two fit best.

    Cross-correlation, normalised, so that neither offset nor gain counts. Shape (J,).

    Args:
        told_s: When each row was sent [s]. Shape (N,).
        told: Rows [rad] or [m]. Shape (N, J).
        measured_s: When each state was measured, by the same clock [s]. Shape (M,).
        measured: States [rad] or [m]. Shape (M, J).

    Raises:
        LagError: Too little was heard, or no joint moved.
    """
    at = np.arange(told_s[0], min(told_s[-1], measured_s[-1] - MOST_S), 0.01) if (
        len(told_s) and len(measured_s)) else np.empty(0)
    if len(at) < 100:
        raise LagError('heard too little of what was sent and measured; is the gate armed?')
    lags = np.arange(0.0, MOST_S, STEP_S)
    found = np.full(told.shape[1], np.nan)
    for joint in range(told.shape[1]):
        sent = np.interp(at, told_s, told[:, joint])
        if np.ptp(sent) < STILL or np.ptp(measured[:, joint]) < LEAST_SWING * np.ptp(sent):
            continue
        fits = [np.corrcoef(sent, np.interp(at + lag, measured_s, measured[:, joint]))[0, 1]
                for lag in lags]
        found[joint] = lags[int(np.argmax(fits))]
    if np.isnan(found).all():
        raise LagError('no joint did what it was told; is the gate armed, the robot running?')
    return found
