"""Leading an arm by hand: the pure machine, and the rows that an arm can do."""
import itertools

from il_ros.contract import Contract
from il_ros.teaching.guide import Guide, GuideError, Stage, Want
from il_ros.teaching.rows import Doable, problem_of
from il_ros.timing import MILLISECOND, SECOND
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
START = np.array(CONTRACT.start)
STEP = 10 * MILLISECOND


class Person:
    """Moves through time, with states each 10 ms."""

    def __init__(self, guide, contract=CONTRACT):
        self.guide, self.now, self.at = guide, SECOND, np.array(contract.start)

    def pass_time(self, seconds, move=0.0, states=True):
        """Return what was wanted last; every joint moves by `move` per step."""
        wanted = None
        for _ in range(round(seconds * SECOND / STEP)):
            self.now += STEP
            self.at = self.at + move
            if states:
                self.guide.measure(self.at, self.now)
            wanted = self.guide.tick(self.now)
        return wanted


@pytest.fixture
def led():
    """Return a person and a machine that is being led, and was moved."""
    guide = Guide(CONTRACT)
    person = Person(guide)
    person.pass_time(0.1)
    guide.begin()
    assert guide.tick(person.now) is Want.SWITCH
    guide.done(person.now)
    assert guide.stage is Stage.GUIDED
    assert person.pass_time(1.0, move=0.001) is None
    return person


def test_the_whole_way(led):
    guide = led.guide
    guide.end(led.now)
    assert led.pass_time(0.4) is None and guide.stage is Stage.SETTLING
    assert led.pass_time(0.2) is Want.RETURN
    guide.done(led.now)
    assert guide.tick(led.now) is None and guide.stage is Stage.FRESH
    assert led.pass_time(0.02) is Want.ARM
    guide.done(led.now)
    assert guide.stage is Stage.ARMED and guide.tick(led.now) is None


def test_it_is_not_held_while_it_moves_or_while_nothing_is_heard(led):
    led.guide.end(led.now)
    assert led.pass_time(5.0, move=0.001) is None
    led.now += SECOND       # silence
    assert led.guide.tick(led.now) is None
    with pytest.raises(GuideError, match='did not stand still within 10 s, and is still led'):
        led.pass_time(6.0, move=0.001)
    assert led.guide.stage is Stage.GUIDED


def test_a_failed_switch_leaves_it_disarmed_and_a_failed_return_leaves_it_led(led):
    guide = Guide(CONTRACT)
    guide.begin()
    guide.failed()
    assert guide.stage is Stage.DISARMED
    led.guide.end(led.now)
    assert led.pass_time(0.6) is Want.RETURN
    led.guide.failed()
    assert led.guide.stage is Stage.GUIDED


def test_without_fresh_states_it_is_not_armed(led):
    led.guide.end(led.now)
    assert led.pass_time(0.6) is Want.RETURN
    led.guide.done(led.now)
    with pytest.raises(GuideError, match='no fresh state on joint_states within 2 s'):
        led.pass_time(3.0, states=False)
    assert led.guide.stage is Stage.DISARMED


@pytest.mark.parametrize('value', [0.0, 0.3])
def test_states_that_never_change_do_not_arm(value):
    """As of a driver that publishes zeros, or what it knew at its start."""
    guide = Guide(CONTRACT)
    person = Person(guide)
    person.at = np.full(7, value)
    person.pass_time(0.1)
    guide.begin()
    guide.done(person.now)
    person.pass_time(2.0)
    guide.end(person.now)
    assert person.pass_time(0.6) is Want.RETURN
    guide.done(person.now)
    with pytest.raises(GuideError, match='joint_states: no position changed while the arm was'):
        person.pass_time(0.1)
    assert guide.stage is Stage.DISARMED


def test_each_arm_has_to_be_heard_and_to_change():
    contract = Contract.load('sim_two_arms')
    guide = Guide(contract)
    person = Person(guide, contract)
    person.pass_time(0.1)
    guide.begin()
    guide.done(person.now)
    left = contract.indices(contract.arms[0].joints)
    person.at[left] += 0.1
    person.pass_time(1.0)
    guide.end(person.now)
    assert person.pass_time(0.6) is Want.RETURN
    guide.done(person.now)
    with pytest.raises(GuideError, match='right.*: no position changed'):
        person.pass_time(0.1)


def test_what_comes_at_the_wrong_moment_is_refused(led):
    with pytest.raises(GuideError, match='led by hand: wait, or end it first'):
        led.guide.begin()
    with pytest.raises(GuideError, match='disarmed: the arm is not led by hand'):
        Guide(CONTRACT).end(0)


def test_no_order_of_events_arms_an_arm_that_was_not_led_held_and_measured_anew():
    """Ten thousand random orders of everything that can happen."""
    rng = np.random.default_rng(0)
    armed = 0
    for _ in range(300):
        guide, history = Guide(CONTRACT), []
        person = Person(guide)
        for _ in range(60):
            event = rng.integers(0, 6)
            try:
                if event == 0:
                    guide.begin()
                elif event == 1:
                    guide.end(person.now)
                elif event in (2, 3):
                    if (want := guide.tick(person.now)) and rng.random() < 0.8:
                        guide.done(person.now)
                        history.append(want)
                    elif want:
                        guide.failed()
                        history.append(None)
                else:
                    person.pass_time(rng.uniform(0, 1.2), move=rng.choice([0.0, 0.002]))
            except GuideError:
                pass
            if guide.stage is Stage.ARMED and history[-1] is Want.ARM:
                armed += 1
                assert history[-2] is Want.RETURN
                assert Want.SWITCH in history[:-2]
                history.append(None)
    assert armed > 20


def rows(speed=0.5, seconds=1.0):
    steps = np.arange(round(seconds * 30))[:, None] / 30
    return START + steps * np.array([speed, 0, 0, 0, 0, 0, 0])


def test_rows_within_limits_and_speed_are_doable():
    assert problem_of(CONTRACT, rows()) == ''


def test_rows_beyond_a_limit_or_a_speed_are_named():
    assert problem_of(CONTRACT, rows(speed=2.5)) == (
        "at 0.0 s joint 'shoulder_pan' moves at 2.50/s, expected at most 2: show it slower")
    assert problem_of(CONTRACT, rows(speed=1.9, seconds=2.0)) == (
        "at 1.6 s joint 'shoulder_pan' is at 2.977, expected -2.9 to 2.9")


def test_states_that_come_faster_than_rows_do_not_make_it_faster():
    doable = Doable(CONTRACT)
    noise = itertools.cycle([0.0, 0.002])   # of an encoder, 2 rad/s at a kilohertz
    for k in range(2000):
        doable.add(START + next(noise), k * MILLISECOND)
    assert doable.problem == ''
