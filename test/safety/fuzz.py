"""Fuzzes the pure gate; `PYTHONPATH=test python -m safety.fuzz 1000000 0` for the long run."""
from __future__ import annotations

from collections import Counter
from dataclasses import replace
import sys

from il_ros.kinematics import find_urdf
from il_ros.planning.pinocchio_collisions import PinocchioCollisions
from il_ros.safety.arming import ArmingError
from il_ros.safety.gate import Gate
from il_ros.safety.workspace import Workspace
from il_ros.timing import SECOND
import numpy as np
from safety.driver import CONTRACT, Driver, LIMITS, Oracle
from safety.second_look import SecondLook

ODD = (np.nan, np.inf, -np.inf, 5e-324, 1e308, -1e308, 90.0, 1.0, -0.0)
NAMES = CONTRACT.joint_names
BAD = (5, 6)   # kinds of targets that are all refused
BULGE = 0.005  # the tool's arc between the places where the gate looks at it [m]
# Half of the joints with a jerk limit.
FUZZED = replace(CONTRACT, joints=tuple(
    replace(joint, jerk=8 * joint.acceleration if i in (0, 2, 4) else None)
    for i, joint in enumerate(CONTRACT.joints)))


def gate() -> Gate:
    """Return a gate with everything that it can check."""
    return Gate(FUZZED, workspace=Workspace(FUZZED),
                collisions=PinocchioCollisions(FUZZED, find_urdf(FUZZED)))


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


def _disturb(rng: np.random.Generator, driver: Driver) -> None:
    """Now and then: the clock steps, a chunk comes, somebody else publishes."""
    kind = rng.integers(3000)
    if kind == 0:
        driver.ros_offset_ns += int(rng.choice([-100, 100])) * SECOND
    elif kind == 1:
        driver.gate.foreign(['/rogue'], driver.now)
        driver.gate.foreign([], driver.now)
    elif kind < 30:
        rows = driver.measured + np.linspace(0, 1, 20)[:, None] * rng.normal(size=7)
        driver.gate.foresee(rows, epoch=int(rng.integers(2)))


def fuzz(number: int, seed: int, look_each: int = 10) -> Counter[str]:
    """Send `number` commands, good and bad; raise when anything unsafe is sent.

    Args:
        number: Of commands.
        seed: Of everything that is drawn.
        look_each: MuJoCo looks for contacts at one in so many of what is sent.

    Returns:
        How often the gate came to each verdict, and to each rule.
    """
    rng = np.random.default_rng(seed)
    driver = Driver(gate()).armed()
    oracle = Oracle(driver.measured, contract=FUZZED)
    look = SecondLook(FUZZED)
    lower, upper = np.array(FUZZED.workspace.lower), np.array(FUZZED.workspace.upper)
    def outside(q: np.ndarray) -> np.ndarray:
        at = look.tool(q)
        return np.maximum(np.maximum(lower - at, at - upper), 0)

    counts: Counter[str] = Counter()
    kind, allowed = 0, outside(driver.measured)
    for _ in range(number):
        if rng.random() < (0.7 if kind in BAD else 0.2):
            kind = int(rng.integers(8))
        wait_ns = int(rng.choice([0, 1, 1_000_000, 33_333_333, 34_000_000, 120_000_000],
                                 p=[0.03, 0.02, 0.1, 0.5, 0.345, 0.005]))
        _disturb(rng, driver)
        driver.wait(wait_ns, measure=rng.random() < 0.9)
        fields = {'source': int(rng.integers(0, 3)), **_changes(rng, driver)}
        for decision in (driver.gate.watchdog(driver.now),
                         driver.send(_target(rng, driver, kind), **fields)):
            if decision is None:
                continue
            counts[decision.verdict.name] += 1
            counts[f'{decision.verdict.name} {decision.rule}'] += 1
            oracle.check(decision, driver.now)
            if decision.sent is not None:
                assert driver.gate.armed
                assert (outside(decision.sent) <= allowed + BULGE).all()
                if oracle.sent % look_each == 0:
                    assert (look.distances(decision.sent) > 0).all()
                # The robot follows with an error.
                driver.measured = decision.sent + rng.normal(size=7) * 1e-3
        if driver.gate.fault and rng.random() < 0.7:
            driver.wait(1_000_000)
            try:
                driver.gate.arm(driver.now)
            except ArmingError:
                continue
            driver.wait(1_000_000)
            start = driver.gate._setpoint.positions
            oracle.restart(start)
            allowed = outside(start)   # an arm that is outside may stay there, or come back
    return counts


if __name__ == '__main__':
    for line in sorted(fuzz(int(sys.argv[1]), seed=int(sys.argv[2])).items()):
        sys.stdout.write('{}: {}\n'.format(*line))
