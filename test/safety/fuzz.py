"""Fuzzes the pure gate; `PYTHONPATH=test python -m safety.fuzz 1000000` for the long run."""
from __future__ import annotations

from collections import Counter
import sys

from il_ros.safety.arming import ArmingError
from il_ros.types import Verdict
import numpy as np
from safety.driver import CONTRACT, Driver, LIMITS, Oracle

ODD = (np.nan, np.inf, -np.inf, 5e-324, 1e308, -1e308, 90.0, 1.0, -0.0)
NAMES = CONTRACT.joint_names


def _target(rng: np.random.Generator, driver: Driver, kind: int) -> np.ndarray:
    near = driver.measured
    if kind < 3:
        return near + rng.normal(size=7) * LIMITS.velocity * 10.0 ** rng.uniform(-5, 0)
    if kind == 3:
        return rng.uniform(LIMITS.lower, LIMITS.upper)
    if kind == 4:
        return np.where(rng.random(7) < 0.5, LIMITS.lower, LIMITS.upper)
    if kind == 5:
        return rng.uniform(LIMITS.lower, LIMITS.upper) * rng.uniform(0.9, 1.5)
    if kind == 6:
        target = near.copy()
        target[rng.integers(7)] = rng.choice(ODD)
        return target
    return near.copy()


def _changes(rng: np.random.Generator, driver: Driver) -> dict[str, object]:
    kind = rng.integers(30)
    if kind == 0:
        return {'joint_names': [NAMES[i] for i in rng.permutation(7)]}
    if kind == 1:
        return {'joint_names': [*NAMES[:6], str(rng.choice([*NAMES[:6], 'x', '']))]}
    if kind == 2:
        return {'stamp_ns': int(rng.integers(0, 2**62))}
    if kind == 3:
        return {'seq': int(rng.integers(0, driver.seq + 2))}
    if kind == 4:
        return {'epoch': int(rng.integers(0, 3))}
    if kind == 5:
        driver.session, driver.seq = bytes(rng.integers(0, 256, 16, dtype=np.uint8)), -1
    if kind == 7:
        return {'session': bytes(16)}
    if kind == 6:
        return {'source': int(rng.integers(0, 256))}
    return {}


def fuzz(number: int, seed: int) -> Counter[Verdict]:
    """Send `number` commands, good and bad; raise when anything unsafe is sent.

    Returns:
        How often the gate came to each verdict.
    """
    rng = np.random.default_rng(seed)
    driver = Driver().armed()
    oracle = Oracle(driver.measured)
    counts: Counter[Verdict] = Counter()
    kind = 0
    for _ in range(number):
        if rng.random() < 0.2:
            kind = int(rng.integers(8))
        wait_ns = int(rng.choice([0, 1, 1_000_000, 33_333_333, 34_000_000, 120_000_000],
                                 p=[0.03, 0.02, 0.1, 0.5, 0.345, 0.005]))
        driver.wait(wait_ns, measure=rng.random() < 0.9)
        fields = {'source': int(rng.integers(0, 3)), **_changes(rng, driver)}
        for decision in (driver.gate.watchdog(driver.now),
                         driver.send(_target(rng, driver, kind), **fields)):
            if decision is None:
                continue
            counts[decision.verdict] += 1
            oracle.check(decision, driver.now)
            if decision.sent is not None:
                assert driver.gate.armed
                # The robot follows with an error.
                driver.measured = decision.sent + rng.normal(size=7) * 1e-3
        if driver.gate.fault and rng.random() < 0.2:
            driver.wait(1_000_000)
            try:
                driver.gate.arm(driver.now)
            except ArmingError:
                continue
            driver.wait(1_000_000)
            oracle.restart(driver.gate._setpoint.positions)
    return counts


if __name__ == '__main__':
    sys.stdout.write(f'{dict(fuzz(int(sys.argv[1]), seed=0))}\n')
