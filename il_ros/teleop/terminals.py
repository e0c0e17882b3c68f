"""A terminal of its own for the keyboard device, where a launch file has none to give."""
from __future__ import annotations

from collections.abc import Callable, Mapping
import shlex

from il_ros.errors import ConfigError

# What opens a window, and what stands before the command in it, by preference.
WINDOWS = {
    'xterm': '-e', 'x-terminal-emulator': '-e', 'gnome-terminal': '--wait --',
    'konsole': '--nofork -e', 'xfce4-terminal': '--disable-server -x', 'kitty': '',
    'alacritty': '-e'}
DISPLAYS = ('DISPLAY', 'WAYLAND_DISPLAY')
CARRIED = ('ROS_', 'RMW_', 'AMENT_', 'FASTRTPS_', 'FASTDDS_', 'CYCLONEDDS_', 'IL_ROS_', 'PYTHON',
           'LD_LIBRARY_PATH', 'PATH')   # tmux gives a window the environment of its server
INSTEAD = ("start 'ros2 run il_ros teleop' in a second terminal and this with teleop:=none, or "
           'choose teleop:=gamepad')


def find_terminal(wanted: str, environ: Mapping[str, str],
                  which: Callable[[str], str | None]) -> str:
    """Return what to put before a command so that it gets a terminal of its own.

    Args:
        wanted: By the person, as in 'xterm -e'; '' looks for one.
        environ: The environment.
        which: Finds a program, as `shutil.which` does.

    Raises:
        ConfigError: There is none; the text says what to do.
    """
    if wanted:
        program = shlex.split(wanted)[0]
        if which(program) is None:
            raise ConfigError(f'terminal:={shlex.quote(wanted)}: {program} is not installed; name '
                              f'another one, or {INSTEAD}')
        return wanted
    shown = any(environ.get(name) for name in DISPLAYS)
    for program, option in WINDOWS.items() if shown else ():
        if which(program):
            return f'{program} {option}'.strip()
    if environ.get('TMUX') and which('tmux'):
        carried = [f'{name}={value}' for name, value in environ.items()
                   if name.startswith(CARRIED)]
        return shlex.join(['tmux', 'split-window', 'env', *carried])
    missing = (f'none of {", ".join(WINDOWS)} is installed: sudo apt install xterm' if shown else
               'no display for a window, no tmux session')
    raise ConfigError(f'teleop:=keyboard needs a terminal of its own ({missing}); or {INSTEAD}'
                      if shown else
                      f'teleop:=keyboard needs a terminal of its own ({missing}): {INSTEAD}')
