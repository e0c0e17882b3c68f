"""What a dataset says where a person corrected one arm of two."""
from dataclasses import replace
import json

import bag_factory as bags
from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.effort import dataset_effort
from il_ros.datasets.from_bags.rows import Row
from il_ros.datasets.reader import Dataset
from il_ros.datasets.stored_rows import stored_rows
from il_ros.datasets.writer import DatasetWriter
from il_ros.inspection.parts import part_reports
from il_ros.training.samples import Samples
from il_ros.training.sampling import Origin
from il_ros.types import ControlSource, Observation
from il_ros.workbench.merge import merged
import numpy as np
from training.test_batches import CONFIG

PAIR = replace(Contract.load('sim_two_arms'), cameras=(), poses=None)
EACH = np.where(np.arange(14) < 7, ControlSource.HUMAN, ControlSource.POLICY)
START = np.array(PAIR.start)


def row(tick, source=ControlSource.HUMAN, sources=None, intervention=True):
    return Row(tick, Observation(tick, START, np.zeros(0), {}, {'state': 0}),
               START + 0.01 * tick, START - 0.01, source, intervention, sources=sources)


def written(folder, rows, contract=PAIR, features=None):
    folder.mkdir()
    writer = DatasetWriter(folder, contract, features or {})
    writer.add(rows, contract, 'a task', success=True)
    writer.describe({'source_hash': folder.name})
    writer.finish()
    return Dataset(folder)


def rollout():
    return [row(0, ControlSource.POLICY, intervention=False), row(1, sources=EACH), row(2)]


def test_the_row_is_the_persons_and_each_joint_says_whose_it_is(tmp_path):
    dataset = written(tmp_path / 'd', rollout())
    columns = dataset.columns
    assert columns['control_source'].tolist() == [0, 1, 1]
    np.testing.assert_array_equal(columns[schema.SOURCES], [[0] * 14, EACH, [1] * 14])
    feature = dataset.info['features'][schema.SOURCES]
    assert feature == {'dtype': 'int64', 'shape': [14], 'names': PAIR.joint_names}
    found = dataset_effort(dataset)
    assert found.human_share == 2 / 3 and found.take_overs == 1
    left, right = part_reports(dataset)
    assert (left.corrected, right.corrected) == (2 / 3, 1 / 3)
    assert left.text.endswith(', corrected in 67% of the rows')
    again = list(stored_rows(dataset, 0))
    np.testing.assert_array_equal([r.sources for r in again], columns[schema.SOURCES])


def test_a_robot_of_one_part_and_an_older_dataset_have_no_such_column(tmp_path):
    one = replace(bags.small_contract(cameras=()), poses=None)
    assert schema.SOURCES not in schema.features(one)
    before = {name: feature for name, feature in schema.features(PAIR).items()
              if name != schema.SOURCES}
    old = written(tmp_path / 'old', rollout(), features=before)
    assert schema.SOURCES not in old.columns
    (tmp_path / 'longer').mkdir()
    writer = DatasetWriter.onto(tmp_path / 'longer', old.root)
    writer.add(rollout(), PAIR, 'a task', success=True)
    writer.describe({'source_hash': 'more'})
    writer.finish()
    longer = Dataset(tmp_path / 'longer')
    assert len(longer) == 6 and schema.SOURCES not in longer.columns
    info = json.loads((longer.root / schema.INFO_FILE).read_text())
    assert schema.SOURCES not in info['features']


def test_merged_with_an_older_one_each_joint_has_the_source_of_its_row(tmp_path):
    before = {name: feature for name, feature in schema.features(PAIR).items()
              if name != schema.SOURCES}
    old = written(tmp_path / 'old', rollout(), features=before)
    takes, features, _ = merged([written(tmp_path / 'new', rollout()), old])
    assert schema.SOURCES in features and len(takes) == 2
    np.testing.assert_array_equal(old.columns[schema.SOURCES], [[0] * 14, [1] * 14, [1] * 14])


def test_training_learns_the_row_that_was_executed(tmp_path):
    rows = [row(k, ControlSource.POLICY, intervention=False) for k in range(8)] + [
        row(k, sources=EACH) for k in range(8, 16)]
    dataset = written(tmp_path / 'd', rows)
    config = replace(CONFIG, policy=replace(CONFIG.policy, inputs=('state',)),
                     validation_share=0.0)
    samples = Samples.of(dataset, config, {})
    np.testing.assert_allclose(samples.actions, [r.action for r in rows], atol=1e-6)
    assert (samples.origin[8:] == Origin.HUMAN).all() and samples.correction[8:].all()
    assert set(samples.training) == set(range(8, 16)), "the person's rows, both arms of them"
