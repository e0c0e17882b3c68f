from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from il_ros.errors import MessageError
from il_ros.intervention.arbiter import TransitionError
from il_ros.types import ControlSource, Mode, Request, Verdict
from intervention.driver import at, autonomous, correcting, Driver, HUMAN, POLICY, STATE
import numpy as np
import pytest

TELEOP, AUTONOMOUS, PAUSED, CORRECTING, HOLD = (
    Mode.TELEOP, Mode.AUTONOMOUS, Mode.PAUSED, Mode.CORRECTING, Mode.HOLD)
GOING_BACK = PAUSED


def engage(driver):
    driver.device(True)


def release(driver):
    driver.device(False)
    driver.wait(100)
    driver.device(False)
    driver.tick()
    driver.wait(100)
    driver.device(False)


def hand_back(driver):
    driver.device(False, Request.HAND_BACK)


def ask_take_over(driver):
    driver.device(False, Request.TAKE_OVER)


def ask_pause(driver):
    driver.device(driver.mode is CORRECTING, Request.PAUSE)


def gate_holds(driver):
    driver.arbiter.gate(Verdict.HELD, 'watchdog')


def policy_silent(driver):
    driver.wait(151)
    driver.device(driver.mode is CORRECTING)


def device_silent(driver):
    driver.wait(151)
    if driver.mode is AUTONOMOUS:
        driver.chunk()


def states_silent(driver):
    driver.wait(151, measure=False)
    driver.device(driver.mode is CORRECTING)
    if driver.mode is AUTONOMOUS:
        driver.chunk()


def fresh_chunk(driver):
    driver.chunk()


def take_over(driver):
    driver.arbiter.take_over(driver.now)


def pause(driver):
    driver.arbiter.pause(driver.now)


def resume(driver):
    driver.arbiter.resume(driver.now)


# Rows: event. Columns: the mode before; the mode after the next tick, None for a refusal.
BEFORE = (TELEOP, AUTONOMOUS, PAUSED, CORRECTING, HOLD)
TABLE = {
    engage: (TELEOP, CORRECTING, CORRECTING, CORRECTING, CORRECTING),
    release: (TELEOP, HOLD, PAUSED, GOING_BACK, HOLD),  # 200 ms pass: the policy fell silent
    hand_back: (TELEOP, AUTONOMOUS, PAUSED, GOING_BACK, HOLD),
    ask_take_over: (TELEOP, PAUSED, PAUSED, CORRECTING, HOLD),
    ask_pause: (PAUSED, PAUSED, PAUSED, PAUSED, PAUSED),
    gate_holds: (HOLD, HOLD, PAUSED, HOLD, HOLD),
    policy_silent: (TELEOP, HOLD, PAUSED, CORRECTING, HOLD),
    device_silent: (TELEOP, AUTONOMOUS, PAUSED, HOLD, HOLD),
    states_silent: (TELEOP, HOLD, PAUSED, HOLD, HOLD),
    fresh_chunk: (TELEOP, AUTONOMOUS, PAUSED, CORRECTING, HOLD),
    take_over: (None, PAUSED, PAUSED, None, HOLD),
    pause: (PAUSED, PAUSED, PAUSED, PAUSED, PAUSED),
    resume: (None, None, GOING_BACK, None, GOING_BACK),
}


@pytest.mark.parametrize('event', TABLE, ids=lambda e: e.__name__)
@pytest.mark.parametrize('before', BEFORE, ids=lambda m: m.name)
def test_transitions(before, event):
    expected = TABLE[event][BEFORE.index(before)]
    driver = at(before)
    epoch = driver.arbiter.state.epoch
    if expected is None:
        with pytest.raises(TransitionError, match=f'the mode is {before.name}'):
            event(driver)
        assert driver.mode is before
        return
    event(driver)
    step = driver.tick()
    assert driver.mode is expected
    assert (driver.arbiter.state.epoch > epoch) == bool(driver.changes())
    if expected in (PAUSED, HOLD):
        assert step.source is ControlSource.HOLD


def test_before_the_first_state_nothing_is_sent():
    driver = Driver()
    driver.arbiter._measured = None
    assert driver.tick() is None


def test_teleop_sends_the_human_while_engaged_and_holds_otherwise():
    driver = Driver()
    steps = driver.run(2, engaged=True)
    assert (steps[-1].source, steps[-1].positions.tolist()) == (ControlSource.HUMAN,
                                                                HUMAN.tolist())
    driver.state = STATE + 0.01
    held, = driver.run(1, engaged=False)
    driver.state = STATE + 0.02
    later, = driver.run(1, engaged=False)
    expected = STATE + 0.01
    expected[-1] = HUMAN[-1]  # the gripper stays where it was told to be
    assert held.source is ControlSource.HOLD
    assert held.positions.tolist() == later.positions.tolist() == expected.tolist()


