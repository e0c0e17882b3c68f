"""What can be said of the launch files without ROS's launch, which is not on PyPI."""
import ast
from dataclasses import fields
from importlib import import_module
from pathlib import Path

from il_ros.contract import Contract
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = {path.name.removesuffix('.launch.py'): path for path in (ROOT / 'launch').iterdir()
         if path.name.endswith('.launch.py')}
LAUNCHING = ROOT / 'il_ros/nodes/shared/launching.py'
OPTIONS = {'condition', 'prefix', 'respawn'}  # of `node`, beside the parameters
EVERYWHERE = {'robot', 'use_sim', 'rviz', 'namespace'}
ARGUMENTS = {
    'teleop_capture': EVERYWHERE | {'teleop', 'device'}, 'policy': EVERYWHERE | {'checkpoint'},
    'dagger': EVERYWHERE | {'teleop', 'device', 'checkpoint'}, 'sim': EVERYWHERE,
    'station': {'robots', 'robot', 'teleop', 'device', 'namespace'}, 'convert': {'namespace'}}


def assigned(path, name):
    """Return the literal that a module assigns to a name."""
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == name:
            return ast.literal_eval(statement.value)
    raise AssertionError(f'{path}: no {name}')


def calls(path, function):
    return [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)
            and isinstance(n.func, ast.Name) and n.func.id == function]


def parameters(executable):
    """Return the ROS parameters of a node: the fields of its dataclass `Parameters`."""
    tree = ast.parse((ROOT / f'il_ros/nodes/{executable}.py').read_text())
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and 'Parameters' in {n.name for n in node.names}:
            return {f.name for f in fields(import_module(node.module).Parameters)}
        if isinstance(node, ast.ClassDef) and node.name == 'Parameters':
            return {f.target.id for f in node.body if isinstance(f, ast.AnnAssign)}
        if isinstance(node, ast.ImportFrom) and any(n.name == 'Parameters' for n in node.names):
            return parameters(node.module.removeprefix('il_ros.nodes.').replace('.', '/'))
    return set()


def declared(path):
    """Return the launch arguments of a launch file."""
    call, = calls(path, 'description')
    return set(ast.literal_eval(call.args[0]))


NODES = assigned(ROOT / 'setup.py', 'NODES')
KNOWN = assigned(LAUNCHING.with_name('arguments.py'), 'ARGUMENTS')
STARTED = [call for path in (LAUNCHING, *FILES.values()) for call in calls(path, 'node')]


def test_the_launch_files_of_the_design_exist():
    assert set(FILES) == set(ARGUMENTS)


@pytest.mark.parametrize('name', FILES)
def test_arguments(name):
    compile(FILES[name].read_text(), FILES[name], 'exec')
    arguments = declared(FILES[name])
    assert ARGUMENTS[name] <= arguments <= set(KNOWN)


@pytest.mark.parametrize('name', FILES)
def test_whatever_reads_an_argument_is_used_where_it_is_declared(name):
    """`given('x')` in a helper needs 'x' in each file that uses the helper."""
    helpers = {f.name: f for f in ast.parse(LAUNCHING.read_text()).body
               if isinstance(f, ast.FunctionDef)}

    def reads(function):
        found = set()
        for n in ast.walk(function):
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and (
                    n.func.id == 'given' and isinstance(n.args[0], ast.Constant)):
                found.add(n.args[0].value)
            elif isinstance(n, ast.Name) and n.id in helpers and n.id != function.name:
                found |= reads(helpers[n.id])
        return found

    main, = (n for n in ast.parse(FILES[name].read_text()).body if isinstance(n, ast.FunctionDef))
    main.name = ''
    assert reads(main) <= declared(FILES[name])


@pytest.mark.parametrize('call', STARTED, ids=lambda call: call.args[0].value)
def test_nodes_and_their_parameters_exist(call):
    executable = call.args[0].value
    assert executable in NODES
    given = {k.arg for k in call.keywords if k.arg} - OPTIONS
    assert given <= parameters(executable)


def test_every_node_is_started_by_some_launch_file():
    assert {call.args[0].value for call in STARTED} == set(NODES)


@pytest.mark.parametrize('executable', NODES)
def test_parameter_files(executable):
    text = (ROOT / f'config/nodes/{executable}.yaml').read_text()
    assert set(yaml.safe_load(text)['/**']['ros__parameters']) <= parameters(executable)


def test_rviz_shows_topics_that_exist():
    config = yaml.safe_load((ROOT / 'config/rviz/il_ros.rviz').read_text())
    shown = {display[key]['Value'] for display in config['Visualization Manager']['Displays']
             for key in ('Topic', 'Description Topic') if key in display}
    assert shown == {*Contract.load('sim_arm').topics, 'monitor/markers', 'robot_description'} - {
        'joint_states'}


def test_each_namespace_has_its_own_folder_of_episodes():
    """The default of output:= is made of namespace:=, which must be declared before it."""
    for path in FILES.values():
        call, = calls(path, 'description')
        arguments = list(ast.literal_eval(call.args[0]))
        if 'output' in arguments:
            assert arguments.index('namespace') < arguments.index('output'), path
