"""A SpaceMouse: its reports through a socket that keeps them apart, and spacenav_node's topics."""
from dataclasses import replace
import os
from pathlib import Path
import struct
import subprocess
import sys
import tempfile

from il_ros.config import build, parse_yaml
from il_ros.errors import ConfigError
from il_ros.kinematics import Arm, find_urdf
from il_ros.teleop.device import Capture
from il_ros.teleop.device_files import AGAIN_NS
from il_ros.teleop.devices import load_settings
from il_ros.teleop.inputs import Heard, LONGEST_NS, Pad, Twist
from il_ros.teleop.spacemouse import MouseButtons, SpaceMouse, SpaceMouseSettings
from il_ros.teleop.spacemouse_reports import KEPT, Knob, mice, open_knob, STOP
from il_ros.teleop.spacenav import Spacenav
from il_ros.types import Mode, Request
import numpy as np
import pytest
from teleop.device_conformance import (
    ByPedal,
    CONTRACT,
    PartsConformance,
    RelativeConformance,
    STATE,
)
from teleop.plugged import Plugged

ARM = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)
SETTINGS = SpaceMouseSettings(speed=1.0)
REPORT_NS = 8_000_000


class Mouse(Plugged):
    """A SpaceMouse behind a socket.

    Attributes:
        knob: What it says while that is not zero: x right, y to the user, z down, about each.
        buttons: Bits of those that are held.
    """

    def __init__(self, long=False):
        self.long, self._said = long, 0
        self.knob, self.buttons = [0] * 6, 0
        super().__init__()

    def say(self, report):
        self._ours.send(bytes(report))

    def move(self):
        """Say the knob as the device does every 8 ms while it is deflected."""
        if self.long:
            self.say(struct.pack('<B6h', 1, *self.knob))
        else:
            self.say(struct.pack('<B3h', 1, *self.knob[:3]))
            self.say(struct.pack('<B3h', 2, *self.knob[3:]))

    def tick(self, period_ns):
        """Say what a period brings."""
        if not self.plugged:
            return
        if self.buttons != self._said:
            self.say([3, self.buttons, 0])
            self._said = self.buttons
        for _ in range(period_ns // REPORT_NS if any(self.knob) else 0):
            self.move()

    def deflect(self, *knob):
        """Move the knob; three zeros say that it was let go."""
        before, self.knob = self.knob, [*knob, *[0] * (6 - len(knob))]
        for _ in range(3 if any(before) and not any(knob) else 0):
            self.move()


class Direct(RelativeConformance):
    """Of one that is read from the kernel."""

    long, settings = False, SETTINGS

    @pytest.fixture
    def device(self):
        self.mouse = Mouse(self.long)
        device = SpaceMouse(self.contract, self.settings, Knob(self.mouse.files))
        yield device
        device.close()

    def engage(self, device):
        self.let_go(device)
        self.read(device)
        self.mouse.buttons |= 1

    def let_go(self, device):
        self.mouse.buttons &= ~1

    def deflect(self, device, on):
        self.mouse.deflect(*([0, -STOP if on else 0, 0]))

    def read(self, device, mode=Mode.TELEOP, state=None, **more):
        self.mouse.tick(self.contract.period_ns)
        return device.read(self.context(mode, state, **more))

    def press(self, device, button):
        self.mouse.buttons |= 1 << button
        told = self.read(device)
        self.mouse.buttons &= ~(1 << button)
        return told


class TestReports(Direct):
    @pytest.mark.parametrize(('knob', 'way', 'turn'), [
        ([0, -STOP, 0], [1, 0, 0], None), ([-STOP, 0, 0], [0, 1, 0], None),
        ([0, 0, -STOP], [0, 0, 1], None), ([0, 0, 0, 0, 0, -STOP], None, [0, 0, 1])])
    def test_the_tool_goes_as_the_knob_goes(self, device, knob, way, turn):
        self.engage(device)
        self.read(device)
        self.mouse.deflect(*knob)
        state = STATE
        for _ in range(20):
            state = self.read(device, state=state).positions
        (at, turned), (before, straight) = ARM.forward(state[:6]), ARM.forward(STATE[:6])
        moved = at - before
        if way is not None:
            assert moved @ way > 0.02
            assert np.abs(moved - (moved @ way) * np.array(way)).max() < 0.005
        else:
            assert np.abs(moved).max() < 0.005
            turned = turned @ straight.T
            assert (turned[1, 0] - turned[0, 1]) / 2 > 0.1, 'it turned to the left'

    def test_a_silence_of_the_deflected_knob_lets_go_until_it_speaks_and_is_pressed_anew(
            self, device):
        self.engage(device)
        self.read(device)
        self.mouse.deflect(100)
        assert self.read(device).engaged
        self.mouse.knob = [0] * 6          # the battery ended: no zeros came
        told = [self.read(device) for _ in range(LONGEST_NS // CONTRACT.period_ns + 2)]
        assert told[0].engaged and told[-1] is None
        assert device.notice == ('spacemouse: silent or late while it was deflected: let go; '
                                 'press anew')
        assert self.read(device) is None, 'still'
        self.mouse.deflect(100)
        assert not self.read(device).engaged, 'the button is held still'

    def test_silence_at_rest_is_rest(self, device):
        self.engage(device)
        self.read(device)
        self.mouse.deflect(100)
        self.read(device)
        self.mouse.deflect(0)
        told = [self.read(device) for _ in range(30)]
        assert all(intent.engaged for intent in told) and device.notice == ''

    def test_unplugged_while_pressed_it_lets_go_and_is_found_again(self, device):
        self.engage(device)
        assert self.read(device).engaged
        self.mouse.unplug()
        assert self.read(device) is None
        assert device.notice == 'spacemouse: unplugged; plug it in again and press anew'
        for _ in range(AGAIN_NS // CONTRACT.period_ns + 2):
            assert self.read(device) is None
        self.mouse.plugged = True
        for _ in range(AGAIN_NS // CONTRACT.period_ns + 2):
            told = self.read(device)
        assert told is not None and not told.engaged
        self.mouse._said = 0
        self.engage(device)
        assert self.read(device).engaged

    @pytest.mark.parametrize(('report', 'problem'), [
        ([1, 94], 'a report 1 of 2 bytes'), ([1], 'a report 1 of 1 bytes'),
        ([2, *[94, 1] * 6], 'a report 2 of 13 bytes'),
        ([1, 0xFF, 0x7F, 0, 0, 0, 0], 'a deflection of 32767, expected -350 to 350'),
        ([1, 0, 0x80, 0, 0, 0, 0], 'a deflection of -32768, expected -350 to 350')])
    def test_what_no_mouse_says_is_dropped_and_counted(self, device, report, problem):
        self.engage(device)
        self.read(device)
        self.mouse.say(report)
        told = self.read(device)
        assert device.notice == f'spacemouse: {problem}: dropped, 1 so far'
        assert told.engaged and np.abs(told.positions - STATE)[:6].max() < 1e-9

    def test_reports_of_unknown_ids_are_of_no_concern(self, device):
        self.engage(device)
        for report in ([23, 80], [28, 1, 0], [0], [255] * 13):
            self.mouse.say(report)
        assert self.read(device).engaged and device.notice == ''

    def test_a_reader_that_was_late_lets_go(self, device):
        self.engage(device)
        assert self.read(device).engaged
        self.mouse.deflect(300)
        for _ in range(KEPT):
            self.mouse.say(struct.pack('<B3h', 1, 300, 0, 0))
        assert self.read(device) is None
        assert not self.read(device).engaged

    def test_the_right_button_moves_the_gripper(self, device):
        self.engage(device)
        before = self.read(device).positions[-1]
        assert {before, self.press(device, 1).positions[-1]} == {0.0, 0.04}

    def test_a_pedal_takes_the_place_of_its_button(self, device):
        self.read(device, dead_man=False)
        self.mouse.buttons |= 1
        assert not self.read(device, dead_man=False).engaged
        assert self.read(device, dead_man=True).engaged


class TestLongReports(Direct):
    long = True


class TestParts(Direct, PartsConformance):
    settings = replace(SETTINGS, buttons=MouseButtons(part=2, start=3, pause=4))

    def next_part(self, device):
        self.press(device, 2)

    def test_its_other_buttons_ask_once(self, device):
        self.engage(device)
        assert self.press(device, 3).capture is Capture.START
        assert self.read(device).capture is None
        assert self.press(device, 4).request is Request.PAUSE
        assert not self.read(device).engaged, 'pausing lets go'


class Heard_(ByPedal, RelativeConformance):
    """Of one that is heard from spacenav_node."""

    kind = 'joy'

    @pytest.fixture
    def device(self):
        self.axes, self.held, self.silent_ns = [0.0] * 6, False, 0
        return SpaceMouse(CONTRACT, replace(SETTINGS, source=self.kind),
                          Spacenav(self.kind, f'spacenav/{self.kind}'))

    def deflect(self, device, on):
        self.axes[0] = STOP / 512 * on

    def said(self):
        return Pad(tuple(self.axes), (int(self.held), 0))

    def read(self, device, mode=Mode.TELEOP, state=None, **more):
        context = self.context(mode, state, **more)
        return device.read(replace(context, heard={
            'knob': Heard(self.said(), 0, self.now_ns - self.silent_ns)}))


class TestJoy(Heard_):
    def test_silence_lets_go(self, device):
        self.engage(device)
        assert self.read(device).engaged
        self.silent_ns = LONGEST_NS + 1
        assert self.read(device) is None
        assert device.notice == ('spacemouse: spacenav/joy is silent: is spacenav_node running, '
                                 'and was the knob touched?')
        self.silent_ns = 0
        assert not self.read(device).engaged

    @pytest.mark.parametrize('axes', [[np.nan, *[0.0] * 5], [np.inf] * 6, [2.0] * 6,
                                      [0.1] * 5, []])
    def test_what_no_knob_says_lets_go(self, device, axes):
        self.engage(device)
        assert self.read(device).engaged
        self.axes = axes
        assert self.read(device) is None
        assert 'spacenav/joy: expected 6 deflections of -1 to 1, got' in device.notice


class TestTwist(Heard_):
    kind = 'twist'

    def said(self):
        return Twist(np.array(self.axes))

    def read(self, device, mode=Mode.TELEOP, state=None):
        return super().read(device, mode, state, dead_man=self.held)

    def test_it_wants_a_pedal(self, device):
        super().read(device)
        assert device.notice.startswith('no pedal says who drives: add +pedal')


def test_only_the_largest_deflection_counts_where_the_settings_say_so():
    mouse = Mouse()
    device = SpaceMouse(CONTRACT, replace(SETTINGS, dominant=True), Knob(mouse.files))
    told = device._shaped(np.array([0.5, -0.9, 0.05, 0.3, 0, 0]))
    assert np.flatnonzero(told).tolist() == [1]
    np.testing.assert_allclose(told[1], -((0.9 - 0.08) / 0.92)**2)
    device.close()


def test_in_the_tools_frame_the_knob_moves_along_the_tool():
    mouse = Mouse()
    device = SpaceMouse(CONTRACT, replace(SETTINGS, frame='tool'), Knob(mouse.files))
    test = Direct()
    test.mouse = mouse
    test.engage(device)
    test.read(device)
    mouse.deflect(0, 0, -STOP)
    state = STATE
    for _ in range(20):
        state = test.read(device, state=state).positions
    turned = ARM.forward(STATE[:6])[1]
    moved = ARM.forward(state[:6])[0] - ARM.forward(STATE[:6])[0]
    assert moved @ turned[:, 2] > 0.02
    assert not np.allclose(turned[:, 2], [0, 0, 1], atol=0.5), 'else it shows nothing'
    device.close()


def test_the_settings_are_those_of_the_file():
    assert load_settings(SpaceMouseSettings, 'spacemouse') == SpaceMouseSettings()
    for text, problem in (('source: hid', "source: expected one of hidraw, joy, twist, got 'hid'"),
                          ('frame: world', "frame: expected one of base, tool, got 'world'"),
                          ('dead_zone: 1.0', 'dead_zone: expected 0 to 0.9, got 1')):
        with pytest.raises(ConfigError) as error:
            build(SpaceMouseSettings, parse_yaml(text, 'x.yaml'), 'x.yaml')
        assert problem in str(error.value)


def sysfs(folder, *devices):
    """Write what the kernel shows of HID devices, each with a pipe for its file."""
    (folder / 'dev').mkdir()
    for n, (ids, name, phys, descriptor) in enumerate(devices):
        at = folder / f'sys/hidraw/hidraw{n}/device'
        at.mkdir(parents=True)
        (at / 'uevent').write_text(f'DRIVER=hid-generic\nHID_ID={ids}\nHID_NAME={name}\n'
                                   f'HID_PHYS={phys}\nHID_UNIQ=\n')
        (at / 'report_descriptor').write_bytes(bytes.fromhex(descriptor))
        os.mkfifo(folder / f'dev/hidraw{n}')
    return folder / 'sys', folder / 'dev'


KNOB, KEYS = '05010908a101a1008501', '05010906a1010507'
PRO = ('0003:0000256F:0000C631', '3Dconnexion SpaceMouse Pro', 'usb-1/input0', KNOB)
RECEIVER = [('0003:0000256F:0000C652', '3Dconnexion Universal Receiver', f'usb-2/input{n}',
             KEYS if n > 1 else KNOB) for n in range(5)]
LOGITECH = ('0003:0000046D:0000C52B', 'Logitech USB Receiver', 'usb-3/input0', KNOB)
NAVIGATOR = ('0003:0000046D:0000C626', '3Dconnexion SpaceNavigator', 'usb-4/input0', KNOB)


def test_a_mouse_is_known_by_its_id_and_its_knob(tmp_path):
    found = mice(*sysfs(tmp_path, LOGITECH, *RECEIVER, NAVIGATOR))
    assert [each.path.name for each in found] == ['hidraw1', 'hidraw2', 'hidraw6']


def test_behind_a_receiver_the_interface_that_speaks_is_the_mouse(tmp_path):
    sys_, dev = sysfs(tmp_path, LOGITECH, *RECEIVER)
    knob, test = open_knob('', sys_, dev), Direct()
    with (dev / 'hidraw2').open('wb', buffering=0) as second, (dev / 'hidraw1').open('wb'):
        assert not knob.read(test.context()).any()
        second.write(struct.pack('<B6h', 1, 0, -175, 0, 0, 0, 0))
        np.testing.assert_allclose(knob.read(test.context()), [0.5, 0, 0, 0, 0, 0])
    knob.close()


def test_what_is_not_there_or_there_twice_is_refused_in_a_line(tmp_path):
    (tmp_path / 'none').mkdir()
    with pytest.raises(ConfigError) as error:
        open_knob('', *sysfs(tmp_path / 'none', LOGITECH))
    assert str(error.value) == 'spacemouse: none is plugged in'
    folders = sysfs(tmp_path, PRO, NAVIGATOR)
    with pytest.raises(ConfigError) as error:
        open_knob('', *folders)
    dev = folders[1]
    assert str(error.value) == (
        f'spacemouse: expected one device, got {dev}/hidraw0 (3Dconnexion SpaceMouse Pro), '
        f'{dev}/hidraw1 (3Dconnexion SpaceNavigator); set device in its settings to the name or '
        'the file of one')
    open_knob('navigator', *folders).close()
    with pytest.raises(ConfigError, match='spacemouse: /dev/null/x: Not a directory'):
        open_knob('/dev/null/x')


@pytest.mark.parametrize(('module', 'opens', 'who', 'rule'), [
    ('spacemouse_reports', 'open_knob', 'spacemouse', 'put KERNEL=="hidraw*"'),
    ('event_keys', 'open_keys', 'pedal', 'sudo usermod -aG input $USER and log in again')])
def test_without_the_permission_the_rule_is_named(module, opens, who, rule):
    code = (f'import os, sys\nfrom il_ros.errors import ConfigError\n'
            f'from il_ros.teleop.{module} import {opens}\n'
            'if os.geteuid() == 0: os.setuid(65534)\n'
            f'try: {opens}(sys.argv[1])\n'
            'except ConfigError as error: sys.stdout.write(str(error))')
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / 'device'
        os.mkfifo(path)
        path.chmod(0o600 if os.geteuid() == 0 else 0)
        told = subprocess.run([sys.executable, '-c', code, str(path)], capture_output=True,
                              text=True, timeout=60)
    assert told.stdout.startswith(f'{who}: no permission for {path}: {rule}')
    assert 'into /etc/udev/rules.d/70-' in told.stdout
