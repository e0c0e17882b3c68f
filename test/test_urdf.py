"""A URDF that is wrong is refused in one line that names what is wrong, and no line of C++."""
import subprocess
import sys

from il_ros.errors import ConfigError
from il_ros.kinematics import Arm
from il_ros.urdf import read_urdf
import numpy as np
import pytest
from robots import joint, write

JOINT = joint('elbow', 'revolute', 'base', 'arm')
LINKS = ['base', 'arm']
REFUSED = {
    "is of type 'planar', which one number does not describe; expected revolute, continuous, "
    'prismatic, fixed': (LINKS, [JOINT.replace('revolute', 'planar')]),
    "joint 'elbow' is of type 'floating'": (LINKS, [JOINT.replace('revolute', 'floating')]),
    "joint 'elbow' is of type 'spherical'": (LINKS, [JOINT.replace('revolute', 'spherical')]),
    "joint 'elbow' is of type ''": (LINKS, [JOINT.replace('type="revolute"', '')]),
    "joint 'elbow': no link 'base_lnk'; did you mean 'base'?": (
        LINKS, [JOINT.replace('"base"', '"base_lnk"')]),
    "joint 'elbow': revolute but without <limit>; give it one, or the type continuous": (
        LINKS, [JOINT.replace('limit', 'limits')]),
    "joint 'elbow': limit: expected lower below upper, got 2 and 1": (
        LINKS, [joint('elbow', 'revolute', 'base', 'arm', limits=(2, 1))]),
    "joint 'elbow': limit: lower: expected 1 number, got 'nan'": (
        LINKS, [joint('elbow', 'revolute', 'base', 'arm', limits=('nan', 1))]),
    "joint 'elbow': axis: xyz: expected 3 numbers, got '0 x 1'": (
        LINKS, [JOINT.replace('0.0 0.0 1.0', '0 x 1')]),
    "joint 'elbow': axis: expected a direction, got 0 0 0": (
        LINKS, [joint('elbow', 'revolute', 'base', 'arm', axis=(0, 0, 0))]),
    "joint 'elbow': origin: xyz: expected 3 numbers, got '0.0 0.0'": (
        LINKS, [joint('elbow', 'revolute', 'base', 'arm', xyz=(0, 0))]),
    "joint 'elbow': expected <parent link=\"...\">, got none": (
        LINKS, [JOINT.replace('<parent link="base"/>', '')]),
    "joint 'elbow' mimics 'sholder', which is not there; did you mean 'shoulder'?": (
        [*LINKS, 'c'], [joint('shoulder', 'continuous', 'arm', 'c'), joint(
            'elbow', 'continuous', 'base', 'arm', mimic=('sholder', 1, 0))]),
    "joint 'a' mimics itself: a -> b -> a": (
        [*LINKS, 'c'], [joint('a', 'continuous', 'base', 'arm', mimic=('b', 1, 0)),
                        joint('b', 'continuous', 'arm', 'c', mimic=('a', 1, 0))]),
    "joint 'a' mimics 'b', which is fixed": (
        [*LINKS, 'c'], [joint('a', 'continuous', 'base', 'arm', mimic=('b', 1, 0)),
                        joint('b', 'fixed', 'arm', 'c')]),
    "joint 'elbow': mimic: multiplier: expected 1 number, got 'two'": (
        [*LINKS, 'c'], [joint('elbow', 'continuous', 'base', 'arm', mimic=('b', 'two', 0)),
                        joint('b', 'continuous', 'arm', 'c')]),
    "joint 'elbow' stands twice": (LINKS, [JOINT, JOINT]),
    "link 'arm' stands twice": (['base', 'arm', 'arm'], [JOINT]),
    "link 'arm' is the child of 2 joints": (
        LINKS, [JOINT, joint('other', 'fixed', 'base', 'arm')]),
    'expected one link that is no child, got base, stand': (['base', 'arm', 'stand'], [JOINT]),
    'expected one link that is no child, got none': (
        LINKS, [JOINT, joint('back', 'fixed', 'arm', 'base')]),
    "link 'c' hangs in a loop of joints": (
        [*LINKS, 'c', 'd'], [JOINT, joint('x', 'fixed', 'c', 'd'),
                             joint('y', 'fixed', 'd', 'c')]),
    "<joint>: expected a name, got ''": (LINKS, [JOINT.replace(' name="elbow"', '')]),
    "<link>: expected a name, got 'universe'": (['universe', 'arm'], [JOINT]),
    'it has no links': ([], []),
}
TEXTS = {
    'no XML: syntax error: line 1, column 0': b'hello',
    'no XML: no element found': b'',
    'expected <robot>, got <sdf>': b'<sdf/>',
    'it holds xacro macros; run xacro on it': (
        b'<robot name="a" xmlns:xacro="http://ros.org/xacro"><xacro:macro name="m"/></robot>'),
    'it holds xacro macros; run xacro on': b'<robot name="a"><link name="${prefix}base"/></robot>',
    'it holds xacro macros; run xacro': (
        b'<robot name="a"><link name="base"><collision><geometry><mesh '
        b'filename="$(find arm)/a.stl"/></geometry></collision></link></robot>'),
    'no XML: unbound prefix': b'<robot name="a"><xacro:arm/></robot>',
    'No such file': None,
}


