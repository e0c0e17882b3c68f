"""The pty's servos and our bytes, held against the makers' own libraries."""
from il_ros.teleop.buses.dynamixel import Dynamixel
from il_ros.teleop.buses.feetech import Feetech
import numpy as np
import pytest
from teleop.servo_bus import Servos

IDS = [1, 2, 3, 7]
# In the data: what begins a packet of each protocol, and every sign.
DYNAMIXEL_AT = [0x00FDFFFF, 2048, -5, -16776961]
FEETECH_AT = [4095, 0, 255, 2048]


def opened(sdk, protocol, servos):
    """Yield a maker's library, the servos, its port to them and its packets."""
    port, packets = sdk.PortHandler(str(servos.path)), sdk.PacketHandler(protocol)
    assert port.openPort() and port.setBaudRate(1_000_000)
    yield sdk, servos, port, packets
    port.closePort()
    servos.unplug()


@pytest.fixture
def dynamixel(tmp_path):
    sdk = pytest.importorskip('dynamixel_sdk')
    yield from opened(sdk, 2.0, Servos('dynamixel', IDS, tmp_path / 'port'))


@pytest.fixture
def feetech(tmp_path):
    sdk = pytest.importorskip('scservo_sdk')
    yield from opened(sdk, 0, Servos('feetech', IDS, tmp_path / 'port'))


def test_dynamixels_library_pings_reads_and_writes_them(dynamixel):
    sdk, servos, port, packets = dynamixel
    assert packets.ping(port, 2) == (1190, 0, 0)
    assert packets.ping(port, 9)[1] != 0
    for servo, at in zip(IDS, DYNAMIXEL_AT, strict=True):
        servos.turn(servo, at)
    group = sdk.GroupSyncRead(port, packets, *Dynamixel.POSITION)
    assert all(group.addParam(servo) for servo in IDS)
    assert group.txRxPacket() == 0
    got = [group.getData(servo, *Dynamixel.POSITION) for servo in IDS]
    assert [np.int32(np.uint32(number % 2**32)) for number in got] == DYNAMIXEL_AT
    assert packets.write1ByteTxRx(port, 3, 64, 1)[:1] == (0,)
    assert servos.get(3, 'torque') == 1
    assert packets.write4ByteTxRx(port, 3, 116, 0x00FDFFFF)[:1] == (0,)
    assert servos.get(3, 'position') == 0x00FDFFFF


def test_feetechs_library_pings_reads_and_writes_them(feetech):
    sdk, servos, port, packets = feetech
    model, result, error = packets.ping(port, 2)
    assert (model, result, error) == (777, 0, 0)
    for servo, at in zip(IDS, FEETECH_AT, strict=True):
        servos.turn(servo, at)
    group = sdk.GroupSyncRead(port, packets, *Feetech.POSITION)
    assert all(group.addParam(servo) for servo in IDS)
    assert group.txRxPacket() == 0
    assert [group.getData(servo, *Feetech.POSITION) for servo in IDS] == FEETECH_AT
    assert packets.write1ByteTxRx(port, 3, 40, 1)[:1] == (0,)
    assert servos.get(3, 'torque') == 1


@pytest.mark.parametrize(('servo', 'instruction', 'body'), [
    (1, 0x01, b''), (7, 0x02, bytes([132, 0, 4, 0])), (3, 0x03, bytes([64, 0, 1])),
    (3, 0x03, bytes([116, 0]) + b'\xff\xff\xfd\x00'),
    (254, 0x82, bytes([132, 0, 4, 0]) + bytes(IDS)),
    (254, 0x83, bytes([116, 0, 4, 0, 1]) + b'\xff\xff\xfd\xff' + b'\x02\xff\xfd\xff\xff')])
def test_our_instructions_are_the_bytes_of_dynamixels_library(servo, instruction, body):
    sdk = pytest.importorskip('dynamixel_sdk')
    length = len(body) + 3
    packet = [0xFF, 0xFF, 0xFD, 0, servo, length & 0xFF, length >> 8, instruction, *body, 0, 0]
    # Its txPacket drops what addStuffing returns: it sends FF FF FD as it is (4.1.0).
    packets = sdk.PacketHandler(2.0)
    packet = packets.addStuffing(packet)
    crc = packets.updateCRC(0, packet, len(packet) - 2)
    packet[-2:] = crc & 0xFF, crc >> 8
    assert bytes(packet) == Dynamixel.packet(
        Dynamixel.__new__(Dynamixel), servo, instruction, body)


@pytest.mark.parametrize(('servo', 'instruction', 'body'), [
    (1, 0x01, b''), (7, 0x02, bytes([56, 2])), (3, 0x03, bytes([40, 1])),
    (254, 0x82, bytes([56, 2]) + bytes(IDS)), (254, 0x83, bytes([42, 2, 1, 255, 255]))])
def test_our_instructions_are_the_bytes_of_feetechs_library(servo, instruction, body):
    sdk = pytest.importorskip('scservo_sdk')
    sent = Recorded()
    packet = [0, 0, servo, len(body) + 2, instruction, *body, 0]
    assert sdk.PacketHandler(0).txPacket(sent, packet) == 0
    assert sent.data == Feetech.packet(Feetech.__new__(Feetech), servo, instruction, body)


class Recorded:
    """The port of a maker's library that keeps what it is given."""

    is_using, data = False, b''

    def clearPort(self):
        pass

    def writePort(self, packet):
        self.data = bytes(packet)
        return len(packet)
