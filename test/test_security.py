"""Nothing in the package unpickles or executes data; the rest of docs/security.md is tested where
it lives: bags/test_bombs, test_images, test_config, policies/test_load, policies/test_wire.
"""
import ast
from pathlib import Path

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.policies.source import parse_place
from nodes.harness import running
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(p for folder in ('il_ros', 'tools', 'benchmarks', 'launch')
               for p in (ROOT / folder).rglob('*.py'))
MODULES = {'pickle', 'cPickle', '_pickle', 'cloudpickle', 'dill', 'joblib', 'marshal', 'shelve'}
CALLS = {'eval', 'exec', 'torch.load', 'os.system', 'os.popen', 'yaml.unsafe_load',
         'yaml.full_load', 'yaml.load_all', 'torch.jit.load', 'torch.hub.load', 'pd.read_pickle'}
KEYWORDS = {'allow_pickle', 'shell'}
ALLOWED = {('il_ros/config.py', 'yaml.load')}  # with its own, strict loader


def unsafe(tree, path):
    """Yield what a module must not do."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from MODULES & {alias.name.split('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            yield from MODULES & {(node.module or '').split('.')[0]}
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in CALLS or name == 'yaml.load' and (path, name) not in ALLOWED:
                yield name
            yield from KEYWORDS & {keyword.arg for keyword in node.keywords}


@pytest.mark.parametrize('path', FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_unpickled_or_executed(path):
    assert list(unsafe(ast.parse(path.read_text()), str(path.relative_to(ROOT)))) == []


@pytest.mark.parametrize('text', [
    'import pickle', 'from pickle import loads', 'import torch\ntorch.load(f)', 'eval(x)',
    'np.load(f, allow_pickle=True)', 'yaml.load(f, Loader=L)', 'subprocess.run(c, shell=True)'])
def test_the_check_sees(text):
    assert list(unsafe(ast.parse(text), 'il_ros/other.py'))


@pytest.mark.parametrize('name', ['../../etc/x', '/etc/x', 'a/b', 'a\0b', '', 'x' * 65, 'ä'])
def test_a_contract_from_elsewhere_cannot_name_a_path(name):
    data = yaml.safe_load(Contract.load('sim_arm').to_text())
    data['cameras'][0]['name'] = name
    with pytest.raises(ConfigError, match='expected 1 to 64 characters of A-Z a-z 0-9 _ -'):
        Contract.from_text(yaml.safe_dump(data))


@pytest.mark.parametrize('name', ['x' * 10_000_000, 'a/' + 'x' * 300, 'a\0b',
                                  'ws://' + 'x' * 5000], ids=['huge', 'name', 'NUL', 'address'])
def test_a_policy_that_no_file_can_be_is_refused_in_short(name):
    with pytest.raises(ConfigError, match='expected a path or an address of up to') as refusal:
        parse_place(name)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize('value', ['.nan', '.inf', '-.inf'])
def test_a_parameter_that_is_no_number_stops_the_node(tmp_path, value):
    with running('command_gate', 96, tmp_path / 'log', parameters={'watchdog_s': value}) as node:
        assert node.process.wait(60) == 2
    assert 'watchdog_s: expected a finite number, got' in node.output
    assert 'Traceback' not in node.output
