"""Live processes on a machine that may starve them: the gate then stops the arm, as it must.

A test here is made again up to twice; the summary of pytest counts every repetition.
"""
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=2))
