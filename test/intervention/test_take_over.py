"""Take-over by moving the device, requests for help, rewinding, services."""
from il_ros.errors import ConfigError
from il_ros.intervention.help import HelpRequest
from il_ros.intervention.settings import Settings
from il_ros.intervention.state import TransitionError
from il_ros.types import ControlSource, Mode, Request, Verdict
from intervention.driver import autonomous, correcting, Driver, HUMAN, PERIOD_NS, STATE
import numpy as np
import pytest

RETURN = (Mode.PAUSED, 'operator handed back; waiting for the policy to see the present state')
NOVEL = HelpRequest('help_gate', True, 'novelty', 0.9, 0.5)
ASKED = 'help_gate asks for help: novelty (0.9, threshold 0.5)'


def hand(driver, positions, ticks=1, **changes):
    """Let a device without a dead-man switch stand somewhere for some ticks."""
    for _ in range(ticks):
        driver.wait(34)
        driver.chunk()
        driver.device(False, positions=positions, **changes)
        step = driver.tick()
    return step


def test_moving_the_device_takes_over_until_it_is_handed_back():
    driver = autonomous(take_over_motion=0.05)
    resting = STATE - 0.3
    hand(driver, resting, 20, name='leader')
    assert driver.mode is Mode.AUTONOMOUS, 'a device that rests elsewhere was not moved'
    step = hand(driver, resting + np.array([0, 0.06, 0, 0, 0, 0, 0]), name='leader')
    assert driver.changes()[0][1].startswith('leader was moved; the robot goes to the device')
    assert step.source is ControlSource.ARBITER
    hand(driver, STATE, 10, name='leader')
    assert driver.mode is Mode.CORRECTING, 'standing still is no hand-back'
    driver.changes()
    driver.arbiter.hand_back(driver.now)
    assert driver.changes() == [RETURN]
    hand(driver, STATE, 2, name='leader')
    assert driver.mode is Mode.AUTONOMOUS


def test_a_request_of_the_device_hands_back_what_moving_it_took():
    driver = autonomous(take_over_motion=0.05)
    hand(driver, STATE)
    hand(driver, STATE - 0.06)
    assert driver.mode is Mode.CORRECTING
    hand(driver, STATE, request=Request.HAND_BACK)
    hand(driver, STATE, 5)
    assert driver.mode is Mode.AUTONOMOUS


def test_a_device_that_follows_the_robot_was_not_moved():
    driver = autonomous(take_over_motion=0.05)
    for k in range(60):
        driver.state = STATE + 0.01 * k
        hand(driver, driver.state - 0.03)
    assert driver.mode is Mode.AUTONOMOUS


def test_without_the_setting_moving_a_device_does_nothing():
    driver = autonomous()
    hand(driver, STATE)
    hand(driver, STATE - 0.5, 5)
    assert driver.mode is Mode.AUTONOMOUS


def test_hand_back_is_refused_while_the_dead_man_is_held_or_nobody_corrects():
    driver = correcting()
    with pytest.raises(TransitionError) as error:
        driver.arbiter.hand_back(driver.now)
    assert str(error.value) == 'hand_back: pad is engaged; release it first'
    with pytest.raises(TransitionError) as error:
        autonomous().arbiter.hand_back(driver.now)
    assert str(error.value) == ('hand_back: expected CORRECTING or ALIGNING, the mode is '
                                'AUTONOMOUS: nothing to hand back')


def test_hand_back_of_another_device_does_not_end_the_correction():
    driver = correcting()
    for _ in range(10):
        driver.device(False, Request.HAND_BACK, name='pedal')
        driver.run(1, policy=True, engaged=True)
    assert driver.mode is Mode.CORRECTING


def test_requests_that_flap_at_50_hz_are_one_correction():
    driver = autonomous()
    for k in range(100):
        driver.wait(10)
        driver.chunk()
        driver.device(k % 2 == 0, Request.TAKE_OVER if k % 2 == 0 else Request.HAND_BACK)
        if k % 3 == 0:
            driver.tick()
    assert driver.changes() == [(Mode.CORRECTING, 'pad engaged')]


def test_a_request_is_shown_and_the_robot_pauses_when_nobody_comes():
    driver = autonomous(answer_s=1.0)
    driver.arbiter.ask_for_help(NOVEL)
    steps = driver.run(29, policy=True, engaged=False)
    assert {step.source for step in steps} == {ControlSource.POLICY}
    assert driver.changes() == [(Mode.AUTONOMOUS, ASKED)]
    assert driver.arbiter.control.state.who == 'help_gate'
    driver.run(3, policy=True, engaged=False)
    assert driver.changes() == [(Mode.PAUSED, f'{ASKED}; nobody came within 1 s')]
    assert driver.run(1)[0].source is ControlSource.HOLD
    driver.arbiter.resume(driver.now)
    driver.run(29, policy=True, engaged=False)
    assert driver.mode is Mode.AUTONOMOUS, 'who resumes has another second'
    driver.run(5, policy=True, engaged=False)
    assert driver.mode is Mode.PAUSED


def test_a_request_that_is_taken_back_changes_nothing():
    driver = autonomous(answer_s=1.0)
    for _ in range(3):
        driver.arbiter.ask_for_help(NOVEL)
        driver.run(20, policy=True, engaged=False)
        driver.arbiter.ask_for_help(HelpRequest('help_gate', False))
        driver.run(20, policy=True, engaged=False)
    assert driver.changes() == 3 * [(Mode.AUTONOMOUS, ASKED),
                                    (Mode.AUTONOMOUS, 'no help is wanted now')]


