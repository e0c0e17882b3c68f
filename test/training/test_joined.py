"""Several datasets in one training: who is drawn how often, what is learned, what is told."""
from dataclasses import replace
import json

from checkpoint_factory import CONTRACT, SMALL
from il_ros.datasets.column_map import ColumnMap, JointColumn
from il_ros.errors import ConfigError, ContractMismatchError, DatasetError
from il_ros.policies.load import load
from il_ros.policies.transforms import Chain
from il_ros.training import train as training
from il_ros.training.batches import Batches
from il_ros.training.config import Mix, TrainConfig
from il_ros.training.joined import axes_of, Joined, Part
from il_ros.training.samples import ArraySource, Samples
from il_ros.training.shares import expected
from il_ros.types import Observation
import numpy as np
import pytest
from safetensors.numpy import load_file
import torch

POLICY, HUMAN = 0, 1
CONFIG = TrainConfig(replace(SMALL, inputs=('state',), horizon=4), steps=4, batch_size=32,
                     validate_every=2, warmup_steps=1, validation_share=0.2)
PICK, OPEN = 'pick the cube', 'open the box'
DRAWS = 40_000


def source(lengths, control, tasks=(PICK,), task=None, value=0.1, contract=CONTRACT, images=None):
    """One dataset; every state holds its number, so that rows can be told apart."""
    rows = sum(lengths)
    state = value + np.linspace(0, 0.01, rows)[:, None] * np.ones(len(contract.joints))
    return ArraySource(contract, lengths, {
        'observation.state': state, 'action': state + 0.001,
        'control_source': np.array(control), 'intervention': np.zeros(rows),
        'task_index': np.zeros(rows, int) if task is None else np.array(task)},
        images or {}, tasks)


def demos(**options):
    """Ten episodes of 20 rows; the first five pick, the others open."""
    return source([20] * 10, [HUMAN] * 200, (PICK, OPEN), [0] * 100 + [1] * 100, **options)


def corrections(**options):
    """Ten rollouts of 40 rows: 30 of the policy, 10 of a person; all of them pick."""
    return source([40] * 10, ([POLICY] * 30 + [HUMAN] * 10) * 10, value=0.15, **options)


def joined(demo=None, correction=None, **options):
    return Joined(CONTRACT, (Part('corrections', corrections(**options), correction),
                             Part('demos', demos(**options), demo)))


def samples_of(found, config=CONFIG):
    return Samples.of(found, config, {}, axes=axes_of(found, config))


def drawn(found, config, count=DRAWS):
    """Return the share of each (dataset, task, source) among many draws, and what was expected."""
    samples = samples_of(found, config)
    mixture = samples.mixture(config)
    rows = mixture.draw(count, np.random.default_rng(0))
    assert set(rows) <= set(samples.training)
    data, tasks, _ = samples.axes
    told = {(one.dataset, one.task, one.source): one.share for one in expected(
        mixture, samples.axes, samples.origin, config.batch_size)}
    names = ('demo', 'human', 'policy', 'other')
    got = {}
    for d, t, s in zip(data.index[rows], tasks.index[rows], samples.origin[rows], strict=True):
        key = data.names[d], tasks.names[t], names[s]
        got[key] = got.get(key, 0) + 1 / count
    return got, told


