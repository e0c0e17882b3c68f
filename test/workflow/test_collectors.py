import os

import bag_factory as bags
from il_ros.errors import IlRosError
from il_ros.workflow.collectors import unnoted
from il_ros.workflow.field import Lines
import pytest


def test_a_closed_rollout_that_nobody_noted_is_found_with_its_effort(tmp_path):
    contract = bags.small_contract(())
    for name, outcome in (('episode_0001', 'success'), ('episode_0002', 'unlabelled'),
                          ('episode_0003', 'failure')):
        bags.write_bag(tmp_path / name, bags.Script(contract, correct_s=1.0), outcome=outcome)
    (tmp_path / 'episode_0004.partial').mkdir()
    (tmp_path / 'corrections').mkdir()
    # The first is noted, the second was cut short: it has no label and is rolled out again.
    rollout, where = unnoted(tmp_path, 5002, {'episode_0001'})
    assert (where, rollout.seed, rollout.success) == ('episode_0003', 5002, False)
    assert rollout.interventions == 1
    assert rollout.human_seconds == pytest.approx(1.0, abs=0.1)
    assert unnoted(tmp_path, 5003, {'episode_0001', 'episode_0003'}) is None
    assert unnoted(tmp_path / 'nothing', 1, ()) is None


def test_lines_come_when_they_are_whole():
    source, typing = os.pipe()
    lines = Lines(lambda text: None, source)
    assert lines.typed() is None
    os.write(typing, b'y')
    assert lines.typed() is None
    os.write(typing, b'\n\nG \nx')
    assert [lines.typed() for _ in range(4)] == ['y', '', 'g', None]
    os.close(typing)
    with pytest.raises(IlRosError, match='the operator has left.*run the same command again'):
        lines.typed()
    os.close(source)
