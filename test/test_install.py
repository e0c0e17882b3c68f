"""What a plain `pip install .` without ROS gives."""
import os
from pathlib import Path
import shutil
import subprocess
import sys
import zipfile

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ('il_ros', 'msg', 'srv', 'action', 'config', 'launch', 'resource', 'setup.py',
           'setup.cfg', 'pyproject.toml', 'package.xml', 'CMakeLists.txt')


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """Build the wheel from a copy, without the interfaces."""
    folder = tmp_path_factory.mktemp('source')
    generated = shutil.ignore_patterns('__pycache__', '*.so')
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=generated)
        else:
            shutil.copy(source, folder / name)
    for kind in ('msg', 'srv', 'action'):
        shutil.rmtree(folder / 'il_ros' / kind, ignore_errors=True)
    subprocess.run([sys.executable, '-m', 'pip', 'wheel', '-q', '--disable-pip-version-check',
                    '--no-build-isolation', '--no-deps', '-w', str(folder / 'dist'), str(folder)],
                   env=dict(os.environ, IL_ROS_INTERFACES='off'), check=True)
    return next((folder / 'dist').glob('*.whl'))


def test_wheel_has_code_data_and_commands(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    data = 'il_ros-0.1.0.data/data/share'
    for expected in ('il_ros/contract/contract.py', 'il_ros/nodes/shell.py',
                     'il_ros/py.typed',
                     'il_ros/sim/assets/sim_arm.xml',
                     f'{data}/il_ros/config/robots/sim_arm.yaml',
                     f'{data}/il_ros/config/robots/sim_arm.urdf',
                     f'{data}/il_ros/launch/dagger.launch.py',
                     f'{data}/il_ros/package.xml',
                     f'{data}/ament_index/resource_index/packages/il_ros'):
        assert expected in names
    assert not [n for n in names if n.startswith(('il_ros/msg', 'il_ros/srv', 'test/'))]
    text = zipfile.ZipFile(wheel).read('il_ros-0.1.0.dist-info/entry_points.txt').decode()
    for command in ('il_ros', 'teleop', 'teleop_capture', 'bag_converter', 'policy_inference',
                    'dagger_intervention', 'command_gate', 'sim_robot', 'monitor'):
        assert f'\n{command} = ' in text


def test_every_template_and_asset_is_in_the_wheel(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    data = [p for p in (ROOT / 'il_ros').rglob('*') if p.is_file()
            and p.suffix not in ('.py', '.pyc', '.so')]
    assert data
    assert [str(p.relative_to(ROOT)) for p in data if str(p.relative_to(ROOT)) not in names] == []


WITHOUT_ROS = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        top = name.split('.')[0]
        if top in ('rclpy', 'std_srvs', 'builtin_interfaces') or top.endswith('_msgs') or name in (
                'il_ros.msg', 'il_ros.srv', 'il_ros.action'):
            raise ModuleNotFoundError(f'no {name}', name=name)
sys.meta_path.insert(0, Blocked())
sys.argv = ['il_ros', *sys.argv[1:]]
from il_ros.cli import main
main()
"""


def without_ros(*arguments, blocked=''):
    code = WITHOUT_ROS.replace("('rclpy',", f"('{blocked}', 'rclpy',")
    return subprocess.run([sys.executable, '-c', code, *arguments], capture_output=True,
                          text=True, env=dict(os.environ, COLUMNS='120'))


@pytest.mark.parametrize('command', ['demo', 'sim', 'record', 'convert', 'inspect', 'train',
                                     'evaluate', 'dagger', 'replay', 'doctor', 'init', 'export',
                                     'push', 'pull', 'sweep', 'import', 'panel'])
def test_every_command_has_help_with_an_example_without_ros(command):
    result = without_ros(command, '--help')
    assert result.returncode == 0, result.stderr
    assert 'Example:' in result.stdout
    assert f'il_ros {command}' in result.stdout


def test_a_command_that_needs_ros_says_so(tmp_path):
    pytest.importorskip('torch')
    result = without_ros('demo', '--out', str(tmp_path / 'demo'))
    assert result.returncode == 2
    assert 'this needs ROS 2' in result.stderr
    assert 'Traceback' not in result.stderr


@pytest.mark.parametrize('module, package, extra, command', [
    ('ray', 'ray', 'sweep', ['sweep', 'dataset', '--out', 'out', '--set', 'seed=0,1', '--set',
                             'learning_rate=1e-3,3e-4']),
    ('mujoco', 'mujoco', 'sim', ['sim']),
    ('aiohttp', 'aiohttp', 'panel', ['panel']),
    ('huggingface_hub', 'huggingface_hub', 'hub', ['pull', 'hf://anna/pick']),
    ('torch', 'torch', 'train', ['train', 'dataset', '--policy', 'bc', '--out', 'out']),
    ('lightning_fabric', 'lightning-fabric', 'train', ['train', 'dataset', '--policy', 'bc',
                                                       '--out', 'out'])])
def test_a_missing_package_is_named_as_an_index_has_it(tmp_path, monkeypatch, module, package,
                                                       extra, command):
    if extra == 'train':
        pytest.importorskip('torch')
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'dataset/meta').mkdir(parents=True)
    (tmp_path / 'dataset/meta/info.json').write_text('{}')
    result = without_ros(*command, blocked=module)
    assert (result.returncode, result.stderr) == (2, (
        f"il_ros: this needs {module}: pip install {package}, or '.[{extra}]' in the folder of "
        'il_ros\n'))
    assert [p.name for p in tmp_path.iterdir()] == ['dataset']
