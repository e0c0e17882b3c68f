from checkpoint_factory import make_checkpoint
from il_ros.commands.dagger import dagger
from il_ros.errors import ConfigError, DatasetError
import pytest


@pytest.fixture
def start(tmp_path):
    return {'checkpoint': make_checkpoint(tmp_path / 'first'), 'out': tmp_path / 'out'}


@pytest.mark.parametrize('options, reason', [
    ({'sim': False}, '--no-sim and --bags go together: expected the folder that the recorder'),
    ({'namespace': 'left'}, '--namespace goes with --no-sim: it is that of the running graph'),
    ({'interactive': True}, '--interactive needs a terminal'),
    ({'method': 'safe'}, "method: expected hg or vanilla, got 'safe'"),
    ({'method': 'vanilla', 'beta': 'cosine'}, '--beta: expected linear:ITERATIONS or power:BASE'),
    ({'promote_at': 1.0}, 'promote_at: expected 0 or more and less than 1, got 1'),
    ({'mix': 'demo=0.5', 'weighting': 'iwr'}, 'expected --mix or --weighting, got both'),
])
def test_wrong_options_are_refused_before_anything_starts(start, tmp_path, options, reason):
    with pytest.raises(ConfigError, match=reason):
        dagger(tmp_path / 'data', **start, **options)
    assert not list((tmp_path / 'out').glob('**/*.mcap'))


def test_vanilla_needs_the_simulated_expert(start, tmp_path):
    with pytest.raises(ConfigError, match='vanilla asks the simulated expert; leave out'):
        dagger(tmp_path / 'data', **start, method='vanilla', sim=False, bags=tmp_path)


def test_no_dataset(start, tmp_path):
    with pytest.raises(DatasetError, match='data: expected a dataset .*got nothing'):
        dagger(tmp_path / 'data', **start)


def test_a_folder_with_something_else_is_left_alone(start, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'thesis.txt').write_text('mine')
    with pytest.raises(ConfigError, match='is not empty; name a new folder with --out'):
        dagger(tmp_path / 'data', **start)
