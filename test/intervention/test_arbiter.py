from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st
from il_ros.errors import MessageError
from il_ros.intervention.arbiter import Arbiter
from il_ros.intervention.handover import HANDOVERS
from il_ros.intervention.help import HelpRequest
from il_ros.intervention.state import TransitionError
from il_ros.safety.arming import ArmingError
from il_ros.safety.gate import Gate
from il_ros.safety.rules import Command
from il_ros.timing import Now
from il_ros.types import ControlSource, Mode, Request, Verdict
from intervention.driver import (
    at,
    autonomous,
    CONTRACT,
    correcting,
    Driver,
    HUMAN,
    NAMES,
    PERIOD_NS,
    POLICY,
    STATE,
)
import numpy as np
import pytest

TELEOP, AUTONOMOUS, PAUSED, ALIGNING, CORRECTING, HOLD = (
    Mode.TELEOP, Mode.AUTONOMOUS, Mode.PAUSED, Mode.ALIGNING, Mode.CORRECTING, Mode.HOLD)
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
    driver.tick()
    driver.wait(100)
    driver.device(False)


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
    epoch = driver.arbiter.control.state.epoch
    if expected is None:
        with pytest.raises(TransitionError, match=f'the mode is {before.name}'):
            event(driver)
        assert driver.mode is before
        return
    event(driver)
    step = driver.tick()
    assert driver.mode is expected
    assert (driver.arbiter.control.state.epoch > epoch) == bool(driver.changes())
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
    assert driver.changes() == [(HOLD, 'pad silent for 133 ms while it drove')]
    assert [s.source for s in steps] == [ControlSource.HUMAN] * 3 + [ControlSource.HOLD] * 3
    driver.run(10, engaged=True, policy=start is AUTONOMOUS)
    assert driver.mode is HOLD
    driver.run(1, engaged=False)
    driver.run(1, engaged=True)
    assert driver.mode is (TELEOP if start is TELEOP else CORRECTING)


def test_take_over_comes_within_the_same_tick():
    driver = autonomous()
    before = driver.arbiter.control.state.epoch
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
    hand_back(driver)
    driver.tick()
    handed_back_ns = driver.now.ros_ns
    assert driver.changes() == [
        (PAUSED, 'pad handed back; waiting for the policy to see the present state')]
    for _ in range(30):
        driver.wait(33)
        driver.device(False)
        driver.chunk(observation_ns=handed_back_ns - 1)
        assert driver.tick().source is ControlSource.HOLD
    assert driver.mode is PAUSED
    epoch = driver.arbiter.control.state.epoch
    driver.chunk(observation_ns=handed_back_ns)
    assert driver.tick().source is ControlSource.POLICY
    assert driver.changes() == [(AUTONOMOUS, 'the policy has seen the present state')]
    assert driver.arbiter.control.state.epoch == epoch


def test_the_same_device_takes_over_again_and_again():
    driver = autonomous()
    for _ in range(3):
        driver.run(6, policy=True, engaged=True)
        assert driver.mode is CORRECTING
        driver.run(6, policy=True, engaged=False)
        assert driver.mode is AUTONOMOUS


def test_a_chunk_from_before_the_hand_back_is_of_an_older_epoch():
    driver = correcting()
    old = driver.arbiter.control.state.epoch
    hand_back(driver)
    driver.tick()
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
    assert sources == [ControlSource.POLICY] * 3 + [ControlSource.HOLD] * 5
    assert driver.changes() == [(HOLD, 'policy silent for 133 ms')]
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


@pytest.mark.parametrize('start', [correcting, Driver])
def test_a_device_that_vanished_in_a_hold_keeps_no_other_from_driving(start):
    driver = start()
    driver.device(True)
    driver.tick()
    gate_holds(driver)
    driver.wait(50)
    driver.device(True, name='another', positions=STATE)
    assert driver.mode is HOLD, 'the first was heard just now'
    driver.device(False, name='another', positions=STATE)
    driver.wait(151)
    driver.device(True, name='another', positions=STATE)
    assert driver.mode in (TELEOP, ALIGNING, CORRECTING)
    assert driver.changes()[-1][1].startswith('another engaged')


@pytest.mark.parametrize('end', [gate_holds, device_silent])
def test_who_holds_the_switch_of_a_device_that_comes_back_has_control(end):
    driver = correcting()
    end(driver)
    driver.tick()
    driver.wait(151)
    driver.arbiter.resume(driver.now)      # the device is silent, and keeps nobody up
    fresh_chunk(driver)
    driver.tick()
    assert driver.mode is AUTONOMOUS
    driver.device(True)
    step = driver.tick()
    assert driver.mode in (ALIGNING, CORRECTING) and step.source is not ControlSource.POLICY


@pytest.mark.parametrize('end', [gate_holds, device_silent])
def test_the_policy_does_not_go_on_while_a_switch_is_held(end):
    driver = correcting()
    end(driver)
    driver.tick()
    driver.device(True)     # it is heard again; in a hold that alone moves nothing
    assert driver.mode is HOLD
    with pytest.raises(TransitionError, match='^resume: pad is engaged; release it first$'):
        driver.arbiter.resume(driver.now)


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


@pytest.mark.parametrize('stop', [gate_holds, pause])
def test_a_device_that_was_moved_while_all_stood_begins_where_the_robot_is(stop):
    driver = Driver(handover='blend')
    driver.run(3, engaged=True)
    stop(driver)
    driver.device(True, positions=STATE - 0.6)
    assert driver.run(1)[0].source is ControlSource.HOLD
    assert driver.arbiter.resume(driver.now) == 'the operator drives'
    driver.device(True, positions=STATE - 0.6)
    step = driver.tick()
    assert (driver.mode, step.source) == (ALIGNING, ControlSource.ARBITER)
    np.testing.assert_allclose(step.positions[:6], STATE[:6], atol=STEP[:6].max())


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


