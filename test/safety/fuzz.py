"""Fuzzes the pure gate: `PYTHONPATH=test python -m safety.fuzz 1000000 0 [arm|parts]`.

`arm` is the simulated arm. `parts` are two arms before one table, of which one joint turns
without end, and a base: each part is told, silent, and lied about on a topic of its own.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
import sys

from il_ros.contract import CommandInterface, Contract, Joint, State
from il_ros.kinematics import find_urdf
from il_ros.planning.pinocchio_collisions import PinocchioCollisions
from il_ros.safety.arming import ArmingError
from il_ros.safety.gate import Gate
from il_ros.safety.limits import Limits
from il_ros.safety.rules import Decision
from il_ros.safety.workspace import Workspace
from il_ros.timing import SECOND
import numpy as np
from safety.driver import CONTRACT, Driver, MEASURED, Oracle
from safety.second_look import SecondLook

ODD = (np.nan, np.inf, -np.inf, 5e-324, 1e308, -1e308, 90.0, 1.0, -0.0)
BAD = (5, 6)   # kinds of targets that are all refused
BULGE = 0.005  # the tool's arc between the places where the gate looks at it [m]
TURN = 2 * np.pi
LIE = 0.9      # by how much a second publisher is wrong [rad] or of a base [m/s]


@dataclass(frozen=True)
class Case:
    """A robot to fuzz.

    Attributes:
        contract: Of it.
        start: Where it is measured first [rad] or [m]. Shape (J,).
    """

    contract: Contract
    start: np.ndarray

    @cached_property
    def limits(self) -> Limits:
        return Limits.of(self.contract)

    @cached_property
    def lower(self) -> np.ndarray:
        return np.maximum(self.limits.lower, -2 * TURN)

    @cached_property
    def upper(self) -> np.ndarray:
        return np.minimum(self.limits.upper, 2 * TURN)

    @cached_property
    def parts(self) -> list[np.ndarray]:
        """The columns that each state topic tells."""
        return [np.array(self.contract.indices(state.joints)) for state in self.contract.states]

    def gate(self) -> Gate:
        """Return a gate with everything that it can check."""
        return Gate(self.contract, workspace=Workspace(self.contract),
                    collisions=PinocchioCollisions(self.contract, find_urdf(self.contract)))


def _jerky(contract: Contract) -> Contract:
    """Return it with a jerk limit for half of the joints of its first arm."""
    return replace(contract, joints=tuple(
        replace(joint, jerk=8 * joint.acceleration) if i in (0, 2, 4) else joint
        for i, joint in enumerate(contract.joints)))


def _parts() -> Contract:
    """Return two arms and a base that might carry them."""
    pair = Contract.load('sim_two_arms')
    joints = tuple(replace(joint, position=None, continuous=True)
                   if joint.name == 'right_wrist_3' else joint for joint in pair.joints)
    base = ('base_x', 'base_yaw')
    fields = ('linear.x', 'angular.z')
    return _jerky(replace(
        pair, joints=(*joints, Joint(base[0], None, 0.5, 1.0), Joint(base[1], None, 1.0, 2.0)),
        start=(*pair.start, 0.0, 0.0),
        long_states=(*pair.states, State(
            'odom', 'nav_msgs/Odometry', 100.0, 0.1, joints=base,
            fields=tuple(f'twist.twist.{field}' for field in fields))),
        long_commands=(*pair.commands, CommandInterface(
            'cmd_vel', 'geometry_msgs/TwistStamped', base, fields=fields))))


ARM = Case(_jerky(CONTRACT), MEASURED)
PARTS = Case(_parts(), np.array(_parts().start))
CASES = {'arm': ARM, 'parts': PARTS}


def target(rng: np.random.Generator, driver: Driver, kind: int, case: Case = ARM) -> np.ndarray:
    """Return what a command of a kind asks for, sensible or not, in one part or in all."""
    near, size = driver.measured, len(driver.measured)
    if kind < 3:
        return near + rng.normal(size=size) * case.limits.velocity * 10.0 ** rng.uniform(-5, 0)
    if kind == 3:
        wild = rng.uniform(case.lower, case.upper)
    elif kind == 4:
        wild = np.where(rng.random(size) < 0.5, case.lower, case.upper)
    elif kind == 5:
        wild = rng.uniform(case.lower, case.upper) * rng.uniform(0.9, 1.5)
    elif kind == 6:
        wild = near.copy()
        wild[rng.integers(size)] = np.nan if rng.random() < 0.5 else rng.choice(ODD)
        return wild
    else:
        return near.copy()
    if len(case.parts) > 1 and rng.random() < 0.5:   # of one part alone
        chosen = case.parts[rng.integers(len(case.parts))]
        wild[np.setdiff1d(np.arange(size), chosen)] = np.delete(near, chosen)
    turns = case.contract.continuous
    wild[turns] += TURN * rng.integers(-3, 4)
    return wild


def changes(rng: np.random.Generator, driver: Driver, case: Case = ARM) -> dict[str, object]:
    """Return what else is wrong with a command."""
    kind, names, size = rng.integers(30), case.contract.joint_names, len(driver.measured)
    if kind == 0:
        return {'joint_names': [names[i] for i in rng.permutation(size)]}
    if kind == 1:
        return {'joint_names': [*names[:-1], str(rng.choice([*names[:-1], 'x', '']))]}
    if kind == 2:
        return {'stamp_ns': int(rng.integers(0, 2**62))}
    if kind == 3:
        return {'seq': int(rng.integers(0, driver.seq + 2))}
    if kind == 4:
        if rng.random() < 0.3:
            driver.epoch += 1
        return {'epoch': int(rng.integers(0, driver.epoch + 1))}
    if kind == 5:
        driver.session, driver.seq = bytes(rng.integers(0, 256, 16, dtype=np.uint8)), -1
    if kind == 7:
        return {'session': bytes(16)}
    if kind == 6:
        return {'source': int(rng.integers(0, 256))}
    if kind == 8:   # one part alone, or one joint too few or too many
        return {'joint_names': names[:int(rng.integers(size + 1))]}
    if kind == 9:
        return {'positions': rng.normal(size=int(rng.integers(0, 2 * size)))}
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
        rows = driver.measured + np.linspace(0, 1, 20)[:, None] * rng.normal(
            size=len(driver.measured))
        driver.gate.foresee(rows, driver.epoch - int(rng.integers(2)))


def _measure(rng: np.random.Generator, driver: Driver, case: Case, mute: int) -> None:
    """Tell each part but a mute one on its topic; now and then a second publisher lies."""
    told = driver.measured.copy()
    turns = case.contract.continuous
    if rng.random() < 0.5:   # a driver that reports within one turn
        told[turns] = (told[turns] + np.pi) % TURN - np.pi
    for i, columns in enumerate(case.parts):
        if i != mute:
            driver.measure(_only(told, columns))
        if rng.random() < 5e-4:
            driver.measure(_only(told + np.where(case.contract.is_gripper, 0.0, LIE), columns))


def _only(positions: np.ndarray, columns: np.ndarray) -> np.ndarray:
    found = np.full(len(positions), np.nan)
    found[columns] = positions[columns]
    return found


class Watch:
    """Holds everything that a gate sends against what may be sent.

    Args:
        case: The robot.
        driver: Of its gate.
        look_each: MuJoCo looks for contacts at one in so many of what is sent.
    """

    def __init__(self, case: Case, driver: Driver, look_each: int) -> None:
        self._case, self._driver, self._each = case, driver, look_each
        self._oracle = Oracle(driver.measured, contract=case.contract)
        self._look = SecondLook(case.contract)
        boxes = [arm.workspace for arm in case.contract.arms]
        self._lower = np.concatenate([box.lower for box in boxes])
        self._upper = np.concatenate([box.upper for box in boxes])
        self._allowed = self._outside(driver.measured)
        self._fed_ns = driver.steady_ns

    def _outside(self, q: np.ndarray) -> np.ndarray:
        at = self._look.tool(q)
        return np.maximum(np.maximum(self._lower - at, at - self._upper), 0)

    def restart(self) -> None:
        """The gate was armed: an arm that is outside may stay there, or come back."""
        start = self._driver.gate._setpoint.positions
        self._oracle.restart(start)
        self._allowed, self._fed_ns = self._outside(start), self._driver.steady_ns

    def check(self, decision: Decision) -> None:
        """Assert that what was sent is safe."""
        now, base = self._driver.now, self._case.contract.is_velocity
        self._oracle.check(decision, now)
        if (sent := decision.sent) is None:
            return
        assert self._driver.gate.armed
        assert (self._outside(sent) <= self._allowed + BULGE).all()
        turns = self._case.contract.continuous
        assert (np.abs(sent - self._driver.measured)[turns] <= np.pi + 0.3).all()
        if self._oracle.sent % self._each == 0:
            assert (self._look.distances(sent) > 0).all()
        if decision.verdict.name == 'HELD':
            assert not sent[base].any(), 'a base under hold stands'
        else:
            self._fed_ns = now.steady_ns

    def stands(self) -> None:
        """Assert, after the watchdog looked, that a base without commands was told zero."""
        silent_ns = self._driver.steady_ns - self._fed_ns
        if silent_ns > 1.5 * self._case.contract.period_ns:
            assert not self._oracle.position[self._case.contract.is_velocity].any(), silent_ns


def fuzz(number: int, seed: int, look_each: int = 10, case: Case = ARM) -> Counter[str]:
    """Send `number` commands, good and bad; raise when anything unsafe is sent.

    Args:
        number: Of commands.
        seed: Of everything that is drawn.
        look_each: MuJoCo looks for contacts at one in so many of what is sent.
        case: The robot.

    Returns:
        How often the gate came to each verdict, and to each rule.
    """
    rng = np.random.default_rng(seed)
    driver = Driver(case.gate(), case.contract, case.start).armed()
    watch = Watch(case, driver, look_each)
    counts: Counter[str] = Counter()
    kind, mute = 0, -1
    for _ in range(number):
        if rng.random() < (0.7 if kind in BAD else 0.2):
            kind = int(rng.integers(8))
        if rng.random() < 0.005:
            mute = int(rng.integers(-20, len(case.parts))) if len(case.parts) > 1 else -1
        wait_ns = int(rng.choice([0, 1, 1_000_000, 33_333_333, 34_000_000, 120_000_000],
                                 p=[0.03, 0.02, 0.1, 0.5, 0.348, 0.002]))
        _disturb(rng, driver)
        driver.wait(wait_ns, measure=False)
        if rng.random() < 0.9:
            _measure(rng, driver, case, mute)
        for decision in _decisions(rng, driver, case, kind, watch):
            counts[decision.verdict.name] += 1
            counts[f'{decision.verdict.name} {decision.rule}'] += 1
            watch.check(decision)
            if decision.sent is not None:
                # The robot follows with an error.
                driver.measured = decision.sent + rng.normal(size=len(driver.measured)) * 1e-3
        if driver.gate.fault and rng.random() < 0.7:
            _measure(rng, driver, case, mute)
            driver.wait(1_000_000, measure=False)
            try:
                driver.gate.arm(driver.now)
            except ArmingError:
                continue
            watch.restart()
            driver.wait(1_000_000, measure=False)
            _measure(rng, driver, case, mute)
    return counts


def _decisions(rng: np.random.Generator, driver: Driver, case: Case, kind: int,
               watch: Watch) -> Iterator[Decision]:
    if decision := driver.gate.watchdog(driver.now):
        yield decision
    watch.stands()
    fields = {'positions': target(rng, driver, kind, case), 'source': int(rng.integers(0, 4)),
              **changes(rng, driver, case)}
    yield driver.send(**fields)


if __name__ == '__main__':
    _, commands, seed, *cases = sys.argv
    for line in sorted(fuzz(int(commands), int(seed), case=CASES[(cases or ['arm'])[0]]).items()):
        sys.stdout.write('{}: {}\n'.format(*line))
