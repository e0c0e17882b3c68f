import bag_factory as bags
from il_ros.commands.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import BagError, ConfigError
import pytest


@pytest.fixture
def folder(tmp_path):
    bags.write_bags(tmp_path / 'bags', 2, seconds=1.0)
    return tmp_path / 'bags'


def test_says_what_was_added_and_skipped(folder, tmp_path, capsys):
    (folder / 'discarded').mkdir()
    convert([folder], tmp_path / 'out')
    rows = len(Dataset(tmp_path / 'out'))
    printed = capsys.readouterr().out
    assert f'skipped {folder}/discarded: set aside by the recorder' in printed
    assert f'{tmp_path}/out: 2 episodes, {rows} rows added' in printed
    convert([folder], tmp_path / 'out', append=True)
    printed = capsys.readouterr().out
    assert f'skipped {folder}/episode_0001: already in the dataset' in printed
    assert f'{tmp_path}/out: 0 episodes, 0 rows added' in printed


def test_says_what_to_look_at(folder, tmp_path, capsys):
    class Percent(bags.Script):
        def state(self, t):
            found = super().state(t)
            found[-1] = 100 * (t > 0.5)
            return found
    bag = bags.write_bag(folder / 'percent', Percent(bags.small_contract(), seconds=1.0))
    convert([bag], tmp_path / 'out')
    assert ("warning: percent: joint 'gripper', measured and commanded: 0 to 100, the contract "
            'allows 0 to 0.04 (is it in percent?); the robot would clip '
            ) in capsys.readouterr().out


def test_recovers_on_request(folder, tmp_path, capsys):
    partial = (folder / 'episode_0001').rename(folder / 'episode_0001.partial')
    with pytest.raises(BagError, match=f'never closed; run: il_ros convert --recover {partial}'):
        convert([partial], tmp_path / 'out')
    convert([partial], recover=True)
    assert f'{folder}/episode_0001: ' in capsys.readouterr().out
    convert([folder], tmp_path / 'out')
    assert len(Dataset(tmp_path / 'out').lengths) == 2


def test_stamp_options_reach_the_rows(folder, tmp_path, capsys):
    with pytest.raises(ConfigError, match="--stamp: no stream 'joint_state' in the contract of "
                                          "sim_arm; did you mean 'joint_states'?"):
        convert([folder], tmp_path / 'out', stamp=['joint_state=arrival'])
    with pytest.raises(ConfigError, match="--stamp: expected TOPIC=arrival, .*, got 'arrival'"):
        convert([folder], tmp_path / 'out', stamp=['arrival'])
    convert([folder], tmp_path / 'out', stamp=['all=arrival'])
    assert {s.stamp for s in Dataset(tmp_path / 'out').contract.streams} == {'arrival'}


def test_out_is_needed(folder):
    with pytest.raises(ConfigError, match='--out: name the folder of the dataset'):
        convert([folder])


def test_a_long_bag_becomes_several_episodes(folder, tmp_path, capsys):
    table = tmp_path / 'times.csv'
    table.write_text('bag,start_s,end_s,task\nepisode_0001,0.2,0.8,pick\n')
    convert([folder / 'episode_0001'], tmp_path / 'out', split=str(table))
    dataset = Dataset(tmp_path / 'out')
    assert [(row['source'], row['tasks'][0]) for row in dataset.episodes] == [
        ('episode_0001#1', 'pick')]
    printed = capsys.readouterr().out
    assert (f'{folder}/episode_0001: 0.4 of its 1.0 s are in no episode: 0.2 s before the first, '
            '0.2 s after the last') in printed
    assert f'{tmp_path}/out: 1 episodes, {len(dataset)} rows added' in printed


def test_pieces_are_joined_on_request(folder, tmp_path, capsys):
    with pytest.raises(ConfigError, match='--apart: how far pieces are apart counts with --join'):
        convert([folder], tmp_path / 'out', apart=3.0)
    convert([folder], tmp_path / 'out', join=True)
    assert [row['source'] for row in Dataset(tmp_path / 'out').episodes] == ['episode_0001+1']