@pytest.mark.parametrize(('demo', 'correction', 'changes', 'shares'), [
    (0.5, 0.5, {}, {('demos', PICK, 'demo'): 0.25, ('demos', OPEN, 'demo'): 0.25,
                    ('corrections', PICK, 'human'): 0.5}),
    (3.0, 1.0, {}, {('demos', PICK, 'demo'): 0.375, ('demos', OPEN, 'demo'): 0.375,
                    ('corrections', PICK, 'human'): 0.25}),
    (0.5, 0.5, {'mix': Mix(demo=0.5, human=0.4, policy=0.1)},
     {('demos', PICK, 'demo'): 0.25, ('demos', OPEN, 'demo'): 0.25,
      ('corrections', PICK, 'human'): 0.4, ('corrections', PICK, 'policy'): 0.1}),
    (0.75, 0.25, {'mix': Mix(demo=0.5, human=0.5)},
     {('demos', PICK, 'demo'): 0.375, ('demos', OPEN, 'demo'): 0.375,
      ('corrections', PICK, 'human'): 0.25}),
    (None, None, {'tasks': {PICK: 0.7, OPEN: 0.3}},
     {('demos', PICK, 'demo'): 0.7 * 80 / 160, ('demos', OPEN, 'demo'): 0.3,
      ('corrections', PICK, 'human'): 0.7 * 80 / 160}),
    (0.5, 0.5, {'tasks': {PICK: 0.8, OPEN: 0.2}},  # 0.4 and 0.1 and 0.4, divided by 0.9
     {('demos', PICK, 'demo'): 4 / 9, ('demos', OPEN, 'demo'): 1 / 9,
      ('corrections', PICK, 'human'): 4 / 9}),
    (0.5, 0.5, {'tasks': {PICK: 1.0}},
     {('demos', PICK, 'demo'): 0.5, ('corrections', PICK, 'human'): 0.5}),
    (0.2, 0.8, {'weighting': 'iwr'},  # of the others 160 of demos, 240 of the policy
     {('demos', PICK, 'demo'): 0.05 / 0.95, ('demos', OPEN, 'demo'): 0.05 / 0.95,
      ('corrections', PICK, 'human'): 0.4 / 0.95, ('corrections', PICK, 'policy'): 0.4 / 0.95}),
])
def test_shares_hold_over_many_draws(demo, correction, changes, shares):
    got, told = drawn(joined(demo, correction), replace(CONFIG, **changes))
    splits = 5 * np.sqrt(0.25 / DRAWS)
    assert got.keys() == told.keys() == shares.keys()
    for key, share in shares.items():
        # Which episodes validate moves a task's number of rows, where rows decide.
        assert told[key] == pytest.approx(share, abs=0.08)
        assert got[key] == pytest.approx(told[key], abs=splits), key
    for name, asked in (('demos', demo), ('corrections', correction)):
        if asked and not changes:
            assert sum(v for k, v in told.items() if k[0] == name) == pytest.approx(
                asked / (demo + correction))
    assert sum(told.values()) == pytest.approx(1)


def test_without_shares_rows_decide_as_in_one_dataset():
    found = joined()
    samples = samples_of(found)
    plain = samples.mixture(CONFIG)
    assert plain.shares == (1.0,)
    np.testing.assert_array_equal(plain.groups[0], samples.training)


def test_robots_have_shares():
    other = replace(CONTRACT, robot='other')
    same = ColumnMap({name: JointColumn(name) for name in CONTRACT.joint_names},
                     {c.name: c.name for c in CONTRACT.cameras},
                     {name: name for name in CONTRACT.poses.names})
    found = Joined(CONTRACT, (Part('a', demos()), Part('b', demos(contract=other), None, same)))
    config = replace(CONFIG, robots={'sim_arm': 0.9, 'other': 0.1})
    _, told = drawn(found, config)
    assert sum(v for k, v in told.items() if k[0] == 'b') == pytest.approx(0.1)
    with pytest.raises(ConfigError, match="^robots: no dataset has the robot 'othr'; did you mean "
                                          "'other'"):
        axes_of(found, replace(CONFIG, robots={'othr': 1.0}))


def test_a_task_that_no_dataset_has():
    with pytest.raises(ConfigError, match="^tasks: no dataset has the task 'pick the cub'; did "
                                          "you mean 'pick the cube'"):
        axes_of(joined(), replace(CONFIG, tasks={'pick the cub': 1.0}))


@pytest.mark.parametrize(('changes', 'text'), [
    ({'mix': Mix(demo=1.0)}, "^data: there are no rows to draw of 'corrections' beside the other "
                             'shares; record some, or leave it out$'),
    ({'tasks': {OPEN: 1.0}}, "^data: there are no rows to draw of 'corrections' beside"),
])
@pytest.mark.parametrize('share', [0.5, None])
def test_a_share_of_which_nothing_is_left(changes, text, share):
    config = replace(CONFIG, **changes)
    with pytest.raises(DatasetError, match=text):
        samples_of(joined(share, share), config).mixture(config)


def test_a_dataset_without_a_label_is_named_and_one_without_a_share_is_not_drawn():
    found = Joined(CONTRACT, (Part('demos', demos()),
                              Part('rollouts', source([40], [POLICY] * 40))))
    with pytest.raises(DatasetError, match="^data: there are no rows to draw of 'rollouts'"):
        samples_of(found).mixture(CONFIG)
    _, told = drawn(joined(1.0, 0.0), CONFIG)
    assert {key[0] for key in told} == {'demos'}


