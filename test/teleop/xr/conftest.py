"""One server of the page for all tests of a file."""
import pytest


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('xr')


@pytest.fixture(scope='module')
def server(folder):
    from il_ros.teleop.xr.server import PageServer  # wants websockets
    server = PageServer('127.0.0.1', 0, True, 'right', folder)
    yield server
    server.close()
