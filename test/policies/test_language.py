import subprocess
import sys

from il_ros.policies.inputs.language import embed, embed_all, SIZE
import numpy as np
import pytest

TEXT = 'put the red cube into the box'


FIRST = [-0.165226, -0.197444, 0.070915]


def near(one, two):
    return float(embed(one) @ embed(two))


def test_an_instruction_is_a_direction():
    vector = embed(TEXT)
    assert vector.shape == (SIZE,) and vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1.0)
    assert not vector.flags.writeable
    np.testing.assert_array_equal(embed_all((TEXT, 'open')), [embed(TEXT), embed('open')])
    assert embed_all(()).shape == (0, SIZE)


@pytest.mark.parametrize('text', ['', ' ', '?!'])
def test_no_words_are_no_instruction(text):
    np.testing.assert_array_equal(embed(text), np.zeros(SIZE))


def test_it_is_the_same_for_ever():
    code = ('from il_ros.policies.inputs.language import embed; '
            f'print(embed({TEXT!r}).tobytes().hex())')
    other = subprocess.run(
        [sys.executable, '-c', code], check=True, capture_output=True, text=True,
        env={'PYTHONHASHSEED': '7', 'PYTHONPATH': ':'.join(sys.path)})
    assert other.stdout.strip() == embed(TEXT).tobytes().hex()
    np.testing.assert_allclose(embed(TEXT)[:3], FIRST, atol=1e-6)


def test_case_marks_and_spaces_do_not_matter():
    np.testing.assert_array_equal(embed('  Put the RED cube, into the box!'), embed(TEXT))
    np.testing.assert_array_equal(embed('lege den Wu\u0308rfel ab'),
                                  embed('Lege den W\u00fcrfel ab'))
    np.testing.assert_array_equal(embed('\u7d05\u3044'), embed('\u7d05\u3044'))
    assert np.linalg.norm(embed('\u7d05\u3044')) == pytest.approx(1.0)


def test_similar_texts_are_near_also_with_words_nobody_wrote():
    assert near(TEXT, 'put the red cubes into the boxes') > 0.6
    assert near(TEXT, 'please place the red cube in the box') > 0.4
    for other in ('push the green ball to the left', 'open the drawer', 'move the arm home'):
        assert near(TEXT, other) < 0.4
        assert near(TEXT, 'please place the red cube in the box') > near(TEXT, other)


def test_a_colour_and_the_order_make_a_difference():
    assert near(TEXT, 'put the blue cube into the box') < 0.95
    assert near(TEXT, 'put the box into the red cube') < 0.98
