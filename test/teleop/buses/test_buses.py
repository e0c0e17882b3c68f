"""Both families over a real pty, with what goes wrong on cables."""
import os
import subprocess
import sys

from il_ros.teleop.buses.bus import ServoBus
from il_ros.teleop.buses.dynamixel import Dynamixel
from il_ros.teleop.buses.feetech import Feetech
from il_ros.teleop.buses.port import BusError, Port, PortGoneError
import numpy as np
import pytest
from teleop.servo_bus import Servos

IDS = [1, 2, 3, 5, 8, 13, 252]
FAMILIES = {'dynamixel': Dynamixel, 'feetech': Feetech}
PATIENT_S = 5.0     # what answers does so in no time; a busy machine may take longer


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(ServoBus, 'answer_s', PATIENT_S)


@pytest.fixture(params=FAMILIES)
def servos(request, tmp_path):
    made = Servos(request.param, IDS, tmp_path / 'port')
    yield made
    made.unplug()


@pytest.fixture
def bus(servos):
    made = open_bus(servos)
    yield made
    made.close()


def open_bus(servos, answer_s=PATIENT_S) -> ServoBus:
    family = Dynamixel if servos.dynamixel else Feetech
    made = family(Port(str(servos.path), 1_000_000), IDS)
    made.answer_s = answer_s
    return made


def test_all_positions_come_in_one_read(servos, bus):
    for servo in IDS:
        servos.turn(servo, 10 * servo)
    np.testing.assert_array_equal(bus.read(), [10 * servo for servo in IDS])
    assert len(servos.log) == 1


@pytest.mark.parametrize('halves', [False, True])
def test_every_position_comes_as_it_is_also_where_it_looks_like_a_header(servos, bus, halves):
    servos.halves = halves
    for ticks in (0, 4095, 255, 0x0FFF, 2**31 - 1, -1, -4097, 0x00FDFFFF, -0x00020001,
                  0x55FDFFFF - 2**31, -16776961, 0x0201FFFF):
        for servo in IDS:
            servos.turn(servo, ticks)
        expected = ticks if servos.dynamixel else ticks % 4096
        assert set(bus.read().tolist()) == {expected}


def test_a_servo_below_zero_is_told_and_read_so(tmp_path):
    feetech = Feetech.__new__(Feetech)
    for register, number, data in ((Feetech.POSITION, -5, b'\x05\x80'),
                                   (Feetech.HOMING, -2047, b'\xff\x0f'),
                                   (Feetech.GOAL, 4095, b'\xff\x0f')):
        assert feetech.to_data(register, number) == data
        assert feetech.to_number(register, data) == number


def test_what_it_says_of_itself(servos, bus):
    servos.set(5, 'homing', 77)
    found = bus.describe(5)
    assert found == (5, 1190 if servos.dynamixel else 777, 77, 0)
    assert bus.ping(13)
    assert bus.model_name(found.model) == ('1190 (XL330-M077)' if servos.dynamixel
                                           else '777 (STS3215)')
    assert bus.model_name(4) == '4'


@pytest.mark.parametrize('fault', ['silent', 'wrong'])
def test_a_read_is_whole_or_nothing(servos, fault):
    bus = open_bus(servos, 0.03)
    getattr(servos, fault).add(5)
    with pytest.raises(BusError, match='no answer of servo 5'):
        while True:            # on a busy machine another one may be late, too
            try:
                bus.read()
            except BusError as error:
                if 'servo 5;' in str(error):
                    raise
    getattr(servos, fault).clear()
    bus.close()
    bus = open_bus(servos)
    assert len(bus.read()) == len(IDS)
    bus.close()


def test_a_late_answer_is_none_to_the_next_question(servos):
    bus = open_bus(servos)
    bus.link.write(bus.packet(5, 2, bytes([132, 0, 4, 0]) if servos.dynamixel
                              else bytes([56, 2])))
    while not bus.link._poll.poll(1000):
        pass
    servos.turn(5, 99)
    assert bus.get(5, bus.POSITION) == 99
    bus.close()


