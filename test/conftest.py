"""Live processes run on machines that may starve them: the gate then stops the arm, as it must.

A test that starts them is made again once; pytest's summary counts each repetition.
"""
import os
from pathlib import Path
import sys

from il_ros import transport
from il_ros.cli import app
import pytest

LIVE = ('faults', 'launch', 'nodes', 'workflow')
OPTIONAL = ('torch', 'lightning_fabric', 'safetensors', 'tensorboard', 'diffusers',
            'huggingface_hub')
HERE = Path(__file__).parent


class SkipWithoutExtras:
    """The last to be asked for a module: what is optional and not there skips the test."""

    def find_spec(self, name, path=None, target=None):
        if name in OPTIONAL:
            pytest.skip(f'needs {name}', allow_module_level=True)


def pytest_configure():
    sys.meta_path.append(SkipWithoutExtras())
    # What the tests say over ROS themselves stays here, and off shared memory, which others block.
    transport.prepare(images=False)


def pytest_runtest_teardown(item):
    """Let no test put its process before all others."""
    if item.path.relative_to(HERE).parts[0] not in LIVE and sys.platform == 'linux' and (
            os.sched_getscheduler(0) != os.SCHED_OTHER):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        pytest.fail('left its process with real-time priority')


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.relative_to(HERE).parts[0] in LIVE:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope='session', autouse=True)
def decoded_images_stay_here(tmp_path_factory):
    """Keep what trainings decode away from the cache of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('IL_ROS_CACHE', str(tmp_path_factory.mktemp('cache')))
        yield


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run commands of il_ros in a folder of their own; give what they print."""
    monkeypatch.chdir(tmp_path)

    def called(*arguments):
        app([str(argument) for argument in arguments], standalone_mode=False)
        return capsys.readouterr().out.splitlines()
    return called