def test_who_answers_is_told_as_the_cause_of_the_correction():
    driver = autonomous()
    driver.arbiter.ask_for_help(NOVEL)
    driver.run(2, policy=True, engaged=False)
    driver.changes()
    driver.device(True)
    assert driver.changes() == [(Mode.CORRECTING, f'pad engaged; {ASKED}')]


def test_answer_s_0_waits_for_ever():
    driver = autonomous(answer_s=0.0)
    driver.arbiter.ask_for_help(NOVEL)
    driver.run(900, policy=True, engaged=False)
    assert driver.mode is Mode.AUTONOMOUS


def travelled(ticks=90, **settings) -> Driver:
    """Return a driver whose policy has moved the pan joint by 0.01 rad per tick."""
    driver = autonomous(**settings)
    for _ in range(ticks):
        driver.state = driver.state + np.array([0.01, 0, 0, 0, 0, 0, 0])
        driver.run(1, policy=True, engaged=False)
    return driver


def test_rewinding_goes_back_along_the_path_and_then_holds():
    driver = travelled()
    path = [driver.state[0] - 0.01 * k for k in range(60)]
    assert driver.arbiter.rewind(driver.now) == 'operator rewinds 2.0 s of the way'
    steps = driver.run(60, policy=True, engaged=False)
    np.testing.assert_allclose([step.positions[0] for step in steps], path)
    assert {step.source for step in steps} == {ControlSource.ARBITER}
    assert [m for m, _ in driver.changes()] == [Mode.ALIGNING, Mode.PAUSED]
    assert driver.run(5, policy=True, engaged=False)[-1].source is ControlSource.HOLD
    assert driver.arbiter.rewind(driver.now) == 'operator rewinds 1.0 s of the way'


def test_rewinding_leaves_the_gripper_as_it_was_told():
    driver = travelled()
    driver.run(1, policy=True)
    told = driver.tick().positions[-1]
    driver.arbiter.rewind(driver.now)
    driver.state = driver.state.copy()
    driver.state[-1] = 0.03
    assert {step.positions[-1] for step in driver.run(20)} == {told}


def test_standing_still_is_no_way_to_go_back():
    driver = travelled(30)
    driver.run(60, policy=True, engaged=False)
    driver.arbiter.rewind(driver.now)
    assert driver.run(1)[0].positions[0] == pytest.approx(driver.state[0])
    assert driver.run(1)[0].positions[0] == pytest.approx(driver.state[0] - 0.01)


def test_whoever_engages_ends_the_rewinding():
    driver = travelled()
    driver.arbiter.rewind(driver.now)
    driver.run(5, engaged=False)
    driver.device(True, positions=driver.state)
    assert driver.tick().source is ControlSource.HUMAN


def test_letting_go_of_a_dead_man_that_was_held_ends_the_rewinding():
    driver = travelled()
    driver.run(2, policy=True, engaged=True)
    driver.device(True, Request.REWIND)
    driver.run(5, policy=True, engaged=True)
    assert driver.mode is Mode.ALIGNING
    driver.changes()
    assert driver.run(1, engaged=False)[0].source is ControlSource.HOLD
    assert driver.changes() == [(Mode.PAUSED, 'not rewound further: pad released')]


def test_rewinding_stops_with_the_gate():
    driver = travelled()
    driver.arbiter.rewind(driver.now)
    driver.run(2)
    driver.arbiter.gate(Verdict.REJECTED, 'disarmed')
    driver.changes()
    driver.run(1)
    assert driver.changes() == [(Mode.PAUSED, 'not rewound: the gate lets nothing through')]


def test_rewinding_is_refused_in_hold_and_before_any_motion():
    driver = Driver(Mode.PAUSED)
    with pytest.raises(TransitionError) as error:
        driver.arbiter.rewind(driver.now)
    assert str(error.value) == ('rewind: expected an arm that moved and is not in HOLD, the mode '
                                'is PAUSED: nothing to go back along')
    driver = travelled()
    driver.arbiter.gate(Verdict.HELD, 'watchdog')
    with pytest.raises(TransitionError, match='the mode is HOLD'):
        driver.arbiter.rewind(driver.now)


def test_recover_then_correct_and_no_policy_after_it():
    """RaC: recovery precedes correction, no frames of the policy after it."""
    driver = travelled(after='pause', handover='clutch')
    driver.arbiter.rewind(driver.now)
    steps = driver.run(60, policy=True, engaged=False)
    steps += driver.run(20, policy=True, engaged=True)
    steps += driver.run(60, policy=True, engaged=False)
    order = [a.source for a, b in zip(steps, [None, *steps], strict=False)
             if b is None or a.source is not b.source]
    assert order == [ControlSource.ARBITER, ControlSource.HUMAN, ControlSource.HOLD]
    assert driver.changes()[-1] == (Mode.PAUSED, 'pad released; the episode ends here')


@pytest.mark.parametrize('values, text', [
    ({'handover': 'clutsch'}, "handover: 'clutsch' is unknown; did you mean 'clutch'?"),
    ({'after': 'stop'}, "after: 'stop' is unknown"),
    ({'align_s': 0.0}, 'align_s: expected above 0, got 0.0'),
    ({'answer_s': -1.0}, 'answer_s: expected 0 or more, got -1.0')])
def test_settings_are_checked(values, text):
    with pytest.raises(ConfigError) as error:
        Settings(**values)
    assert str(error.value).startswith(text)


def test_a_device_that_speaks_before_the_robot_takes_over_when_its_state_is_known():
    driver = Driver()
    driver.arbiter._measured = None
    driver.device(True)
    driver.wait(PERIOD_NS * 1e-6)
    driver.device(True)
    assert driver.tick().positions.tolist() == HUMAN.tolist()
