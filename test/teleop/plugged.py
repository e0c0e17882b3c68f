"""A device of the kernel behind a socket that keeps what it says apart; it can be unplugged."""
import socket

from il_ros.errors import ConfigError
from il_ros.teleop.device_files import Files


class Plugged:
    """The device's side."""

    def __init__(self):
        self.plugged = True
        self.files = Files(self.open)

    def open(self):
        if not self.plugged:
            raise ConfigError('none is plugged in')
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setblocking(False)
        return [theirs.detach()]

    def unplug(self):
        self.plugged = False
        self._ours.close()
