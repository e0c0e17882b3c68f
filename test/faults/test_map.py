"""docs/faults.md names a test for every fault of the catalogue, and the tests exist."""
import ast
from pathlib import Path
import re

import pytest

TEST = Path(__file__).resolve().parents[1]
ROW = re.compile(r'^\| (\d+) \| ([^|]+) \| ([^|]+) \| (.+) \|$', re.MULTILINE)
ROWS = ROW.findall((TEST.parent / 'docs/faults.md').read_text())


def functions(path):
    return {node.name for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef)}


def test_every_fault_of_the_catalogue_has_a_row():
    assert len(ROWS) >= 71
    assert [int(number) for number, *_ in ROWS] == list(range(1, len(ROWS) + 1))


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row[0])
def test_its_tests_exist(row):
    names = re.findall(r'`([^`]+)`', row[3])
    assert names
    for name in names:
        file, _, function = name.partition('::')
        assert function.startswith('test_') and function in functions(TEST / file), name