def test_a_released_device_may_fall_silent_in_teleop():
    driver = Driver()
    driver.run(2, engaged=True)
    driver.run(1, engaged=False)
    driver.run(30)
    assert driver.mode is TELEOP


@pytest.mark.parametrize('start', [TELEOP, AUTONOMOUS])
def test_a_silent_device_holds_and_does_not_come_back_by_itself(start):
    driver = Driver() if start is TELEOP else correcting()
    driver.run(2, engaged=True, policy=start is AUTONOMOUS)
    driver.changes()
    steps = driver.run(6, policy=start is AUTONOMOUS)
    assert driver.changes() == [(HOLD, 'pad silent for 167 ms while it drove')]
    assert [s.source for s in steps] == [ControlSource.HUMAN] * 4 + [ControlSource.HOLD] * 2
    driver.run(10, engaged=True, policy=start is AUTONOMOUS)
    assert driver.mode is HOLD
    driver.run(1, engaged=False)
    driver.run(1, engaged=True)
    assert driver.mode is (TELEOP if start is TELEOP else CORRECTING)


def test_take_over_comes_within_the_same_tick():
    driver = autonomous()
    before = driver.arbiter.state.epoch
    step, = driver.run(1, policy=True)
    assert (step.source, step.positions.tolist()) == (ControlSource.POLICY, POLICY.tolist())
    driver.device(True)
    assert driver.changes() == [(CORRECTING, 'pad engaged')]
    step = driver.tick()
    assert step.source is ControlSource.HUMAN
    assert step.policy is None, 'the chunk of the old epoch is void'
    with pytest.raises(MessageError, match=f'chunk: expected epoch {before + 1}, got {before}'):
        driver.chunk(epoch=before)
    step, = driver.run(1, policy=True, engaged=True)
    assert step.source is ControlSource.HUMAN
    assert step.policy.tolist() == POLICY.tolist(), 'what the policy wants is known, not sent'


def test_control_returns_only_with_an_observation_after_the_hand_back():
    driver = correcting()
    driver.run(6, policy=True, engaged=False)
    assert [mode for mode, _ in driver.changes()] == [PAUSED, AUTONOMOUS]
    driver = correcting()
    driver.device(False, Request.HAND_BACK)
    handed_back_ns = driver.now.ros_ns
    assert driver.changes() == [
        (PAUSED, 'pad handed back; waiting for the policy to see the present state')]
    for _ in range(30):
        driver.wait(33)
        driver.device(False)
        driver.chunk(observation_ns=handed_back_ns - 1)
        assert driver.tick().source is ControlSource.HOLD
    assert driver.mode is PAUSED
    epoch = driver.arbiter.state.epoch
    driver.chunk(observation_ns=handed_back_ns)
    assert driver.tick().source is ControlSource.POLICY
    assert driver.changes() == [(AUTONOMOUS, 'the policy has seen the present state')]
    assert driver.arbiter.state.epoch == epoch


def test_the_same_device_takes_over_again_and_again():
    driver = autonomous()
    for _ in range(3):
        driver.run(6, policy=True, engaged=True)
        assert driver.mode is CORRECTING
        driver.run(6, policy=True, engaged=False)
        assert driver.mode is AUTONOMOUS


def test_a_chunk_from_before_the_hand_back_is_of_an_older_epoch():
    driver = correcting()
    old = driver.arbiter.state.epoch
    driver.device(False, Request.HAND_BACK)
    with pytest.raises(MessageError, match='chunk: expected epoch'):
        driver.chunk(epoch=old)


def test_flapping_of_the_dead_man_is_one_correction():
    driver = autonomous()
    for k in range(60):
        driver.wait(10)
        driver.chunk()
        driver.device(k % 2 == 0)
        if k % 3 == 0:
            driver.tick()
    assert driver.changes() == [(CORRECTING, 'pad engaged')]


def test_the_rest_of_a_chunk_is_not_played_out():
    driver = autonomous()
    sources = [step.source for step in driver.run(8, engaged=False)]
    assert sources == [ControlSource.POLICY] * 4 + [ControlSource.HOLD] * 4
    assert driver.changes() == [(HOLD, 'policy silent for 167 ms')]
    driver.run(5, policy=True, engaged=False)
    assert driver.mode is HOLD, 'a policy that comes back does not drive by itself'
    driver.arbiter.resume(driver.now)
    driver.run(1, policy=True, engaged=False)
    assert driver.mode is AUTONOMOUS


def test_a_chunk_that_has_run_out_holds():
    driver = autonomous()
    driver.wait(33)
    driver.chunk(horizon=1, positions=POLICY, stamp_ns=driver.now.ros_ns - 100_000_000)
    assert driver.tick().source is ControlSource.HOLD
    assert driver.changes() == [(HOLD, 'the chunk of the policy has run out')]


