"""The gate lets nothing touch: neither a step nor the braking after it, nor a chunk's rows."""
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.kinematics import find_urdf
from il_ros.planning.collision import Contact
from il_ros.planning.pinocchio_collisions import PinocchioCollisions
from il_ros.safety.arming import ArmingError
from il_ros.safety.gate import Gate
from il_ros.scene import Scene
from il_ros.types import ControlSource, Verdict
import numpy as np
import pytest
from safety.driver import CONTRACT, Driver, LIMITS, MEASURED, Oracle

HUMAN, POLICY = ControlSource.HUMAN, ControlSource.POLICY
CHECKER = PinocchioCollisions(CONTRACT, find_urdf(CONTRACT))
# The same robot without the margin: what nothing that is sent may ever touch.
TOUCHES = PinocchioCollisions(
    replace(CONTRACT, scene=Scene(CONTRACT.scene.obstacles, 0.0)), find_urdf(CONTRACT))
DOWN = MEASURED + [0, 1.6, 0, 0, 0, 0, 0]   # the hand lies on the table


class Unknown:
    """A checker that loses sight after some calls, as MoveIt's would without joint states."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def require_seen(self, measured):
        if self.calls <= 0:
            raise PlanningError('collision state unknown: MoveIt does not answer')

    def contact(self, q) -> Contact | None:
        self.calls -= 1
        self.require_seen(q)
        return None


def driver(checker=CHECKER, measured=MEASURED):
    return Driver(Gate(CONTRACT, collisions=checker), measured=measured).armed()


def drive(there, target, source, ticks):
    """Send a target again and again to a robot that follows; return the decisions."""
    decisions = []
    for _ in range(ticks):
        there.wait()
        decisions.append(there.send(target, source))
        if decisions[-1].sent is not None:
            there.measured = decisions[-1].sent
    return decisions


def test_a_person_stands_above_the_table_and_may_turn_back():
    there, oracle = driver(), Oracle(MEASURED)
    decisions = drive(there, DOWN, HUMAN, 60)
    assert (decisions[-1].verdict, decisions[-1].rule) == (Verdict.CLAMPED, 'collision')
    assert (decisions[-1].sent == decisions[-2].sent).all()
    for decision in decisions:
        assert decision.sent is not None and CHECKER.contact(decision.sent) is None
    rest = PinocchioCollisions(
        replace(CONTRACT, scene=replace(CONTRACT.scene, margin=0.06)), find_urdf(CONTRACT))
    assert rest.contact(decisions[-1].sent).links[1] == 'table', 'it stopped near it, not far off'
    back = drive(there, MEASURED, HUMAN, 60)[-1]
    assert back.verdict is Verdict.PASSED
    np.testing.assert_allclose(back.sent, MEASURED)
    assert oracle.sent == 0


def test_a_policy_is_rejected_with_the_links_named():
    decisions = drive(driver(), DOWN, HUMAN, 60)
    there = driver(measured=decisions[-1].sent)
    there.gate.disarm()
    there.armed()
    decision = there.send(there.measured + [0, 0.06, 0, 0, 0, 0, 0], POLICY)
    assert (decision.verdict, decision.rule, decision.sent) == (
        Verdict.REJECTED, 'collision', None)
    assert decision.detail.startswith('the arm would bring wrist_3_link and table together, to ')


def test_an_arm_that_is_too_near_may_only_go_away():
    there = Driver(Gate(CONTRACT, collisions=CHECKER))
    above = drive(driver(), DOWN, HUMAN, 60)[-1].sent
    for step in np.arange(0.0, 0.2, 0.001):
        there.measured = above + [0, step, 0, 0, 0, 0, 0]
        if CHECKER.contact(there.measured):
            break
    assert TOUCHES.contact(there.measured) is None
    there.armed()
    down = there.measured + [0, 0.02, 0, 0, 0, 0, 0]
    assert there.send(down, HUMAN).rule == 'collision'
    decisions = drive(there, MEASURED, HUMAN, 60)
    assert all(d.verdict is not Verdict.REJECTED and d.rule != 'collision' for d in decisions)
    np.testing.assert_allclose(decisions[-1].sent, MEASURED)


def test_arming_is_refused_where_the_arm_touches_something():
    there = Driver(Gate(CONTRACT, collisions=CHECKER))
    there.measured = DOWN
    there.wait()
    with pytest.raises(ArmingError, match='^arming refused: collision: [a-z_0-9]+ touches table; '
                                          'move the arm at the robot itself, or correct the '
                                          'scene of the contract$'):
        there.gate.arm(there.now)


@pytest.mark.parametrize('source', [HUMAN, POLICY])
def test_nothing_moves_while_collisions_are_unknown(source):
    there = driver(Unknown(8))
    decisions = drive(there, MEASURED + [0.02, 0, 0, 0, 0, 0, 0], source, 10)
    assert decisions[0].sent is not None
    refused = next(d for d in decisions if d.sent is None)
    assert (refused.verdict, refused.rule, refused.detail) == (
        Verdict.REJECTED, 'collision unknown', 'collision state unknown: MoveIt does not answer')
    assert all(d.sent is None for d in decisions[decisions.index(refused):])
    assert there.gate.fault[0] == 'watchdog'
    held = [there.hold().sent for _ in range(20)]
    assert (held[-1] == held[-2]).all(), 'it brakes and stands'
    with pytest.raises(ArmingError, match='^arming refused: collision unknown: collision state'):
        there.gate.disarm()
        there.gate.arm(there.now)


def chunk(*waypoints, rows=20):
    """Return rows that lead from the measured pose over the waypoints."""
    points = np.array([MEASURED, *waypoints])
    at = np.linspace(0, len(points) - 1, rows)
    return np.stack([np.interp(at, np.arange(len(points)), c) for c in points.T], axis=1)


def test_a_chunk_that_leads_into_the_table_stops_the_policy_before_it_is_there():
    there = driver()
    there.gate.foresee(chunk(DOWN), epoch=0)
    decision = there.send(MEASURED, POLICY)
    assert (decision.verdict, decision.rule) == (Verdict.REJECTED, 'collision')
    row = int(decision.detail.split()[1])
    assert decision.detail.startswith(f'row {row} of the chunk leads wrist_3_link and table ')
    assert CHECKER.contact(chunk(DOWN)[row]) and not CHECKER.contact(chunk(DOWN)[row - 2])
    there.wait()
    assert there.send(MEASURED, HUMAN).verdict is Verdict.PASSED, 'a person is not bound by it'
    there.wait()
    assert there.send(MEASURED, POLICY, epoch=1).verdict is Verdict.PASSED
    there.wait()
    there.gate.foresee(chunk(MEASURED + [0.5, 0, 0, 0, 0, 0, 0]), epoch=1)
    assert there.send(MEASURED, POLICY, epoch=1).verdict is Verdict.PASSED


def test_a_short_touch_in_the_midst_of_a_long_chunk_is_found():
    there = driver()
    there.gate.foresee(chunk(DOWN, MEASURED, rows=100), epoch=0)
    assert there.send(MEASURED, POLICY).rule == 'collision'


def test_empty_chunks_and_single_rows_are_looked_at():
    there = driver()
    there.gate.foresee(np.empty((0, 7)), epoch=0)
    assert there.send(MEASURED, POLICY).verdict is Verdict.PASSED
    there.gate.foresee(DOWN[None], epoch=0)
    there.wait()
    assert there.send(MEASURED, POLICY).detail.startswith('row 0 of the chunk leads ')


def test_without_a_scene_collisions_are_not_checked():
    there = Driver(Gate(replace(Contract.load('sim_arm'), scene=None))).armed()
    there.gate.foresee(chunk(DOWN), epoch=0)
    assert all(d.rule != 'collision' for d in drive(there, DOWN, HUMAN, 20))


@pytest.mark.parametrize('source', [HUMAN, POLICY])
def test_random_walks_never_touch(source):
    rng = np.random.default_rng(3)
    there, oracle, rules, target = driver(), Oracle(MEASURED), set(), MEASURED
    for k in range(2500):
        if k % 9 == 0:
            step = rng.normal(size=7) * LIMITS.velocity * 0.12
            target = np.clip(there.measured + step, LIMITS.lower, LIMITS.upper)
        there.wait(int(rng.choice([20_000_000, 33_333_333, 50_000_000])))
        for decision in (there.gate.watchdog(there.now), there.send(target, source)):
            if decision is None:
                continue
            rules.add(decision.rule)
            oracle.check(decision, there.now)
            if decision.sent is not None:
                assert TOUCHES.contact(decision.sent) is None
                there.measured = decision.sent
        if there.gate.fault and not there.gate._setpoint.velocities.any():
            there = there.armed()
            oracle.restart(there.gate._setpoint.positions)
    assert 'collision' in rules
