"""Steps: all of them, or none."""
from il_ros.errors import IlRosError
from il_ros.teaching.steps import perform, Step, StepError, way_back
import pytest


class Robot:
    """Keeps what was done; fails where it is told to."""

    def __init__(self):
        self.on, self.log, self.fails = set(), [], set()

    def step(self, name):
        return Step(f'{name} on', f'{name} off', lambda: self.set(name, True),
                    lambda: self.set(name, False))

    def set(self, name, on):
        if (name, on) in self.fails:
            raise IlRosError(f'{name} jams')
        (self.on.add if on else self.on.discard)(name)
        self.log.append((name, on))


def test_all_are_done_and_undone_in_the_reverse_order():
    robot = Robot()
    steps = [robot.step('a'), robot.step('b')]
    perform(steps)
    assert robot.on == {'a', 'b'}
    perform(way_back(steps))
    assert robot.log == [('a', True), ('b', True), ('b', False), ('a', False)]


@pytest.mark.parametrize('failing', ['a', 'b', 'c'])
def test_a_step_that_fails_is_named_and_everything_undone(failing):
    robot = Robot()
    robot.fails = {(failing, True)}
    with pytest.raises(StepError, match=f'^{failing} on: {failing} jams; done instead: .*'
                                        rf'{failing} off'):
        perform([robot.step(name) for name in 'abc'])
    assert not robot.on


def test_a_way_back_that_fails_leaves_the_robot_as_it_was():
    robot = Robot()
    steps = [robot.step(name) for name in 'abc']
    perform(steps)
    robot.fails = {('b', False)}
    with pytest.raises(StepError, match='^b off: b jams; done instead: b on, c on$'):
        perform(way_back(steps))
    assert robot.on == {'a', 'b', 'c'}


def test_what_cannot_be_undone_is_named_too():
    robot = Robot()
    robot.fails = {('b', True), ('a', False)}
    with pytest.raises(StepError) as told:
        perform([robot.step(name) for name in 'ab'])
    assert str(told.value) == ('b on: b jams; done instead: b off; NOT done: a off: a jams; '
                               'do it by hand')
