"""The `il_ros` command."""
from __future__ import annotations

from importlib import import_module
import os
import sys

from il_ros.errors import IlRosError, install
import typer

COMMANDS = ('demo', 'sim', 'record', 'guide', 'retarget', 'convert', 'inspect', 'train',
            'evaluate', 'dagger', 'panel', 'replay', 'doctor', 'init', 'import', 'export', 'sweep',
            'redact', 'card', 'push', 'pull', 'view')
MODULES = {'import': 'import_bag'}      # a word of Python names no module
EXTRAS = {'torch': 'train', 'lightning_fabric': 'train', 'safetensors': 'train',
          'tensorboard': 'train', 'mujoco': 'sim', 'gymnasium': 'sim', 'pinocchio': 'sim',
          'matplotlib': 'sim', 'onnx': 'export', 'onnxruntime': 'export', 'onnxscript': 'export',
          'ray': 'sweep', 'websockets': 'remote', 'msgpack': 'remote', 'openvino': 'openvino',
          'aiohttp': 'panel', 'huggingface_hub': 'hub', 'httpx2': 'hub', 'rerun': 'view'}
WITH_ROS = ('rclpy', 'rcl_interfaces', 'builtin_interfaces', 'std_srvs',
            'il_ros.msg', 'il_ros.srv', 'il_ros.action')

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode='markdown',
                  pretty_exceptions_enable=False,
                  help='Teach a ROS 2 arm by showing: record, convert, train, run, correct.')
for _name in COMMANDS:
    _module = MODULES.get(_name, _name)
    app.command(_name)(getattr(import_module(f'il_ros.commands.{_module}'), _module))
app.add_typer(import_module('il_ros.commands.dataset_whole').app, name='dataset')
app.add_typer(import_module('il_ros.commands.device').app, name='device')


def main() -> None:
    """Run a subcommand; wrong input ends in one line and exit code 2."""
    try:
        app()
    except IlRosError as error:
        _refuse(str(error))
    except ModuleNotFoundError as error:
        module = error.name or ''
        if module.startswith(WITH_ROS) or module.partition('.')[0].endswith('_msgs'):
            _refuse(f'this needs ROS 2 ({module} is missing): source it and colcon build, '
                    'or use make setup')
        extra = EXTRAS.get(top := module.partition('.')[0])
        if extra is None:
            raise
        _refuse(f'this needs {top}: {install(extra, top)}')
    except BrokenPipeError:
        # The reader (head, less) has left; nothing more can be said on standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(text: str) -> None:
    sys.stderr.write(f'il_ros: {text}\n')
    raise SystemExit(2)
