"""Two nodes of Ray and an S3 store: the same bytes as alone, whatever is killed meanwhile."""
import os
from pathlib import Path
import re
import sys

import bag_factory as bags
from buckets.store import BUCKET, s3
from il_ros.cli import app
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError
from il_ros.inspection.report import inspect
from il_ros.spread.spread import in_order, spread_over
import pytest
from spread import work
from typer.testing import CliRunner

pytestmark = pytest.mark.slow
CONTRACT = bags.small_contract(cameras=('scene',))


@pytest.fixture(scope='module')
def store():
    with s3() as found:
        yield found


@pytest.fixture(scope='module')
def nodes(store, tmp_path_factory):
    """Give two nodes on this machine, each a core, whose processes find the store, too."""
    pytest.importorskip('ray')
    from ray.cluster_utils import Cluster
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('IL_ROS_CACHE', str(tmp_path_factory.mktemp('cache')))
        patch.setenv('PYTHONPATH', os.pathsep.join(filter(None, sys.path)))
        two = Cluster(initialize_head=True, head_node_args={
            'num_cpus': 1, 'object_store_memory': 100_000_000, 'include_dashboard': False})
        two.add_node(num_cpus=1, object_store_memory=100_000_000)
        patch.setenv('RAY_ADDRESS', two.address)
        try:
            yield two
        finally:
            two.shutdown()


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    return bags.write_bags(tmp_path_factory.mktemp('recorded') / 'bags', 6, contract=CONTRACT,
                           seconds=1.0)


def contents(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob('*') if p.is_file()}


def test_a_bucket_through_two_nodes_gives_the_bytes_of_this_disk(store, nodes, recorded, tmp_path):
    convert(recorded, tmp_path / 'alone')
    store.put(str(recorded[0].parent), f'{BUCKET}/bags', recursive=True)
    result = CliRunner().invoke(app, [
        'convert', f's3://{BUCKET}/bags', '--out', f's3://{BUCKET}/dataset', '--on', 'ray'])
    assert (result.exit_code, result.exception) == (0, None)
    assert f's3://{BUCKET}/dataset: 6 episodes, ' in result.output
    store.get(f'{BUCKET}/dataset', str(tmp_path / 'there'), recursive=True)
    assert contents(tmp_path / 'there') == contents(tmp_path / 'alone')


def test_what_is_looked_at_there_is_told_alike(store, nodes, recorded, tmp_path):
    convert(recorded, tmp_path / 'alone')
    with spread_over('ray') as spread:
        assert spread.workers == 2
        there = inspect(Dataset(tmp_path / 'alone'), spread=spread)
    assert there == inspect(Dataset(tmp_path / 'alone'))


def test_killed_workers_and_a_lost_node_lose_no_work(nodes, recorded, tmp_path):
    items = [(number, str(tmp_path)) for number in range(4)]
    with spread_over('ray') as spread:
        assert list(in_order(spread, work.killed_once, items)) == [0, 1, 4, 9]
    convert(recorded, tmp_path / 'alone')
    more = nodes.add_node(num_cpus=1, object_store_memory=100_000_000)

    def lose_it(path, done, total):
        if done == 2 and more in nodes.list_all_nodes():
            nodes.remove_node(more, allow_graceful=False)
        return True

    with spread_over('ray') as spread:
        convert(recorded, tmp_path / 'out', spread=spread, progress=lose_it)
    assert contents(tmp_path / 'out') == contents(tmp_path / 'alone')


def test_a_checkpoint_of_a_bucket_is_rolled_out_there_alike(store, nodes, tmp_path):
    factory = pytest.importorskip('checkpoint_factory')
    from il_ros.evaluation.checkpoint import evaluate_all, evaluate_checkpoint, Trial
    here = factory.make_checkpoint(tmp_path / 'bc')
    store.put(str(here), f'{BUCKET}/runs/bc', recursive=True)
    with spread_over('ray') as spread:
        there = evaluate_all(
            {'': Trial(Path(f's3://{BUCKET}/runs/bc'), 'Reach')}, range(3), spread=spread)['']
    assert there == evaluate_checkpoint(Trial(here, 'Reach'), range(3), workers=0)


def test_an_address_where_nobody_is_is_one_line(monkeypatch):
    pytest.importorskip('ray')
    monkeypatch.setenv('RAY_ADDRESS', '127.0.0.1:1')
    text = 'RAY_ADDRESS=127.0.0.1:1: no cluster of Ray answers: [Errno 111] Connection refused'
    with pytest.raises(ConfigError, match=re.escape(text)), spread_over('ray'):
        pass


