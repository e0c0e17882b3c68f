"""Work in this process and in others: the same results, and none lost with a process."""
import os

from il_ros.datasets.reporting import Cancelled
from il_ros.errors import ConfigError, DatasetError, WorkError
from il_ros.spread.processes import Processes
from il_ros.spread.spread import Here, in_order, spread_over
import pytest
from spread import work


@pytest.mark.parametrize('spread', [Here(), Processes(2)], ids=['here', 'processes'])
def test_results_are_the_same_and_in_order(spread):
    assert list(in_order(spread, work.square, range(7))) == [k * k for k in range(7)]
    assert list(in_order(spread, work.square, [])) == []
    with pytest.raises(DatasetError, match='the second is odd; leave it out'):
        list(in_order(spread, work.refuses, range(7)))


def test_it_is_done_where_it_was_asked_for():
    assert set(in_order(Here(), work.where, range(3))) == {os.getpid()}
    others = set(in_order(Processes(2), work.where, range(3)))
    assert os.getpid() not in others and 1 <= len(others) <= 2


def test_nobody_works_on_after_an_error(tmp_path):
    with pytest.raises(DatasetError, match='the first'):
        list(in_order(Processes(2), work.fails_beside_work, [(k, tmp_path) for k in range(2)]))
    assert (tmp_path / 'ended').exists(), 'what it writes would meet what the next one writes'


def test_what_is_lost_with_a_killed_process_is_done_again(tmp_path):
    items = [(number, str(tmp_path)) for number in range(4)]
    assert list(in_order(Processes(2), work.killed_once, items)) == [0, 1, 4, 9]
    assert [path.name for path in tmp_path.iterdir()] == ['1']


def test_what_kills_its_process_each_time_is_told():
    with pytest.raises(WorkError, match='processes were killed 3 times in a row with none of 1 '
                                        'parts of the work done: is the memory full'):
        list(in_order(Processes(1), work.killed_always, [0]))


@pytest.mark.parametrize('spread', [Here(), Processes(1)], ids=['here', 'processes'])
def test_a_caller_who_wants_no_more_ends_it(spread):
    def ask():
        raise Cancelled('enough')
    with pytest.raises(Cancelled, match='enough'):
        list(in_order(spread, work.square, range(3), ask))


def test_a_place_is_one_of_those_there_are():
    with spread_over(jobs=0) as spread:
        assert isinstance(spread, Here)
    with spread_over(jobs=3) as spread:
        assert spread.workers == 3
    with spread_over(jobs=None) as spread:
        assert spread.workers == os.cpu_count()
    with pytest.raises(ConfigError, match="--on: expected one of here, ray, got 'moon'"), (
            spread_over('moon')):
        pass
    with pytest.raises(ConfigError, match='--jobs 2: leave it out with --on ray'), (
            spread_over('ray', 2)):
        pass
