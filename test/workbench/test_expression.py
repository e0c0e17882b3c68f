"""Conditions over episodes."""
from il_ros.errors import ConfigError
from il_ros.workbench.expression import matching
import pytest

ROWS = [{'episode': 0, 'success': True, 'task': "the cube's box", 'human_share': 1.0,
         'limited_share': None},
        {'episode': 1, 'success': False, 'task': 'fold ~ the towel', 'human_share': 0.2,
         'limited_share': 0.1},
        {'episode': 2, 'success': True, 'task': 'lift the Cube', 'human_share': 0.1,
         'limited_share': 0.0}]


@pytest.mark.parametrize('text, expected', [
    ('success', [0, 2]),
    ('not success', [1]),
    ("success and task ~ '[cC]ube' and human_share < 0.3", [2]),
    ("task ~ '~'", [1]),
    ("task !~ 'cube' or human_share == 1", [0, 1, 2]),
    ("task ~ 'cube''s'", [0]),
    ("task like '%cube%'", [0, 2]),
    ('episode in (0, 2) and human_share between 0.05 and 0.5', [2]),
    ('limited_share < 1', [1, 2]),
    ('limited_share is null', [0]),
    ('round(human_share) = 1 -- a comment', [0]),
    ('human_share * 10 > episode + 1', [0])])
def test_conditions(text, expected):
    assert matching(ROWS, text) == expected


@pytest.mark.parametrize('text, error', [
    ('sucess', "no column 'sucess' in 'sucess'; did you mean 'success'"),
    ('success and', 'expected a condition such as'),
    ("task ~ '('", 'what stands after ~ is no regular expression'),
    ('success; drop table episodes', 'expected a condition'),
    ("load_extension('x')", 'expected a condition')])
def test_what_cannot_be_read_is_named(text, error):
    with pytest.raises(ConfigError) as caught:
        matching(ROWS, text)
    assert error in str(caught.value)
