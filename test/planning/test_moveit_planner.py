"""MoveIt is not on PyPI: here its absence, and our calls against its real type stubs.

MOVEIT_STUBS: the folder moveit_py of a checkout of moveit/moveit2 (branch jazzy).
"""
from importlib.util import find_spec
import os
from pathlib import Path
import subprocess
import sys

from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.planning import moveit_arm, moveit_collisions, moveit_planner
from il_ros.planning.moveit_collisions import MoveItCollisions
from il_ros.planning.moveit_planner import MoveItPlanner
import pytest

SOURCES = [Path(module.__file__) for module in (moveit_arm, moveit_collisions, moveit_planner)]
CONFIG = """
[mypy]
strict = True
follow_imports = silent
[mypy-moveit.*]
ignore_errors = True
"""


@pytest.mark.skipif(find_spec('moveit') is not None, reason='MoveIt is installed')
@pytest.mark.parametrize('needs_it', [MoveItPlanner, MoveItCollisions])
def test_its_absence_is_an_error_that_says_what_to_do(needs_it):
    with pytest.raises(PlanningError) as caught:
        needs_it(Contract.load('sim_arm'))
    assert str(caught.value) == ('MoveIt is not installed: sudo apt install ros-jazzy-moveit-py, '
                                 'or plan with Pinocchio')


def check(source, folder):
    stubs = os.environ.get('MOVEIT_STUBS')
    if not stubs:
        pytest.skip('MOVEIT_STUBS does not name the folder moveit_py of a checkout of moveit2')
    assert Path(stubs, 'moveit/planning.pyi').is_file()
    (folder / 'mypy.ini').write_text(CONFIG)
    return subprocess.run(
        [sys.executable, '-m', 'mypy', '--config-file', str(folder / 'mypy.ini'),
         '--cache-dir', str(folder / 'cache'), str(source)], cwd=SOURCES[0].parents[2],
        env=dict(os.environ, MYPYPATH=stubs), capture_output=True, text=True)


@pytest.mark.parametrize('source', SOURCES, ids=lambda source: source.stem)
def test_calls_fit_the_stubs_of_moveit(source, tmp_path):
    result = check(source, tmp_path)
    assert result.returncode == 0, result.stdout


def test_the_check_finds_a_wrong_name(tmp_path):
    wrong = tmp_path / 'wrong.py'
    wrong.write_text(SOURCES[0].read_text().replace('.get_planning_scene_monitor(', '.get_scene('))
    result = check(wrong, tmp_path)
    assert '"MoveItPy" has no attribute "get_scene"' in result.stdout
