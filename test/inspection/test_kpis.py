"""What demonstrations were worth, from an evaluation of what was learnt from them."""
from types import SimpleNamespace

from il_ros.datasets.effort import Effort
from il_ros.errors import ConfigError
from il_ros.inspection.kpis import kpis, read_evaluation
import pytest

REPORT = SimpleNamespace(effort=Effort(human_seconds=240.0, label_seconds=60.0),
                         episodes=[None] * 20)


def test_success_per_minute_and_episode():
    assert list(kpis([REPORT], {'successes': 40, 'episodes': 50})) == [
        'demonstration efficiency: 80% of 50 episodes succeed after 5.0 min of a person (16.0 '
        'points per minute) in 20 episodes (4.00 points per episode)']


@pytest.mark.parametrize('between, per, text', [
    (61.0, 4.5, '9 successes in a row at most, 61 s and 4.5 successes between failures'),
    (None, None, '9 successes in a row at most, no failure in 300 s')])
def test_reliability(between, per, text):
    layer = {'reliability': {'longest': 9, 'mean_between_failures_s': between, 'duration_s': 300,
                             'per_failure': per}}
    assert list(kpis([REPORT], {'successes': 4, 'episodes': 5, 'layers': [{}, layer]}))[1] == (
        f'policy reliability: {text}')


@pytest.mark.parametrize('content', [None, 'x', '[]', '{"successes": 1}',
                                     '{"successes": 0, "episodes": 0}'])
def test_what_is_no_evaluation_is_named(tmp_path, content):
    path = tmp_path / 'result.json'
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match='expected a file that il_ros evaluate --out wrote'):
        read_evaluation(path)
