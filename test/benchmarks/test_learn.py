"""What counts as reached in `make learn`."""
import os
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.learning import policies, robots
from benchmarks.learning.checks import Limit, Outcome

ROOT = Path(__file__).resolve().parents[2]


def outcome(successes, count=100, **others):
    return Outcome(np.arange(count) < successes, **others)


@pytest.mark.parametrize(('limit', 'found', 'broken'), [
    (Limit(), outcome(0), []),
    (Limit(at_least=0.9), outcome(90), []),
    (Limit(at_least=0.9), outcome(89), ['success 0.890']),
    (Limit(at_most=0.05), outcome(6), ['success 0.060']),
    (Limit(left=(0.25, 0.75)), outcome(99, side=np.ones(100, int)), ['left 100.0%']),
    (Limit(left=(0.25, 0.75)), outcome(99, side=np.tile([1, -1], 50)), []),
    (Limit(same=True), outcome(90, against=np.arange(100) < 93), []),
    (Limit(same=True), outcome(70, against=np.arange(100) < 93), ['success 0.700 against 0.930']),
    (Limit(against_at_most=0.8), outcome(99, against=np.arange(100) < 81), ['against 0.810']),
    (Limit(ratio=0.5), outcome(99, ratio=0.6), ['ratio 0.60']),
    (Limit(gain=0.15), outcome(80, against=np.arange(100) < 65), []),
    (Limit(gain=0.15), outcome(80, against=np.arange(100) < 66), ['+0.140 over against']),
])
def test_limits(limit, found, broken):
    assert limit.broken([found]) == broken
    assert limit.broken([found, found]) == broken


def test_all_seeds_count_together():
    assert Limit(at_least=0.9).broken([outcome(80), outcome(100)]) == []
    assert Limit(at_least=0.9).broken([outcome(70), outcome(100)]) == ['success 0.850']


def test_every_line_has_a_name_of_its_own():
    for checks in (policies.CHECKS, robots.CHECKS):
        assert len({(check.task, check.policy) for check in checks}) == len(checks)


def learn(*arguments):
    return subprocess.run(
        [sys.executable, '-m', 'benchmarks.learn', '--seeds', '1', '--jobs', '1', *arguments],
        cwd=ROOT, capture_output=True, text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT), COLUMNS='200'))


def test_an_unknown_table_is_refused():
    found = learn('--table', 'policy')
    assert found.returncode == 2 and "got 'policy'" in found.stderr


@pytest.mark.slow
def test_a_line_from_the_command_line():
    found = learn('--only', 'fork: gmm')
    assert found.returncode == 0, found.stderr
    assert 'holds' in found.stdout and 'gmm' in found.stdout
