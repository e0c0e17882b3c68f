"""A person with a token, a dataset, and a hub on this machine."""
import bag_factory as bags
from hub.server import Hub, WRITER
from il_ros.datasets.convert import convert
import pytest


@pytest.fixture(autouse=True)
def person(tmp_path, monkeypatch):
    """The client keeps its logs in a folder of the test."""
    monkeypatch.setenv('HF_HOME', str(tmp_path / 'hf'))
    monkeypatch.setenv('HF_TOKEN', WRITER)


def started(monkeypatch, **options):
    hub = Hub(**options)
    monkeypatch.setenv('HF_ENDPOINT', hub.url)
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_DISABLE_XET', not options.get('xet'))
    return hub


@pytest.fixture
def hub(monkeypatch):
    """Large files go through Git LFS."""
    with started(monkeypatch, pages=3) as hub:
        yield hub


@pytest.fixture
def xet_hub(monkeypatch):
    with started(monkeypatch, xet=True) as hub:
        yield hub


@pytest.fixture(scope='session')
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp('converted')
    script = bags.Script(bags.small_contract(cameras=('scene',)), 1.0, 1)
    convert([bags.write_bag(folder / 'bag', script)], folder / 'dataset')
    return folder / 'dataset'
