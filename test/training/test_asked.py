"""What a person may write for datasets and shares."""
from pathlib import Path

from il_ros.errors import ConfigError
from il_ros.training.asked import Asked, filled, parse_data, parse_shares
import pytest


def test_datasets_with_and_without_share_and_mapping():
    assert parse_data('demos=0.5, other:maps/x.yaml=0.25,a:b,c:y.yml') == [
        Asked(Path('demos'), None, 0.5), Asked(Path('other'), Path('maps/x.yaml'), 0.25),
        Asked(Path('a:b')), Asked(Path('c'), Path('y.yml'))]


@pytest.mark.parametrize(('text', 'error'), [
    ('demos=half', "^--data: expected folders and shares as in demos=0.5,other:map.yaml=0.5, got "
                   "'demos=half'$"),
    ('demos,,more', "^--data: expected folders and shares as in .*, got ''$"),
    ('=0.5', "^--data: expected folders and shares as in .*, got '=0.5'$"),
    ('demos=nan', "^--data: expected folders and shares as in .*, got 'demos=nan'$"),
    ('demos=0.5,./demos=0.5', '^--data: demos stands twice$'),
    ('demos,more/../demos:map.yaml', '^--data: more/../demos stands twice$'),
    ('a=0,b=0', '^--data: expected shares of 0 or more whose sum is more than 0, got a=0, b=0$'),
    ('a=-0.5,b', '^--data: expected shares of 0 or more whose sum is more than 0, got a=-0.5$'),
])
def test_wrong_data(text, error):
    with pytest.raises(ConfigError, match=error):
        parse_data(text)


def test_task_texts_may_hold_commas():
    assert parse_shares('pick the cube, then place it=0.7 , open the box=3e-1', '--tasks') == {
        'pick the cube, then place it': 0.7, 'open the box': 0.3}


@pytest.mark.parametrize(('text', 'error'), [
    ('pick', "^--tasks: expected names and shares as in one=0.7,two=0.3, got 'pick'$"),
    ('pick=0.5,open', "^--tasks: expected names and shares as in .*, got 'open'$"),
    ('pick=much', "^--tasks: expected names and shares as in .*, got 'pick=much'$"),
    ('pick=1,pick=2', "^--tasks: 'pick' stands twice$"),
    ('pick=0', '^--tasks: expected shares of 0 or more whose sum is more than 0, got pick=0$'),
    ('', '^--tasks: expected shares of 0 or more whose sum is more than 0, got none$'),
])
def test_wrong_shares(text, error):
    with pytest.raises(ConfigError, match=error):
        parse_shares(text, '--tasks')


@pytest.mark.parametrize(('shares', 'rows', 'expected'), [
    ([None, None], [1, 9], None),
    ([2.0, 6.0], [1, 9], (0.25, 0.75)),
    ([0.4, None, None], [5, 30, 10], (0.4, 0.45, 0.15)),
])
def test_shares_left_out_go_by_rows(shares, rows, expected):
    found = filled(shares, rows, '--data')
    assert found == (None if expected is None else pytest.approx(expected))


def test_shares_that_leave_nothing():
    with pytest.raises(ConfigError, match='^--data: the shares add up to 1 and leave nothing to '
                                          'those without; expected less than 1, or a share for'):
        filled([1.0, None], [5, 5], '--data')
