"""Datasets side by side: what does not fit is found, and only that."""
from dataclasses import replace

import bag_factory as bags
import foreign_sets as sets
from il_ros.commands.inspect import inspect as command
from il_ros.datasets import schema
from il_ros.datasets.column_map import ColumnMap, JointColumn
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError
from il_ros.inspection.comparison import compare
from il_ros.inspection.report import inspect
from il_ros.inspection.side import Side
from il_ros.training.asked import parse_data
from il_ros.training.open_data import open_data
import numpy as np
import pytest

CONTRACT = bags.small_contract(cameras=())
PAN = CONTRACT.joint_names[0]


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    """Two datasets of one robot and one task, and what a second robot recorded."""
    folder = tmp_path_factory.mktemp('recorded')
    for name, seed in (('a', 0), ('b', 5)):
        convert([bags.write_bag(folder / f'bags_{name}/episode_{k}',
                                bags.Script(CONTRACT, 2.5, seed=seed + k)) for k in range(5)],
                folder / name)
    return folder


@pytest.fixture(scope='module')
def foreign(tmp_path_factory):
    folder = tmp_path_factory.mktemp('foreign')
    scripts = {'so101': sets.so101(), 'again': sets.so101(lengths=(20, 11)),
               'radians': sets.so101(scale=1.57), 'slow': sets.so101(fps=20),
               'aloha': sets.aloha(cameras={})}
    return {name: sets.write_v3(folder / name, script) for name, script in scripts.items()}


def side(name, dataset, mapping=None):
    return Side(name, dataset, inspect(dataset, pictures=False), mapping=mapping)


def problems(a, b, mapping=None):
    return compare([side('a', a), side('b', b, mapping)]).problems


def test_two_datasets_of_one_robot_and_task_fit(recorded):
    found = compare([side(name, Dataset(recorded / name)) for name in 'ab'])
    assert found.problems == []
    assert [(task.name, task.episodes, task.successes) for task in found.tasks] == [
        ('a', 5, 5), ('b', 5, 5)]


def test_an_episode_that_is_in_both_is_told(recorded):
    a = Dataset(recorded / 'a')
    assert problems(a, Dataset(recorded / 'a')) == ['b: 5 of its episodes are in a, too']
    del (b := Dataset(recorded / 'a')).episodes[2]['source_hash']
    assert problems(a, b) == ['b: 5 of its episodes are in a, too'], 'its rows tell it'


@pytest.mark.parametrize('name', [schema.STATE, schema.ACTION])
def test_another_zero_of_a_joint_is_found(recorded, name):
    a, b = Dataset(recorded / 'a'), Dataset(recorded / 'b')
    b.columns[name] = b.columns[name] + 1.5 * np.eye(len(CONTRACT.joints))[0]
    word = 'measured' if name == schema.STATE else 'commanded'
    assert [line.partition(': usually')[0] for line in problems(a, b)] == [
        f"{CONTRACT.task}: joint '{PAN}', {word}"]


def test_another_way_to_record_actions_is_found(recorded):
    a, b = Dataset(recorded / 'a'), Dataset(recorded / 'b')
    state = b.columns[schema.STATE].copy()
    for k in range(len(b.lengths)):
        rows = b.rows(k)
        b.columns[schema.ACTION][rows] = np.concatenate([state[rows][8:], state[rows][-1:].repeat(
            8, axis=0)])
    line, = problems(a, b)
    assert 'actions are ' in line and '267 ms in b: what is recorded as the action is not' in line


def test_other_lengths_are_found(recorded):
    a, b = Dataset(recorded / 'a'), Dataset(recorded / 'b')
    b.fps = 3 * b.fps
    assert any('its episodes last 2.4 s in a, 0.8 s in b: one speed' in line
               for line in problems(a, b))


def test_another_light_is_found(foreign):
    a, b = Dataset(foreign['so101']), Dataset(foreign['again'])
    assert not any('colour' in line for line in problems(a, b))
    b.stats['observation.images.front']['mean'] = np.full((3, 1, 1), 0.8)
    assert ('camera front: its mean colour is 0.50 0.50 0.50 in a, 0.80 0.80 0.80 in b: another '
            'light, or another camera') in problems(a, b)