def test_each_dataset_validates_as_if_it_were_alone():
    found = joined(0.5, 0.5)
    both = samples_of(found)
    begin = 0
    for part, rows in zip(found.parts, found.rows, strict=True):
        alone = Samples.of(part.source, CONFIG, {})
        inside = (both.validation >= begin) & (both.validation < begin + rows)
        np.testing.assert_array_equal(both.validation[inside] - begin, alone.validation)
        begin += rows
    assert not set(both.training) & set(both.validation)


def test_rows_of_tasks_without_a_share_are_neither_learned_nor_validated():
    samples = samples_of(joined(), replace(CONFIG, tasks={PICK: 1.0, OPEN: 0.0}))
    tasks = samples.axes[1]
    for rows in (samples.training, samples.validation):
        assert set(tasks.index[rows]) == {tasks.names.index(PICK)}


def test_columns_and_tasks_of_all():
    found = Joined(CONTRACT, (Part('a', source([3], [HUMAN] * 3, (OPEN,))),
                              Part('b', source([2], [HUMAN] * 2, (PICK, OPEN), [1, 0]))))
    assert found.tasks == [OPEN, PICK]
    assert found.columns['task_index'].tolist() == [0, 0, 0, 0, 1]
    assert found.columns['tick'].tolist() == [0, 1, 2, 0, 1]
    assert found.lengths == [3, 2] and found.owner.tolist() == [0, 0, 0, 1, 1]


def test_two_processes_see_the_rows_of_one():
    samples = samples_of(joined(0.7, 0.3))
    data = samples.axes[0]
    config = replace(CONFIG, batch_size=100)
    counts = np.zeros((2, 2))
    for step in range(50):
        whole = Batches(samples, Chain(()), config).parts(step)[0].batch['state']
        shared = [Batches(samples, Chain(()), config, rank, 2).parts(step)[0].batch['state']
                  for rank in (0, 1)]
        assert sorted(torch.cat(shared).tolist()) == sorted(whole.tolist())
        for rank, states in enumerate(shared):  # corrections lie above 0.14
            above = int((states[:, 0] > 0.14).sum())
            counts[rank] += [above, len(states) - above]
    shares = counts / counts.sum(1, keepdims=True)
    assert data.names == ('corrections', 'demos')
    np.testing.assert_allclose(shares, [[0.3, 0.7]] * 2, atol=0.04)


def test_a_member_of_an_ensemble_learns_from_every_dataset_and_task():
    samples = samples_of(joined(0.5, 0.5))
    whole = np.unique(samples.axes[0].index[samples.training], return_counts=True)[1]
    for member in samples.bootstraps(5, 0):
        rows = member.training
        np.testing.assert_array_equal(np.unique(
            samples.axes[0].index[rows], return_counts=True)[1], whole)
        assert set(samples.axes[1].index[rows]) == {0, 1}


def test_one_dataset_as_several_learns_the_same(tmp_path):
    alone = training.fit(demos(), tmp_path / 'alone', CONFIG)
    one = Joined(CONTRACT, (Part('demos', demos()),))
    several = training.fit(one, tmp_path / 'several', CONFIG)
    ours, theirs = (load_file(folder / 'model.safetensors') for folder in (alone, several))
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert (alone / 'statistics.json').read_text() == (several / 'statistics.json').read_text()
    records = [json.loads((folder / 'training.json').read_text()) for folder in (alone, several)]
    assert records[0]['validation'] == records[1]['validation']
    assert records[0].keys() == {'step', 'steps', 'validation', 'rows', 'episodes', 'seconds',
                                 'config', 'trained_on', 'versions'}
    assert records[0]['trained_on']['dataset'] == records[1]['trained_on']['demos']


def test_statistics_are_those_of_all_training_rows(tmp_path):
    found = joined(0.9, 0.1)
    best = training.fit(found, tmp_path, CONFIG)
    samples = samples_of(found)
    state = samples.vectors['state'][samples.training].astype(np.float64)
    statistics = json.loads((best / 'statistics.json').read_text())['state']
    np.testing.assert_allclose(statistics['offset'], state.mean(0), rtol=1e-6)


