"""The arbiter and a gate that is disarmed, ends, or has never let anything through."""
from il_ros.intervention.state import TransitionError
from il_ros.types import ControlSource, Mode, Verdict
from intervention.driver import at, autonomous, correcting, Driver
import pytest

TELEOP, AUTONOMOUS, PAUSED, CORRECTING, HOLD = (
    Mode.TELEOP, Mode.AUTONOMOUS, Mode.PAUSED, Mode.CORRECTING, Mode.HOLD)
PASSED, REJECTED = (Verdict.PASSED, ''), (Verdict.REJECTED, 'disarmed')
ENDED = 'the gate is silent; gate/arm, then dagger/resume'
DISARMED = 'the gate was disarmed; gate/arm, then dagger/resume'


def run(driver, ticks, answer, **sources):
    """Pass ticks at each of which the gate answers, unless `answer` is None."""
    steps = []
    for _ in range(ticks):
        steps += driver.run(1, **sources)
        if answer:
            driver.arbiter.gate(*answer)
    return steps


@pytest.mark.parametrize(('driver', 'engaged'), [(autonomous, False), (correcting, True)])
def test_a_gate_that_ends_pauses_whoever_drives(driver, engaged):
    """A gate that is started again within any time finds an arbiter that holds."""
    driver = driver()
    run(driver, 5, PASSED, policy=True, engaged=engaged)
    assert driver.changes() == []
    steps = run(driver, 16, None, policy=True, engaged=engaged)
    assert driver.changes() == [(PAUSED, ENDED)]
    assert steps[-1].source is ControlSource.HOLD
    run(driver, 5, REJECTED, policy=True, engaged=engaged)
    steps = run(driver, 30, PASSED, policy=True, engaged=engaged)
    assert driver.changes() == []
    assert {step.source for step in steps} == {ControlSource.HOLD}
    if not engaged:
        driver.arbiter.resume(driver.now)
        run(driver, 2, PASSED, policy=True, engaged=False)
        assert driver.mode is AUTONOMOUS


def test_a_person_in_teleoperation_is_paused_too_and_drives_on_after_resume():
    driver = Driver()
    run(driver, 5, PASSED, engaged=True)
    run(driver, 16, None, engaged=True)
    assert driver.changes()[-1] == (PAUSED, ENDED)
    assert driver.arbiter.resume(driver.now) == 'the operator drives'
    assert run(driver, 2, PASSED, engaged=True)[-1].source is ControlSource.HUMAN


def test_nobody_drives_so_nothing_changes_when_the_gate_ends():
    driver = Driver()
    run(driver, 5, PASSED, engaged=False)
    run(driver, 40, None, engaged=False)
    assert driver.mode is TELEOP
    assert driver.changes()[1:] == []


def test_a_return_to_the_policy_ends_with_the_gate():
    driver = at(PAUSED)
    run(driver, 2, PASSED, engaged=False)
    driver.arbiter.resume(driver.now)
    driver.changes()
    run(driver, 16, None, engaged=False)
    assert driver.changes() == [(PAUSED, ENDED)]
    run(driver, 5, PASSED, policy=True, engaged=False)
    assert driver.mode is PAUSED


def test_an_arbiter_that_stood_still_does_not_blame_the_gate():
    driver = autonomous()
    run(driver, 3, PASSED, policy=True, engaged=False)
    driver.wait(3000)
    driver.chunk()
    driver.tick()
    assert driver.mode is AUTONOMOUS


def test_a_gate_that_was_never_heard_is_not_missed():
    driver = autonomous()
    run(driver, 60, None, policy=True, engaged=False)
    assert driver.mode is AUTONOMOUS


@pytest.mark.parametrize(('driver', 'engaged'), [(autonomous, False), (correcting, True)])
def test_disarming_pauses_and_arming_again_moves_nothing(driver, engaged):
    driver = driver()
    run(driver, 3, PASSED, policy=True, engaged=engaged)
    driver.arbiter.gate(*REJECTED)
    assert driver.changes() == [(PAUSED, DISARMED)]
    steps = run(driver, 30, PASSED, policy=True, engaged=engaged)
    assert {step.source for step in steps} == {ControlSource.HOLD}


def test_a_gate_that_was_not_armed_yet_disturbs_nobody():
    for driver in (autonomous(), Driver()):
        run(driver, 10, REJECTED, policy=driver.mode is AUTONOMOUS, engaged=False)
        assert driver.mode in (AUTONOMOUS, TELEOP)


def test_silent_joint_states_before_anything_moved_hold_nobody_up():
    driver = Driver()
    run(driver, 3, REJECTED, engaged=True)
    driver.wait(330, measure=False)
    driver.device(True)
    driver.tick()
    assert driver.mode is TELEOP
    run(driver, 3, PASSED, engaged=True)
    driver.changes()
    driver.wait(330, measure=False)
    driver.device(True)
    driver.tick()
    assert driver.changes() == [(HOLD, 'joint states silent for 330 ms')]


def test_a_hold_of_the_start_ends_by_itself_while_the_gate_is_disarmed():
    driver = Driver()
    driver.run(2, engaged=True)
    driver.wait(330, measure=False)
    driver.device(True)
    driver.tick()
    assert driver.mode is HOLD
    driver.changes()
    driver.arbiter.gate(*REJECTED)
    driver.tick()
    assert driver.mode is HOLD, 'the joint states are not back'
    driver.run(1, engaged=True)
    assert driver.changes() == [(TELEOP, 'joint states are back; nothing has moved yet')]
    assert driver.run(1, engaged=True)[0].source is ControlSource.HUMAN


@pytest.mark.parametrize('answer', [PASSED, (Verdict.REJECTED, 'latched'), None])
def test_it_does_not_where_something_may_have_moved(answer):
    driver = Driver()
    driver.run(2, engaged=True)
    driver.wait(330, measure=False)
    driver.device(True)
    driver.tick()
    run(driver, 30, answer, engaged=True)
    if answer is PASSED:
        run(driver, 3, REJECTED, engaged=True)
    assert driver.mode is HOLD


def test_answers_name_what_is_missing():
    driver = at(HOLD)
    with pytest.raises(TransitionError) as error:
        driver.arbiter.hand_back(driver.now)
    assert str(error.value) == ('hand_back: expected CORRECTING or ALIGNING, the mode is HOLD: '
                                'nothing to hand back; dagger/resume goes on')
    driver.arbiter.gate(*REJECTED)
    assert driver.arbiter.resume(driver.now) == (
        'the policy drives as soon as it has seen the present state; the gate is disarmed: call '
        'gate/arm')
    assert driver.arbiter.resume(driver.now) == (
        'waiting for the policy already; the gate is disarmed: call gate/arm')


def test_a_device_that_falls_silent_before_the_gate_is_armed_does_not_drive_when_it_is():
    driver = Driver()
    run(driver, 3, REJECTED, engaged=True)
    driver.changes()
    run(driver, 5, REJECTED)
    assert driver.changes() == [(HOLD, 'pad silent for 133 ms while it drove')]
    steps = run(driver, 5, PASSED)
    assert {step.source for step in steps} == {ControlSource.HOLD}
