"""ROS time against steady time, by hand."""
from il_ros.safety.clock import ClockWatch
from il_ros.timing import MILLISECOND, Now, SECOND
import pytest

ROS = 1_700_000_000 * SECOND


def looks(*instants_ms, speed=1.0):
    """Return what each look finds; an instant is steady and ROS time."""
    watch = ClockWatch(speed)
    return [watch.look(Now(s * MILLISECOND, ROS + r * MILLISECOND)) for s, r in instants_ms]


def test_time_that_goes_on_is_no_fault():
    assert not any(looks(*((t, t) for t in range(0, 60_000, 10))))


def test_a_pause_of_the_process_is_no_fault():
    assert not any(looks((0, 0), (10, 10), (5_010, 5_010)))


def test_a_simulation_may_be_slow_or_send_its_clock_now_and_then():
    assert not any(looks(*((t, t // 3) for t in range(0, 60_000, 10))))
    assert not any(looks(*((t, t // 200 * 200) for t in range(0, 60_000, 10))))


def test_a_fast_simulation_is_no_fault_at_its_speed():
    fast = [(t, 5 * t) for t in range(0, 9_000, 300)]
    assert not any(looks(*fast, speed=5.0))
    assert 'ROS time jumped ahead by 1.2 s' in looks(*fast, speed=1.0)


@pytest.mark.parametrize('to_ms, text', [
    (100_010, 'ROS time jumped ahead by 100.0 s'), (-99_980, 'ROS time went back by 100.0 s'),
    (-90, 'ROS time went back by 0.1 s')])
def test_a_step_is_found_once(to_ms, text):
    found = looks((0, 0), (10, 20), (20, to_ms), (30, to_ms + 10), (40, to_ms + 20))
    assert found == ['', '', text, '', '']


def test_a_small_correction_of_the_clock_is_no_fault():
    assert not any(looks((0, 0), (10, 10), (20, -80), (30, 30)))


def test_a_clock_that_stands_is_named_as_long_as_it_stands():
    found = looks((0, 0), (250, 0), (251, 0), (260, 0), (270, 10))
    assert found == ['', '', 'ROS time stands still for 251 ms; does the simulation run and '
                     'publish /clock?', 'ROS time stands still for 260 ms; does the simulation '
                     'run and publish /clock?', '']