def far_device(driver):
    driver.device(True, positions=STATE - 0.6)


def move_device(driver):
    driver.device(False, positions=STATE + 0.1 * (driver.seq % 5))


def help_wanted(driver):
    driver.arbiter.ask_for_help(HelpRequest('help_gate', driver.seq % 2 == 0, 'novelty'))


def travel(driver):
    driver.state = driver.state + 0.01
    driver.wait(33)


EVENTS = [engage, lambda d: d.device(False), hand_back, ask_take_over, ask_pause, gate_holds,
          fresh_chunk, pause, take_over, resume, lambda d: d.tick(), lambda d: d.wait(33),
          lambda d: d.wait(120), lambda d: d.wait(40, measure=False), far_device, move_device,
          help_wanted, travel, lambda d: d.device(False, Request.REWIND),
          lambda d: d.arbiter.rewind(d.now), lambda d: d.arbiter.hand_back(d.now)]
# What may follow a mode beside itself; HOLD and PAUSED may follow any.
FOLLOWS = {TELEOP: {ALIGNING}, AUTONOMOUS: {CORRECTING, ALIGNING},
           PAUSED: {TELEOP, AUTONOMOUS, CORRECTING, ALIGNING},
           ALIGNING: {TELEOP, CORRECTING}, CORRECTING: {ALIGNING},
           HOLD: {TELEOP, CORRECTING, ALIGNING}}
STEP = CONTRACT.velocity * PERIOD_NS * 1e-9


@settings(max_examples=250, deadline=None)
@example(TELEOP, 'blend', [engage, gate_holds, far_device, resume])
@given(st.sampled_from([TELEOP, AUTONOMOUS, PAUSED]), st.sampled_from(sorted(HANDOVERS)),
       st.lists(st.sampled_from(EVENTS), max_size=60))
def test_whatever_happens_the_rules_hold(start, style, events):
    driver = Driver(start, handover=style, take_over_motion=0.05, answer_s=1.0)
    gate = Gate(CONTRACT)
    gate.measure(driver.state, driver.now.ros_ns, driver.now)
    gate.arm(driver.now)
    epoch, mode = driver.arbiter.control.state.epoch, driver.mode
    sent, before = driver.state, None
    for event in events:
        with suppress(TransitionError, MessageError):
            event(driver)
        engaged = driver.arbiter._human.engaged
        step = driver.tick()
        for change in driver.arbiter.control.changes:
            assert change.mode in FOLLOWS[mode] | {mode, PAUSED, HOLD}, 'a legal transition'
            if change.mode is AUTONOMOUS:
                assert mode in (PAUSED, AUTONOMOUS), 'control returns through PAUSED only'
            if change.mode is AUTONOMOUS or (mode is ALIGNING and change.epoch == epoch):
                assert change.epoch == epoch
                assert change.mode in (AUTONOMOUS, CORRECTING, TELEOP)
            else:
                assert change.epoch == epoch + 1 or change.reason == 'started'
            epoch, mode = change.epoch, change.mode
        driver.arbiter.control.changes.clear()
        assert (step.source is ControlSource.POLICY) <= (driver.mode is AUTONOMOUS)
        assert (step.source is ControlSource.HUMAN) <= (driver.mode in (TELEOP, CORRECTING))
        assert (step.source is ControlSource.ARBITER) <= (driver.mode in (ALIGNING, PAUSED))
        assert (step.human is not None) == (step.source is ControlSource.HUMAN)
        assert not (driver.mode is AUTONOMOUS and engaged), 'the human wins'
        assert np.isfinite(step.positions).all()
        if before and step.source is ControlSource.HUMAN is not before.source:
            away = min(np.abs(step.positions - at)[:6].max()
                       for at in (before.positions, before.state, step.state))
            assert away <= 5 * STEP[:6].max(), 'a device begins where the robot is'
        before = step
        if start is TELEOP:
            assert driver.mode in (TELEOP, ALIGNING, PAUSED, HOLD)
        else:
            assert driver.mode is not TELEOP
        driver.wait(33.4)   # the gate takes a command per period; no step is above its limit
        gate.measure(driver.state, driver.now.ros_ns, driver.now)
        decision = gate.receive(Command(NAMES, step.positions, int(step.source), b'arbiter',
                                        driver.seq, 1, driver.now.ros_ns), driver.now)
        driver.seq += 1
        if decision.sent is not None:
            assert (np.abs(decision.sent - sent) <= STEP + 1e-9).all()
            sent = decision.sent
        else:
            gate.disarm()
            with suppress(ArmingError):
                gate.arm(driver.now)
            sent = np.clip(driver.state, gate.limits.lower, gate.limits.upper)


def test_a_joint_that_falls_silent_holds_by_name():
    driver = Driver()
    driver.device(True)
    driver.tick()
    driver.changes()
    told = np.where(np.array(NAMES) == 'gripper', np.nan, driver.state)
    for _ in range(4):
        driver.wait(40, measure=False)
        driver.arbiter.measure(told, driver.now)
        driver.device(True)
        driver.tick()
    assert driver.changes() == [(HOLD, "joint 'gripper' silent for 120 ms")]


def test_nothing_happens_before_every_joint_came():
    arbiter, now, finger = Arbiter(CONTRACT, TELEOP), Now(1, 1), np.array(NAMES) == 'gripper'
    arbiter.measure(np.where(finger, np.nan, STATE), now)
    assert arbiter.tick(now) is None
    arbiter.measure(np.where(finger, STATE, np.nan), now)
    assert arbiter.tick(now).state.tolist() == STATE.tolist()