@pytest.mark.parametrize('text', REFUSED)
def test_what_is_wrong_is_named(tmp_path, text):
    path = write(tmp_path / 'robot.urdf', *REFUSED[text])
    with pytest.raises(ConfigError) as error:
        read_urdf(path)
    assert str(error.value).startswith(f'{path}: ')
    assert text in str(error.value) and '\n' not in str(error.value)


@pytest.mark.parametrize('text', TEXTS)
def test_what_is_no_urdf_is_named(tmp_path, text):
    path = tmp_path / 'robot.urdf'
    if TEXTS[text] is not None:
        path.write_bytes(TEXTS[text])
    with pytest.raises(ConfigError) as error:
        read_urdf(path)
    assert f'{path}: not a URDF that can be read: {text}' in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(('names', 'text'), [
    (['elbw'], "no joint 'elbw'; did you mean 'elbow'?"),
    (['flange'], "joint 'flange' is fixed: nothing can move it; those that move: elbow, stuck"),
    (['stuck'], "joint 'stuck': limits [0.0, 0.0] leave it no way")])
def test_a_joint_that_cannot_be_ours_is_named(tmp_path, names, text):
    path = write(tmp_path / 'robot.urdf', [*LINKS, 'c', 'd'], [
        JOINT, joint('flange', 'fixed', 'arm', 'c'),
        joint('stuck', 'revolute', 'c', 'd', limits=(0, 0))])
    with pytest.raises(ConfigError) as error:
        Arm(path, names, 'd')
    assert text in str(error.value)


def test_what_needs_no_understanding_is_left_out(tmp_path):
    """Pictures that are not there, drives, simulators' elements, a robot without a name."""
    path = tmp_path / 'robot.urdf'
    path.write_text('<?xml version="1.0"?><robot><link name="base"><visual><geometry>'
                    '<mesh filename="package://no/such.dae"/></geometry></visual><inertial/>'
                    f'</link><link name="arm"/>{JOINT}<transmission name="t"><joint name="elbow"/>'
                    '</transmission><gazebo reference="x"><anything/></gazebo></robot>')
    arm = Arm(path, ['elbow'], 'arm')
    np.testing.assert_allclose(arm.forward(np.array([1.0]))[0], [0, 0, 0.3])


def test_pinocchio_itself_says_nothing(tmp_path):
    """What is refused here never reaches its parser, which writes to the terminal."""
    for index, files in enumerate(REFUSED.values()):
        write(tmp_path / f'{index}.urdf', *files)
    code = ('import sys\nfrom pathlib import Path\nfrom il_ros.kinematics import Arm\n'
            'from il_ros.errors import ConfigError\nfor path in Path(sys.argv[1]).iterdir():\n'
            '    try:\n        Arm(path, ["elbow"], "arm")\n'
            '    except ConfigError as error:\n        print(path.name)\n')
    done = subprocess.run([sys.executable, '-c', code, tmp_path], capture_output=True, text=True,
                          timeout=60)
    assert (done.returncode, done.stderr) == (0, '')
    assert len(done.stdout.splitlines()) == len(REFUSED)