def test_torque_comes_on_within_a_share_of_the_current(servos, bus):
    bus.bound(IDS[:2], 0.2)
    bus.torque(IDS[:2], True)
    bus.write_goal(IDS[:2], np.array([2048, 2048]))
    bus.read()       # answered: what came before was obeyed
    assert [servos.get(servo, 'torque') for servo in IDS] == [1, 1, 0, 0, 0, 0, 0]
    assert servos.get(1, 'current') == (350 if servos.dynamixel else 200)
    if servos.dynamixel:
        assert (servos.get(1, 'mode'), servos.get(1, 'watchdog')) == (5, 10)
    bus.write_goal(IDS[:2], np.array([1000, 1001]))
    assert bus.read()[:2].tolist() == [1000, 1001]
    bus.torque(IDS, False)
    assert not any(servos.get(servo, 'torque') for servo in IDS)
    if servos.dynamixel:
        assert servos.get(1, 'watchdog') == 0


def test_a_servo_without_a_current_sensor_is_bounded_by_its_voltage(tmp_path):
    servos = Servos('dynamixel', IDS, tmp_path / 'port')
    servos.set(1, 'model', 1060)
    bus = open_bus(servos)
    bus.bound([1], 0.2)
    assert (servos.get(1, 'mode'), servos.get(1, 'goal_pwm')) == (3, 177)
    bus.close()
    servos.unplug()


def test_torque_is_taken_off_the_others_where_one_does_not_answer(servos):
    bus = open_bus(servos, 0.05)
    for servo in IDS:
        servos.set(servo, 'torque', 1)
    servos.silent.add(3)
    with pytest.raises(BusError, match='servo 3; check its cable and power; its torque may be on'):
        bus.torque(IDS, False)
    assert [servo for servo in IDS if servos.get(servo, 'torque')] == [3]
    bus.close()


def test_a_goal_of_a_feetech_stays_within_its_turn():
    feetech = Feetech.__new__(Feetech)
    assert [feetech.goal(n) for n in (-3, 4096, 70)] == [0, 4095, 70]


def test_a_refusal_is_told_in_words(servos, bus):
    servos.alert = 0x80          # hot, or its supply is low: it still tells its angle
    if servos.dynamixel:
        assert len(bus.read()) == len(IDS)
        servos.alert = 0x04
        with pytest.raises(BusError, match='servo 1: value out of range'):
            bus.read()
    else:
        servos.alert = 0x02
        with pytest.raises(BusError, match='servo 1: its angle sensor fails'):
            bus.read()


def test_an_unplugged_port_is_gone(servos):
    bus = open_bus(servos)
    bus.read()
    servos.unplug()
    with pytest.raises(PortGoneError, match=r'port: is gone \(.*\); plug it in'):
        bus.read()
    bus.close()
    with pytest.raises(PortGoneError, match='there is no such port'):
        open_bus(servos)
    servos.plug()
    bus = open_bus(servos)
    assert len(bus.read()) == len(IDS)
    bus.close()


def test_a_port_that_another_process_has_is_refused_by_its_name(servos):
    code = ('import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); '
            'print(1, flush=True); input()')
    other = subprocess.Popen([sys.executable, '-c', code, str(servos.path)], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == '1\n'
    with pytest.raises(BusError) as error:
        open_bus(servos)
    assert str(error.value).startswith(f'{servos.path}: process {other.pid} ({sys.executable} -c ')
    assert str(error.value).endswith('has it; end that, or name another port')
    other.communicate('\n')
    open_bus(servos).close()


def test_two_devices_of_one_port_are_refused(servos, bus):
    with pytest.raises(BusError, match='is open in this process already: two devices name one'):
        open_bus(servos)


def test_a_name_that_fits_two_ports_is_refused(servos, tmp_path):
    (tmp_path / 'port2').symlink_to(servos.path)
    with pytest.raises(BusError, match=r'2 ports have that name: .*port, .*port2; name one'):
        Port(str(tmp_path / 'por*'), 1_000_000)
    Port(str(tmp_path / 'port?'), 1_000_000).close()


def test_what_is_no_port_is_refused(tmp_path):
    file = tmp_path / 'file'
    file.write_text('')
    with pytest.raises(BusError, match='expected a serial port'):
        Port(str(file), 1_000_000)
    with pytest.raises(BusError, match='baud 1234: expected one of 9600, '):
        Port(os.ttyname(os.openpty()[1]), 1234)