def test_the_record_and_what_resuming_refuses(tmp_path):
    found = joined(0.75, 0.25)
    best = training.fit(found, tmp_path, CONFIG)
    record = json.loads((best / 'training.json').read_text())
    assert {name: (one['rows'], one['share'], one['robot'], len(one['hash']))
            for name, one in record['data'].items()} == {
        'corrections': (400, 0.25, 'sim_arm', 64), 'demos': (200, 0.75, 'sim_arm', 64)}
    assert sum(one['rows'] for one in record['drawn']) == pytest.approx(CONFIG.batch_size)
    assert [one['dataset'] for one in record['drawn']] == ['corrections', 'demos', 'demos']
    by_dataset = record['validation_by_dataset']
    assert by_dataset.keys() == {'corrections', 'demos'}
    assert record['validation_by_task'].keys() == {PICK, OPEN}
    assert record['validation'] == pytest.approx(
        0.25 * by_dataset['corrections'] + 0.75 * by_dataset['demos'])
    training.fit(found, tmp_path, CONFIG, resume=True)
    with pytest.raises(ContractMismatchError, match=(
            r'was started with other settings, rows or robot: data.corrections.share: 0.25, now '
            r'0.5; data.demos.share: 0.75, now 0.5; start a new run$')):
        training.fit(joined(0.5, 0.5), tmp_path, CONFIG, resume=True)
    changed = demos()
    changed.columns['action'][3] += 0.001
    with pytest.raises(ContractMismatchError, match=r'robot: data.demos.hash: \w+, now \w+'):
        training.fit(Joined(CONTRACT, (found.parts[0], Part('demos', changed, 0.75))), tmp_path,
                     CONFIG, resume=True)
    with pytest.raises(ContractMismatchError, match='data: None, now'):
        training.fit(demos(), tmp_path / 'one', CONFIG)
        training.fit(Joined(CONTRACT, (Part('demos', demos()),)), tmp_path / 'one', CONFIG,
                     resume=True)


CAMERAS = replace(CONFIG, policy=replace(SMALL, inputs=('state', 'wrist', 'scene'), horizon=4,
                                         image_size=(32, 32)))


def pictures(value, rows):
    return np.full((rows, 128, 128, 3), value, np.uint8)


def test_a_camera_that_one_dataset_lacks_shows_its_mean_colour(tmp_path):
    columns = {name: JointColumn(name) for name in CONTRACT.joint_names}
    lacks = ColumnMap(columns, {'wrist': 'none', 'scene': 'scene'},
                      {name: name for name in CONTRACT.poses.names})
    ours = demos(images={'wrist': pictures(80, 200), 'scene': pictures(90, 200)})
    theirs = corrections(contract=replace(CONTRACT, robot='other'),
                         images={'scene': pictures(200, 400)})
    found = Joined(CONTRACT, (Part('demos', ours, 0.5), Part('other', theirs, 0.5, lacks)))
    wrist = found.frames('wrist', np.array([0, 599, 199, 200]))
    assert wrist.shape == (4, 128, 128, 3)
    assert wrist[:, 0, 0, 0].tolist() == [80, 80, 80, 80]
    assert found.frames('scene', [599, 0, 200])[:, 5, 5, 2].tolist() == [200, 90, 200]
    best = training.fit(found, tmp_path, replace(CAMERAS, steps=2, batch_size=8))
    policy = load(best, CONTRACT)
    seen = Observation(0, np.array(CONTRACT.start), np.zeros(21),
                       {name: pictures(80, 1)[0] for name in ('wrist', 'scene')})
    assert policy.infer(seen).shape == (4, 7)
    alone = replace(CAMERAS, policy=replace(CAMERAS.policy, inputs=('state', 'wrist')))
    with pytest.raises(ConfigError, match=r'^other: has none of the cameras that the policy sees '
                                          r'\(wrist\)$'):
        training.fit(found, tmp_path / 'alone', alone)
    poses = replace(CONFIG, policy=replace(CONFIG.policy, inputs=('state', 'environment')))
    with pytest.raises(ConfigError, match="^demos: has no poses, which the input 'environment'"):
        training.fit(found, tmp_path / 'poses', poses)
