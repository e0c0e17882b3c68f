"""Which terminal the keyboard device gets from a launch file."""
from il_ros.errors import ConfigError
from il_ros.teleop.terminals import find_terminal, WINDOWS
import pytest

X = {'DISPLAY': ':0'}


def only(*programs):
    return lambda name: f'/usr/bin/{name}' if name in programs else None


@pytest.mark.parametrize(('program', 'prefix'), [
    ('xterm', 'xterm -e'), ('x-terminal-emulator', 'x-terminal-emulator -e'),
    ('gnome-terminal', 'gnome-terminal --wait --'), ('konsole', 'konsole --nofork -e'),
    ('xfce4-terminal', 'xfce4-terminal --disable-server -x'), ('kitty', 'kitty'),
    ('alacritty', 'alacritty -e')])
def test_each_that_is_installed(program, prefix):
    assert find_terminal('', X, only(program)) == prefix
    assert find_terminal('', {'WAYLAND_DISPLAY': 'wayland-0'}, only(program, 'tmux')) == prefix


def test_xterm_comes_first_and_a_wish_before_it():
    assert find_terminal('', X, only(*WINDOWS)) == 'xterm -e'
    assert find_terminal('kitty --hold', X, only(*WINDOWS)) == 'kitty --hold'


def test_a_pane_of_tmux_gets_the_environment():
    environ = {'TMUX': '/tmp/tmux', 'ROS_DOMAIN_ID': '7', 'IL_ROS_LAUNCH': '12:34', 'HOME': '/x',
               'PATH': '/usr/bin:/a b'}
    assert find_terminal('', environ, only('tmux', 'xterm')) == (
        "tmux split-window env ROS_DOMAIN_ID=7 IL_ROS_LAUNCH=12:34 'PATH=/usr/bin:/a b'")


INSTEAD = ("start 'ros2 run il_ros teleop' in a second terminal and this with teleop:=none, or "
           'choose teleop:=gamepad')


@pytest.mark.parametrize(('wanted', 'environ', 'text'), [
    ('', X, 'teleop:=keyboard needs a terminal of its own (none of xterm, x-terminal-emulator, '
            'gnome-terminal, konsole, xfce4-terminal, kitty, alacritty is installed: sudo apt '
            f'install xterm); or {INSTEAD}'),
    ('', {}, 'teleop:=keyboard needs a terminal of its own (no display for a window, no tmux '
             f'session): {INSTEAD}'),
    ('xterm -e', X, "terminal:='xterm -e': xterm is not installed; name another one, or "
                    f'{INSTEAD}')])
def test_where_there_is_none_the_text_says_what_to_do(wanted, environ, text):
    with pytest.raises(ConfigError) as error:
        find_terminal(wanted, environ, only())
    assert str(error.value) == text
