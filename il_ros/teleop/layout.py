"""How a gamepad's axes and buttons are numbered; config/gamepads/ has a file per kind of pad.

sensor_msgs/Joy names neither pad nor driver, and the same pad is numbered otherwise by another
driver. So the numbers of axes and buttons tell the layout, or the person does. Sources: the table
of joy's README, SDL's database of controllers (Linux) and the kernel's drivers. All of ROS's joy
nodes have sticks and crosses positive to the left and up.
"""
from __future__ import annotations

from dataclasses import dataclass, fields

from il_ros.config import build, config_folders, find_config, parse_yaml, read_text
from il_ros.errors import ConfigError
from il_ros.teleop.inputs import Pad

AUTO = 'auto'
STICKS = ('left stick, left and right', 'left stick, up and down', 'right stick, left and right',
          'right stick, up and down')
BEYOND = 1.01     # joy rounds 1 up a little


@dataclass(frozen=True)
class Buttons:
    """Indices, by their names on an Xbox pad; a cross may be buttons or `Layout.hat`."""

    a: int
    b: int
    x: int
    y: int
    back: int
    start: int
    lb: int
    rb: int
    up: int | None = None
    down: int | None = None
    left: int | None = None
    right: int | None = None


@dataclass(frozen=True)
class Layout:
    """One kind of pad under one kind of driver.

    Attributes:
        pads: Which, for people.
        counts: Axes and buttons of those that are recognised by them.
        sticks: Axes of the left stick's x and y, and of the right one's.
        buttons: Indices of the buttons.
        hat: Axes of the cross's x and y, where it has no buttons.
    """

    pads: str
    counts: tuple[tuple[int, int], ...]
    sticks: tuple[int, int, int, int]
    buttons: Buttons
    hat: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        axes, buttons = [*self.sticks, *(self.hat or ())], list(self.indices.values())
        for what, found in (('axis', axes), ('button', buttons)):
            if wrong := [n for n in found if n < 0 or found.count(n) > 1]:
                raise ConfigError(f'{what} {wrong[0]}: expected each once, from 0')

    @property
    def indices(self) -> dict[str, int]:
        """The buttons that the pad has."""
        named = {f.name: getattr(self.buttons, f.name) for f in fields(Buttons)}
        return {name: index for name, index in named.items() if index is not None}

    def axes(self, pad: Pad) -> tuple[float, ...]:
        """Return the deflections of the sticks, -1 to 1, in the order of `STICKS`.

        Raises:
            ConfigError: The pad has fewer axes or buttons, or says what no pad can say.
        """
        axes = 1 + max(*self.sticks, *(self.hat or (0,)))
        buttons = 1 + max(self.indices.values())
        if len(pad.axes) < axes or len(pad.buttons) < buttons:
            raise ConfigError(f'expected at least {axes} axes and {buttons} buttons, '
                              f'got {len(pad.axes)} and {len(pad.buttons)}')
        for index, value in enumerate(pad.axes):
            if not abs(value) <= BEYOND:
                raise ConfigError(f'axis {index}: expected -1 to 1, got {value:g}')
        return tuple(pad.axes[index] for index in self.sticks)

    def pressed(self, pad: Pad) -> frozenset[str]:
        """Return the names of the buttons that are held."""
        held = {name for name, index in self.indices.items() if pad.buttons[index]}
        if self.hat:
            x, y = (pad.axes[index] for index in self.hat)
            held |= {name for name, on in (('left', x > 0.5), ('right', x < -0.5),
                                           ('up', y > 0.5), ('down', y < -0.5)) if on}
        return frozenset(held)


def load_layout(name: str) -> Layout:
    """Return the layout of a name under config/gamepads, or of a file.

    Raises:
        ConfigError: There is none, or it is wrong.
    """
    path = find_config('gamepads', name)
    return build(Layout, parse_yaml(read_text(path), str(path)), str(path))


def layouts() -> dict[str, Layout]:
    """Return all layouts by name."""
    names = sorted({p.stem for f in config_folders('gamepads') for p in f.glob('*.yaml')})
    return {name: load_layout(name) for name in names}


def recognise(pad: Pad, known: dict[str, Layout]) -> str:
    """Return the name of the layout that a pad has by its numbers of axes and buttons.

    Raises:
        ConfigError: None has them, or several have.
    """
    counts = len(pad.axes), len(pad.buttons)
    found = [name for name, layout in known.items() if counts in layout.counts]
    if len(found) == 1:
        return found[0]
    why = f'may be {" or ".join(found)}' if found else 'are of no known pad'
    raise ConfigError(f"{counts[0]} axes and {counts[1]} buttons {why}; set teleop's parameter "
                      f'layout to {", ".join(found or known)} or your own file, or use '
                      "joy's game_controller_node")