def test_degrees_beside_radians_are_found_where_no_contract_knows(foreign):
    found = problems(Dataset(foreign['so101']), Dataset(foreign['radians']))
    line = next(line for line in found if "'shoulder_pan'" in line)
    assert line.startswith("joint 'shoulder_pan', measured: ")
    assert line.endswith(' in b: expected one unit; is a in degrees?')


@pytest.mark.parametrize('name, starts', [
    ('slow', 'b: 20 rows per second, a 30: a chunk of actions would take another time'),
    ('aloha', 'b: 50 rows per second, a 30: '),
    ('aloha', 'b: joints left_waist, left_shoulder, '),
    ('aloha', 'b: cameras none; a: front (64x80)'),
    ('aloha', 'only b has the columns next.done, observation.effort')])
def test_other_columns_and_rates_are_found(foreign, name, starts):
    found = problems(Dataset(foreign['so101']), Dataset(foreign[name]))
    assert any(line.startswith(starts) for line in found), found


def test_a_mapping_is_held_against_the_columns_and_units(recorded):
    a, b = Dataset(recorded / 'a'), Dataset(recorded / 'b')
    names, poses = CONTRACT.joint_names, {name: name for name in CONTRACT.poses.names}
    plain = {name: JointColumn(name) for name in names}
    assert problems(a, b, ColumnMap(plain, poses=poses)) == []
    found = problems(a, b, ColumnMap(plain | {PAN: JointColumn(PAN, scale=57.29578)}, poses=poses))
    assert any(line.startswith(f"b: joint '{PAN}', measured and commanded: ") and
               'is it in degrees?' in line for line in found), found
    missing = ColumnMap({name: plain[name] for name in names[1:]}, poses=poses)
    assert problems(a, b, missing)[0].startswith(
        f'b: by its mapping: b: joints: not mapped: {PAN}')


def test_another_robot_is_told_by_what_differs(recorded):
    a, b = Dataset(recorded / 'a'), Dataset(recorded / 'b')
    b.contract = replace(CONTRACT, position_margin=0.25)
    assert problems(a, b)[0] == ('b: described otherwise than a (value of a, value of b): '
                                 f'position_margin: {CONTRACT.position_margin}, 0.25')


def test_the_command_prints_and_writes_all_in_one(foreign, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    page = tmp_path / 'report.html'
    command([f'{foreign["so101"]}=0.75,{foreign["again"]}', str(foreign['slow'])], page)
    printed = ' '.join(capsys.readouterr().out.split())
    for text in ('so101_follower', 'together', 'so101 so101_follower 30 Hz 3 35 75%',
                 'again so101_follower 30 Hz 2 31 ', 'slow: 20 rows per second, so101 30'):
        assert text in printed, printed
    html = page.read_text()
    assert html.count('<h1>') == 4 and html.count('</html>') == 1
    assert 'slow: 20 rows per second' in html and '75 %' in html
    with pytest.raises(ConfigError, match='^inspect: .*so101 stands twice$'):
        command([str(foreign['so101'])] * 2)
    with pytest.raises(ConfigError, match='^inspect: every dataset has a mapping; expected one'):
        command([f'{foreign["so101"]}:a.yaml,{foreign["again"]}:b.yaml'])


def test_datasets_of_one_robot_whose_limits_are_those_of_the_data_train_together(foreign):
    found = open_data(parse_data(f'{foreign["so101"]}=0.5,{foreign["again"]}=0.5'))
    each = [Dataset(foreign[name]).contract for name in ('so101', 'again')]
    np.testing.assert_array_equal(found.contract.lower, np.minimum(*(c.lower for c in each)))
    np.testing.assert_array_equal(found.contract.upper, np.maximum(*(c.upper for c in each)))
    assert found.contract.generated and len(found.lengths) == 5
