from il_ros.errors import ConfigError
from il_ros.evaluation.rollout import Rollout
from il_ros.workflow.promotion import judge, promote, promoted
import pytest


def of(results, first=0):
    return [Rollout(first + i, r == '1', 1.0) for i, r in enumerate(results)]


@pytest.mark.parametrize('new, old, expected', [
    ('1100', '1000', True), ('1000', '1100', False), ('1000', '0100', True), ('00', '00', True)])
def test_a_policy_is_promoted_unless_it_succeeds_on_fewer_seeds(new, old, expected):
    assert judge(of(new), of(old)).promoted is expected


def test_evidence_may_be_asked_for():
    # Three seeds won and none lost: Beta(4, 1) above one half is 1 - 1/16.
    verdict = judge(of('1111'), of('1000'), at_least=0.95)
    assert (verdict.promoted, verdict.probability) == (False, 0.9375)
    assert verdict.text == ('not promoted: +75 points, better with probability 0.938, '
                            'McNemar p = 0.25')
    assert judge(of('1111'), of('1000'), at_least=0.9).promoted


def test_on_a_robot_episodes_are_not_paired():
    assert judge(of('111'), of('1110', 50), paired=False).promoted
    assert judge(of('110'), of('110', 50), paired=False).promoted
    worse = judge(of('100'), of('111', 50), paired=False)
    assert not worse.promoted and worse.p_value is None and 'McNemar' not in worse.text


def test_other_seeds_are_refused():
    with pytest.raises(ConfigError, match='on the same seeds'):
        judge(of('11'), of('11', 5))


def test_the_pointer_changes_as_a_whole(tmp_path):
    assert promoted(tmp_path) is None
    for name in ('a', 'b'):
        (tmp_path / 'checkpoints' / name).mkdir(parents=True)
    (tmp_path / '.promoted.partial').symlink_to('left by a killed process')
    promote(tmp_path, tmp_path / 'checkpoints/a')
    promote(tmp_path, tmp_path / 'checkpoints/b')
    assert promoted(tmp_path) == tmp_path / 'checkpoints/b'
    assert (tmp_path / 'promoted').readlink().as_posix() == 'checkpoints/b'
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith('.')] == []