def test_a_second_device_does_not_interfere():
    driver = correcting()
    driver.device(True, name='homing', positions=STATE + 1)
    driver.device(True)
    assert driver.tick().positions.tolist() == HUMAN.tolist()
    driver.device(False, name='homing')
    driver.device(True)
    assert driver.tick().source is ControlSource.HUMAN
    assert driver.changes() == []


def test_take_over_by_service_holds_until_a_device_engages():
    driver = autonomous()
    assert driver.arbiter.take_over(driver.now) == 'holding until a device engages'
    assert driver.changes() == [(PAUSED, 'operator took over; waiting for a device to engage')]
    assert driver.run(3, policy=True)[-1].source is ControlSource.HOLD
    driver.run(1, engaged=True)
    assert driver.changes() == [(CORRECTING, 'pad engaged')]


def test_take_over_by_service_with_an_engaged_device_drives_at_once():
    driver = correcting()
    driver.arbiter.pause(driver.now)
    driver.run(3, engaged=True)
    assert driver.mode is PAUSED, 'a dead-man that is held does not undo a pause'
    assert driver.arbiter.take_over(driver.now) == 'pad drives'
    assert driver.mode is CORRECTING


def test_resume_with_an_engaged_device_is_refused():
    driver = correcting()
    driver.arbiter.pause(driver.now)
    driver.device(True)
    with pytest.raises(TransitionError) as error:
        driver.arbiter.resume(driver.now)
    assert str(error.value) == 'resume: pad is engaged; release it first'


def test_resume_after_teleop_leads_back_to_teleop():
    driver = Driver()
    driver.arbiter.pause(driver.now)
    assert driver.arbiter.resume(driver.now) == 'the operator drives'
    assert driver.mode is TELEOP


def test_pausing_again_is_no_change_and_ends_a_return():
    driver = at(PAUSED)
    assert driver.arbiter.pause(driver.now) == 'paused already'
    assert driver.changes() == []
    driver.arbiter.resume(driver.now)
    assert driver.arbiter.pause(driver.now) == 'paused'
    driver.run(3, policy=True, engaged=False)
    assert driver.mode is PAUSED


def test_while_the_gate_rejects_the_held_position_follows_the_robot():
    driver = at(PAUSED)
    driver.tick()
    elsewhere = STATE + np.array([0.3] * 6 + [0.01])
    driver.state = elsewhere
    driver.arbiter.gate(Verdict.REJECTED, 'disarmed')
    assert driver.run(1)[0].positions.tolist() == elsewhere.tolist()
    driver.arbiter.gate(Verdict.PASSED, '')
    driver.state = STATE
    assert driver.run(1)[0].positions.tolist() == elsewhere.tolist()


def test_a_robot_at_its_limit_is_held_inside():
    driver = at(PAUSED)
    driver.state = STATE.copy()
    driver.state[-1] = -1e-4
    driver.arbiter.gate(Verdict.REJECTED, 'disarmed')
    assert driver.run(1)[0].positions[-1] == 0.0


EVENTS = [engage, lambda d: d.device(False), hand_back, ask_take_over, ask_pause, gate_holds,
          fresh_chunk, pause, take_over, resume, lambda d: d.tick(), lambda d: d.wait(33),
          lambda d: d.wait(120), lambda d: d.wait(40, measure=False)]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([TELEOP, AUTONOMOUS, PAUSED]),
       st.lists(st.sampled_from(EVENTS), max_size=60))
def test_whatever_happens_the_rules_hold(start, events):
    driver = Driver(start)
    epoch, mode = driver.arbiter.state.epoch, driver.mode
    engaged = False
    for event in events:
        with suppress(TransitionError, MessageError):
            event(driver)
        engaged = driver.arbiter._operators.engaged
        step = driver.tick()
        for change in driver.arbiter.changes:
            if change.mode is AUTONOMOUS:
                assert mode is PAUSED, 'control returns through PAUSED only'
                assert change.epoch == epoch
            else:
                assert change.epoch == epoch + 1 or change.reason == 'started'
            epoch, mode = change.epoch, change.mode
        driver.arbiter.changes.clear()
        assert (step.source is ControlSource.POLICY) <= (driver.mode is AUTONOMOUS)
        assert (step.source is ControlSource.HUMAN) <= (driver.mode in (TELEOP, CORRECTING))
        assert not (driver.mode is AUTONOMOUS and engaged), 'the human wins'
        assert np.isfinite(step.positions).all()
        if start is TELEOP:
            assert driver.mode in (TELEOP, PAUSED, HOLD)
        else:
            assert driver.mode is not TELEOP
