"""Each hand-over style by itself, then in the arbiter."""
from dataclasses import replace

from il_ros.intervention.handover import BLEND_SHARE, HANDOVERS
from il_ros.types import ControlSource, Mode
from intervention.driver import autonomous, CONTRACT, correcting, HUMAN, STATE
import numpy as np
import pytest

STYLES = tuple(HANDOVERS)
WITHIN_S = 0.1
ELBOW, GRIPPER = 2, 6
STEP = CONTRACT.velocity * CONTRACT.period_ns * 1e-9
FAR = STATE.copy()
FAR[ELBOW] -= 0.8


def style(name):
    return HANDOVERS[name](CONTRACT, WITHIN_S)


def moved(positions, joint, by):
    found = positions.copy()
    found[joint] += by
    return found


@pytest.mark.parametrize('name', STYLES)
def test_a_device_beside_the_robot_drives_at_once(name):
    handover = style(name)
    assert handover.begin(HUMAN, STATE, STATE) == ''
    joined = handover.follow(moved(HUMAN, 0, 0.01))
    assert joined.aligned
    np.testing.assert_allclose(joined.positions[:6] - STATE[:6],
                               (moved(HUMAN, 0, 0.01) - HUMAN)[:6] * (name == 'clutch')
                               + (moved(HUMAN, 0, 0.01) - STATE)[:6] * (name != 'clutch'))


def test_clutch_adds_the_devices_motion_to_the_robots_pose():
    clutch = style('clutch')
    assert clutch.begin(FAR, STATE, STATE) == ''
    assert clutch.follow(FAR).positions.tolist() == STATE.tolist()
    joined = clutch.follow(moved(FAR, 0, 0.3))
    assert joined.aligned
    np.testing.assert_allclose(joined.positions, moved(STATE, 0, 0.3), atol=1e-12)


def test_clutch_goes_on_from_where_the_robot_was_told_to_be_while_it_follows():
    clutch = style('clutch')
    clutch.begin(FAR, STATE, STATE + 0.01)
    np.testing.assert_allclose(clutch.follow(FAR).positions, STATE + 0.01)
    clutch.begin(FAR, STATE, STATE + 1.0)   # what it was told is no way to where it is
    np.testing.assert_allclose(clutch.follow(FAR).positions[:6], STATE[:6])


def test_clutch_has_no_dead_way_at_a_limit():
    clutch = style('clutch')
    clutch.begin(STATE, STATE, STATE)
    assert clutch.follow(moved(STATE, 0, 5.0)).positions[0] == CONTRACT.upper[0]
    assert clutch.follow(moved(STATE, 0, 4.9)).positions[0] == pytest.approx(
        CONTRACT.upper[0] - 0.1)


def test_leader_waits_until_the_device_is_near_and_then_lets_it_go_anywhere():
    leader = style('leader')
    assert leader.begin(FAR, STATE, STATE) == 'bring the device to the robot: elbow is 0.80 away'
    assert leader.follow(FAR) == replace(leader.follow(FAR), positions=None, aligned=False)
    near = moved(STATE, ELBOW, -0.9 * WITHIN_S * CONTRACT.velocity[ELBOW])
    assert leader.follow(near).positions.tolist() == near.tolist()
    assert leader.follow(FAR).aligned


def test_blend_goes_to_the_device_within_its_limits_and_meets_one_that_moves():
    blend = style('blend')
    assert blend.begin(FAR, STATE, STATE) == 'the robot goes to the device: elbow is 0.80 away'
    rows, device = [STATE], FAR
    for k in range(300):
        device = moved(FAR, 0, 0.001 * k)
        joined = blend.follow(device)
        rows.append(joined.positions)
        if joined.aligned:
            break
    assert 30 < k < 60   # 0.8 rad at 0.6 rad/s, with time to get going and to brake
    steps = np.abs(np.diff(rows[:-1], axis=0))
    assert (steps <= BLEND_SHARE * STEP + 1e-12).all()
    assert (np.abs(rows[-1] - rows[-2]) <= STEP).all()
    assert rows[-1].tolist() == device.tolist()


@pytest.mark.parametrize('name', STYLES)
def test_the_gripper_keeps_what_it_holds_until_the_device_takes_it_up(name):
    handover = style(name)
    holding = STATE.copy()
    holding[GRIPPER] = 0.0            # told to close; open on the device
    device = moved(FAR, GRIPPER, 0.04 - FAR[GRIPPER])
    handover.begin(device, STATE, holding)
    at_robot = moved(device, ELBOW, 0.8)
    joined = handover.follow(at_robot)
    for _ in range(200):
        joined = joined if joined.aligned else handover.follow(at_robot)
    assert joined.aligned
    assert joined.positions[GRIPPER] == 0.0
    assert handover.follow(moved(at_robot, GRIPPER, -0.003)).positions[GRIPPER] == 0.0
    assert handover.follow(moved(at_robot, GRIPPER, -0.02)).positions[GRIPPER] == (
        pytest.approx(0.02))


@pytest.mark.parametrize('name', STYLES)
def test_a_correction_of_one_second_yields_one_second_of_data(name):
    driver = autonomous(handover=name)
    steps = driver.run(30, policy=True, engaged=True) + driver.run(6, policy=True, engaged=False)
    assert sum(step.source is ControlSource.HUMAN for step in steps) == 30
    assert sum(step.human is not None for step in steps) == 30


@pytest.mark.parametrize('name, moves', [('leader', False), ('blend', True)])
def test_the_arbiter_aligns_before_the_device_drives(name, moves):
    driver = autonomous(handover=name)
    driver.device(True, positions=FAR)
    apart = {'leader': 'bring the device to the robot', 'blend': 'the robot goes to the device'}
    assert driver.changes() == [
        (Mode.ALIGNING, f'pad engaged; {apart[name]}: elbow is 0.80 away')]
    epoch = driver.arbiter.control.state.epoch
    steps = []
    for _ in range(60):
        driver.wait(34)
        driver.chunk()
        driver.device(True, positions=FAR)
        steps.append(driver.tick())
        if steps[-1].source is ControlSource.ARBITER:
            driver.state = steps[-1].positions
    assert {step.source for step in steps} == (
        {ControlSource.ARBITER, ControlSource.HUMAN} if moves else {ControlSource.HOLD})
    assert all(step.human is None for step in steps if step.source is not ControlSource.HUMAN)
    assert all((step.leader is not None) == (not moves) for step in steps)
    if not moves:
        assert steps[-1].leader.tolist() == driver.state.tolist(), 'where the leader is to go'
        driver.device(True)
        assert driver.tick().source is ControlSource.HUMAN
        assert driver.tick().leader is None, 'a leader that drives is free'
    assert driver.changes() == [(Mode.CORRECTING, 'pad engaged; aligned')]
    assert driver.arbiter.control.state.epoch == epoch


def test_who_lets_go_while_it_aligns_hands_back():
    driver = autonomous(handover='leader')
    driver.device(True, positions=FAR)
    driver.changes()
    driver.run(8, policy=True, engaged=False)
    assert driver.changes() == [
        (Mode.PAUSED, 'pad released; waiting for the policy to see the present state'),
        (Mode.AUTONOMOUS, 'the policy has seen the present state')]


def test_a_leader_is_told_where_the_robot_is_while_the_policy_drives():
    driver = autonomous(handover='leader')
    driver.state = STATE + 0.005
    step, = driver.run(1, policy=True)
    assert step.leader.tolist() == driver.state.tolist()
    assert correcting(handover='leader').run(1, policy=True, engaged=True)[0].leader is None
