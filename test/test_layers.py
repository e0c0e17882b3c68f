"""Each folder imports only folders before it on the data path; only nodes/ imports ROS."""
import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'il_ros'
GENERATED = {'msg', 'srv', 'action'}
# Earlier entries know nothing of later ones. Modules at the root are shared by all.
ORDER = ['errors', 'types', 'timing', 'scheduling', 'spread', 'disk', 'buckets', 'yaml12',
         'config', 'web', 'transport', 'scene', 'names', 'rights', 'encodings', 'contract',
         'angles', 'joints',
         'controller', 'checks', 'images', 'urdf_text', 'urdf', 'robot_model', 'kinematics',
         'drafting', 'alignment', 'recording', 'bags', 'datasets', 'importing', 'inspection',
         'workbench', 'redaction', 'policies', 'training', 'execution', 'planning', 'safety',
         'sim', 'teleop', 'teaching', 'intervention', 'evaluation', 'cards', 'hub', 'viewing',
         'panel', 'nodes', 'workflow', 'commands', 'cli']
ROS = ('rclpy', 'builtin_interfaces', 'launch', 'launch_ros', 'std_srvs', 'ament_index_python',
       'rosidl_runtime_py', 'action_msgs', 'rpyutils')


def modules():
    return sorted(p for p in PACKAGE.rglob('*.py')
                  if p.relative_to(PACKAGE).parts[0] not in GENERATED)


def imports(path):
    """Return the absolute module names that a file imports."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            found += [f'{node.module}.{alias.name}' for alias in node.names]
    return found


def layer(name):
    return name.removesuffix('.py')


@pytest.mark.parametrize('path', modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_only_what_comes_before(path):
    own = layer(path.relative_to(PACKAGE).parts[0])
    if own == '__init__':
        return
    assert own in ORDER, f'il_ros/{own} has no place in ORDER'
    for name in imports(path):
        if name.startswith('il_ros.'):
            other = name.split('.')[1]
            if other in GENERATED or other == '__version__':
                continue
            assert ORDER.index(other) <= ORDER.index(own), f'{path.name} imports {name}'


@pytest.mark.parametrize('path', [p for p in modules() if 'nodes' not in p.parts],
                         ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_nodes_import_ros(path):
    for name in imports(path):
        top = name.split('.')[0]
        assert top not in ROS and not top.endswith('_msgs'), f'imports {name}'
        assert not name.startswith(tuple(f'il_ros.{kind}' for kind in GENERATED)), name


@pytest.mark.parametrize('path', modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_stay_short(path):
    limit = {'nodes': 150, 'policies': 500}.get(path.relative_to(PACKAGE).parts[0], 250)
    assert len(path.read_text().splitlines()) <= limit
