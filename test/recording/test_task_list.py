from il_ros.recording.task_list import TaskList
import pytest


def record(tasks, *kept):
    """Return the tasks of episodes that are kept or not."""
    found = []
    for keep in kept:
        found.append(tasks.current)
        tasks.started()
        if keep:
            tasks.kept()
    return found


@pytest.fixture
def tasks():
    found = TaskList('wave')
    found.change('', ['pick', 'open', 'close'])
    return found


def test_each_in_its_turn_and_the_first_again(tasks):
    assert tasks.told == 'task 1 of 3: pick'
    assert record(tasks, True, True, True, True) == ['pick', 'open', 'close', 'pick']
    assert tasks.told == 'task 2 of 3: open'


def test_what_was_discarded_comes_again(tasks):
    assert record(tasks, True, False, False, True, True) == ['pick', 'open', 'open', 'open',
                                                             'close']


def test_the_task_that_is_set_comes_first_and_takes_no_turn(tasks):
    record(tasks, True)
    tasks.change('point', ['pick', 'open', 'close'])
    assert (record(tasks, True, True), tasks.told) == (['point', 'point'], '')
    tasks.change('', ['pick', 'open', 'close'])
    assert record(tasks, True) == ['open']


@pytest.mark.parametrize('listed', [(), ('',), ('', '  ')])
def test_without_a_list_the_robots_own(listed):
    tasks = TaskList('wave')
    tasks.change('', listed)
    assert (record(tasks, True, True), tasks.told) == (['wave', 'wave'], '')


def test_another_list_begins_anew_even_in_an_episode(tasks):
    record(tasks, True)
    tasks.started()
    tasks.change('', ['push', 'pull'])
    tasks.kept()    # the episode was of the old list
    assert record(tasks, True, True) == ['push', 'pull']


def test_the_same_list_set_again_goes_on(tasks):
    record(tasks, True)
    tasks.change('', ('pick', 'open', 'close'))
    assert tasks.current == 'open'
