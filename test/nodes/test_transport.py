"""What a real node does with the network and with /dev/shm."""
from contextlib import suppress
import os
from pathlib import Path
import re
import signal

from il_ros.transport import clean, SEGMENTS
from nodes.harness import next_domain, running, wait_for

DOMAIN = next_domain()
FIRST_PORT = 7400 + 250 * DOMAIN
MEGABYTE = 1 << 20


def segments(pid):
    """Return the shared memory that a process owns."""
    links = []
    for link in Path(f'/proc/{pid}/fd').iterdir():
        with suppress(FileNotFoundError):   # it opens and closes files meanwhile
            links.append(link.readlink())
    locks = [link for link in links if re.fullmatch(r'fastrtps_[0-9a-f]{16}_el', link.name)]
    return [lock.with_name(lock.name.removesuffix('_el')) for lock in locks]


def addresses():
    """Return where this domain's ports listen, as /proc/net/udp writes it."""
    lines = [line.split()[1].split(':') for line in
             Path('/proc/net/udp').read_text().splitlines()[1:]]
    return {address for address, port in lines if 0 <= int(port, 16) - FIRST_PORT < 250}


def test_a_node_stays_local_holds_images_and_what_a_killed_one_leaves_goes(tmp_path):
    with (running('teleop_capture', DOMAIN, tmp_path / 'living.txt') as living,
          running('teleop_capture', DOMAIN, tmp_path / 'killed.txt') as killed):
        def ready(node):
            return wait_for(lambda: [s for s in segments(node.process.pid) if s.exists()
                                     and s.stat().st_size > 64 * MEGABYTE], 'its segment')
        (kept,), (stale,) = ready(living), ready(killed)
        wait_for(addresses, 'its ports')
        assert addresses() == {'0100007F'}, '127.0.0.1'
        killed.send(signal.SIGKILL)
        killed.process.wait()
        assert stale.exists()
        for segment in (kept, stale):
            os.utime(f'{segment}_el', (0, 0))
        clean()  # as the start of each node does; another test's node may have been faster
        assert not stale.exists()
        assert kept.exists()
        assert kept.parent == SEGMENTS


def test_a_node_without_images_stays_local_and_off_shared_memory(tmp_path):
    with running('command_gate', DOMAIN, tmp_path / 'gate.txt') as gate:
        wait_for(addresses, 'its ports')
        assert addresses() == {'0100007F'}, '127.0.0.1'
        assert segments(gate.process.pid) == []
