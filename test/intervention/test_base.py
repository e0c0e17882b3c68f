"""Who drives a base misses a tick: it stands at once, the arms wait for the silence."""
from il_ros.contract import Contract
from il_ros.intervention.arbiter import Arbiter
from il_ros.intervention.operators import Sample
from il_ros.intervention.policy_rows import Chunk
from il_ros.timing import MILLISECOND, Now
from il_ros.types import ControlSource, Mode, Request
import numpy as np
import pytest

CONTRACT = Contract.load('sim_mobile')
PERIOD_NS = CONTRACT.period_ns
START = np.array(CONTRACT.start)
DRIVE = START + [0.01, 0, 0, 0, 0, 0, 0, 0.3, 0.2]
STANDS = DRIVE * np.where(CONTRACT.is_velocity, 0.0, 1.0)


class Base:
    """A policy or a person that drives a base, tick by tick."""

    def __init__(self, who, speed=1.0):
        self.who, self.ns, self.seq = who, 5_000_000_000, 0
        self.arbiter = Arbiter(CONTRACT, Mode.AUTONOMOUS if who == 'policy' else Mode.TELEOP,
                               speed=speed)
        self.wait(0)

    @property
    def now(self):
        return Now(self.ns, self.ns + 10**18)

    def wait(self, ns):
        self.ns += ns
        self.arbiter.measure(START, self.now)

    def speak(self):
        self.seq += 1
        names = CONTRACT.joint_names
        if self.who == 'policy':
            self.arbiter.chunk(Chunk(
                b'p', self.seq, self.arbiter.control.state.epoch, self.now.ros_ns,
                self.now.ros_ns, PERIOD_NS, 20, names, np.tile(DRIVE, 20)), self.now)
        else:
            self.arbiter.teleop(Sample('pad', b'pad', self.seq, True, Request.NONE, names, DRIVE),
                                self.now)

    def drive(self, ticks=40):
        for _ in range(ticks):
            self.wait(PERIOD_NS)
            self.speak()
            step = self.arbiter.tick(self.now)
        return step


@pytest.fixture(params=['policy', 'person'])
def base(request):
    base = Base(request.param)
    assert base.drive().positions[-2:].tolist() == [0.3, 0.2]
    return base


def test_it_stands_before_two_periods_are_over_also_between_two_ticks(base):
    base.wait(round(1.5 * PERIOD_NS))
    assert base.arbiter.stop_base(base.now) is None
    base.wait(MILLISECOND)
    step = base.arbiter.stop_base(base.now)
    assert step.source is ControlSource.HOLD
    np.testing.assert_allclose(step.positions, STANDS)
    assert base.arbiter.stop_base(base.now) is None, 'told once'
    assert base.arbiter.control.mode in (Mode.AUTONOMOUS, Mode.TELEOP), 'the arms wait'
    row = base.arbiter.tick(base.now)
    assert row.source is not ControlSource.HOLD
    np.testing.assert_allclose(row.positions, STANDS)


def test_a_tick_that_comes_before_the_look_stops_it_too(base):
    base.wait(2 * PERIOD_NS)
    step = base.arbiter.tick(base.now)
    assert (step.source, step.positions[-2:].tolist()) == (ControlSource.HOLD, [0.0, 0.0])


def test_it_drives_on_with_the_next_word(base):
    base.wait(2 * PERIOD_NS)
    base.arbiter.tick(base.now)
    assert base.drive(1).positions[-2:].tolist() == [0.3, 0.2]


def test_one_tick_without_a_word_of_another_is_none(base):
    base.wait(PERIOD_NS)
    assert base.arbiter.tick(base.now).positions[-2:].tolist() == [0.3, 0.2]


def test_a_robot_that_runs_faster_than_time_counts_its_own_periods():
    base = Base('policy', speed=10.0)
    base.drive()
    base.wait(PERIOD_NS // 10 * 2)
    assert base.arbiter.stop_base(base.now) is not None
