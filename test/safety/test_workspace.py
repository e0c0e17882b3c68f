"""The tool stays in the box that the contract names, whoever drives."""
from dataclasses import replace
import re

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.safety.gate import Gate
from il_ros.safety.guard import Guard
from il_ros.safety.limiter import brake, Setpoint
from il_ros.safety.limits import Limits
from il_ros.safety.rules import Refusal
from il_ros.safety.workspace import Workspace
from il_ros.scene import Box
from il_ros.types import ControlSource, Verdict
import numpy as np
import pytest
from safety.driver import CONTRACT, Driver, LIMITS, MEASURED, Oracle

BULGE = 0.01  # the tool's arc between the places where it is looked at [m]


def around(margin, contract=CONTRACT):
    """Return a contract whose box ends `margin` from the tool on every side."""
    unbounded = replace(contract, workspace=Box((-9.0,) * 3, (9.0,) * 3))
    at, _ = Workspace(unbounded)._arms[0][1].forward(MEASURED[:6])
    return replace(contract, workspace=Box(tuple(at - margin), tuple(at + margin)))


def driver_within(margin):
    contract = around(margin)
    workspace = Workspace(contract)
    return Driver(Gate(contract, workspace=workspace)).armed(), workspace


def test_an_arc_of_the_way_to_rest_is_looked_at_step_by_step():
    """What the gate allows can be followed by braking, and no step of that leaves the box."""
    rng = np.random.default_rng(0)
    workspace, period_s, allowed = Workspace(around(0.15)), CONTRACT.period_ns * 1e-9, 0
    limits = Limits.of(replace(CONTRACT, joints=tuple(   # a joint may go faster for a while
        replace(joint, jerk=8 * joint.acceleration) for joint in CONTRACT.joints)))
    guard = Guard(limits, workspace)
    for _ in range(4000):
        positions = np.clip(MEASURED + 0.3 * rng.normal(size=7), LIMITS.lower, LIMITS.upper)
        before = replace(Setpoint.at_rest(positions),
                         velocities=rng.uniform(-1, 1, 7) * LIMITS.velocity,
                         accelerations=rng.uniform(-1, 1, 7) * LIMITS.acceleration)
        if workspace.excess(positions).any():
            continue
        target = positions + rng.normal(size=7) * LIMITS.velocity * period_s
        try:
            setpoint, _ = guard.step(before, target, period_s, ControlSource.POLICY)
        except Refusal:
            continue
        allowed += 1
        while not setpoint.rests(limits):
            assert workspace.excess(setpoint.positions).max() < 1e-5
            setpoint = brake(setpoint, period_s, limits)
    assert allowed > 100


@pytest.mark.parametrize('source', [ControlSource.HUMAN, ControlSource.POLICY])
def test_no_command_moves_the_tool_out_of_the_box(source):
    rng = np.random.default_rng(0)
    driver, workspace = driver_within(0.1)
    oracle = Oracle(MEASURED)
    rules, target = set(), MEASURED
    for k in range(2000):
        if k % 7 == 0:
            step = rng.normal(size=7) * LIMITS.velocity * 0.1
            target = np.clip(driver.measured + step, LIMITS.lower, LIMITS.upper)
        driver.wait()
        decision = driver.send(target, source)
        rules.add(decision.rule)
        oracle.check(decision, driver.now)
        if decision.sent is not None:
            assert workspace.excess(decision.sent).max() < BULGE
            driver.measured = decision.sent
        if driver.gate.fault:  # a policy that is refused for 100 ms
            for _ in range(100):
                held = driver.hold()
                assert workspace.excess(held.sent).max() < BULGE
                driver.measured = held.sent
                driver.wait()
            driver = driver.armed()
            oracle.restart(driver.measured)
    assert 'workspace' in rules


def test_a_person_stands_at_the_wall_and_may_turn_back():
    driver, workspace = driver_within(0.1)
    away = MEASURED + [0.6, 0, 0, 0, 0, 0, 0]
    verdicts = []
    for _ in range(60):
        driver.wait()
        decision = driver.send(away)
        driver.measured = decision.sent
        verdicts.append((decision.verdict, decision.rule))
    assert verdicts[-1] == (Verdict.CLAMPED, 'workspace')
    assert driver.gate.fault is None
    stood = driver.measured.copy()
    assert 0.03 < stood[0] < 0.6
    for _ in range(60):
        driver.wait()
        driver.measured = driver.send(MEASURED).sent
    np.testing.assert_allclose(driver.measured, MEASURED, atol=1e-9)
    assert workspace.excess(stood).max() < 1e-5


def test_a_policy_is_refused_and_the_reason_is_named():
    driver, _ = driver_within(0.002)
    driver.wait()
    decision = driver.send(MEASURED + [0.06, 0, 0, 0, 0, 0, 0], ControlSource.POLICY)
    assert (decision.verdict, decision.rule) == (Verdict.REJECTED, 'workspace')
    assert decision.detail == 'the tool would leave the workspace of the contract'


def test_a_tool_that_starts_outside_may_only_come_back():
    contract = around(0.1)
    box = contract.workspace
    shifted = replace(contract, workspace=Box(tuple(np.add(box.lower, [0, 0.15, 0])),
                                              tuple(np.add(box.upper, [0, 0.15, 0]))))
    workspace = Workspace(shifted)
    assert workspace.excess(MEASURED)[1] == pytest.approx(0.05)
    driver = Driver(Gate(shifted, workspace=workspace)).armed()
    driver.wait()
    assert driver.send(MEASURED - [0.05, 0, 0, 0, 0, 0, 0]).rule == 'workspace'
    driver = Driver(Gate(shifted, workspace=workspace)).armed()
    driver.wait()
    decision = driver.send(MEASURED + [0.01, 0, 0, 0, 0, 0, 0])
    assert decision.rule != 'workspace'
    assert decision.sent[0] > MEASURED[0]


@pytest.mark.parametrize('change, text', [
    ({'urdf': ''}, 'workspace: needs urdf and tip, to know where the tool is'),
    ({'workspace': None}, "the contract of 'sim_arm' names no workspace")])
def test_what_is_missing_is_named(change, text):
    with pytest.raises(ConfigError, match=re.escape(text)):
        Workspace(replace(CONTRACT, **change))


def test_a_box_inside_out_is_refused():
    with pytest.raises(ConfigError, match='box: expected lower < upper in x, y and z'):
        Box((0.0, 0.0, 0.5), (1.0, 1.0, 0.2))


def test_the_example_keeps_its_start_pose_inside():
    contract = Contract.load('sim_arm')
    assert not Workspace(contract).excess(np.array(contract.start)).any()
