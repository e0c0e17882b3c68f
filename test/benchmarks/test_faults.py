import pytest
import typer

from benchmarks.faults.__main__ import run
from benchmarks.faults.promise import late, none


def test_a_promise_holds_or_not():
    assert late('x', [10.0] * 200, 20, 30).holds
    assert not late('x', [10.0] * 199 + [31.0], 20, 30).holds, 'the greatest'
    assert not late('x', [10.0] * 150 + [25.0] * 50, 20, 30).holds, 'the p99'
    assert none('x', 0, '10').holds
    assert not none('x', 1, '10').holds


def test_a_wrong_part_is_refused():
    with pytest.raises(typer.BadParameter, match="expected some of kills, .*, got 'klls'"):
        run(only='klls')
