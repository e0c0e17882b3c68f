from dataclasses import replace

import bag_factory as bags
from il_ros.datasets.from_bags.rows import Row
from il_ros.datasets.reader import Dataset
from il_ros.datasets.writer import DatasetWriter
from il_ros.types import ControlSource, Observation
import numpy as np


def test_a_writer_of_a_contract_writes_its_columns(tmp_path):
    contract = replace(bags.small_contract(cameras=()), poses=None)
    states = np.linspace(contract.lower, contract.upper, 5)
    writer = DatasetWriter(tmp_path, contract)
    assert writer.add((Row(k, Observation(k, s, np.zeros(0), {}, {'state': 0}), s, s,
                           ControlSource.HUMAN, False) for k, s in enumerate(states)),
                      contract, 'a task', success=True) == 5
    writer.finish()
    got = Dataset(tmp_path).columns['observation.state']
    np.testing.assert_allclose(np.stack(list(got)), states, atol=1e-6)
