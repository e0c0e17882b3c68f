"""Commands of the pages, as they stand there: of short ones always, of all if slow tests run."""
import os
import subprocess
import sys

import bag_factory as bags
from il_ros.datasets.convert import convert
from nodes.harness import environment, next_domain, ROOT
import pytest

from tools.docs import blocks

pytest.importorskip('torch')

SHORT = ('how-to/review-and-edit', 'how-to/clocks')


@pytest.fixture(scope='module')
def lab(tmp_path_factory):
    """Make what the first half hour leaves, as far as these pages need it."""
    folder = tmp_path_factory.mktemp('lab')
    contract = bags.small_contract(cameras=())
    (folder / 'lab/bags').mkdir(parents=True)
    bags.write_bags(folder / 'lab/bags/demonstrations', 5, contract=contract)
    bags.write_bag(folder / 'lab/bags/demonstrations/episode_0006',
                   bags.Script(contract, 4.0, seed=6, still_s=2.0))
    convert([folder / 'lab/bags/demonstrations'], folder / 'lab/dataset')
    return folder


@pytest.mark.parametrize('page', SHORT)
def test_a_short_page(page, lab):
    done = blocks.run(blocks.DOCS / f'{page}.md', lab, os.environ, 100)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_page():
    """Twenty minutes or so on two idle cores; `make tutorials` says it page by page."""
    done = subprocess.run([sys.executable, '-m', 'tools.docs.blocks'], cwd=ROOT, text=True,
                          env=environment(next_domain()), capture_output=True)
    assert done.returncode == 0, done.stdout
    assert 'FAILED' not in done.stdout
