import fcntl
import os
from pathlib import Path
import time

from il_ros.transport import clean, defaults, PROFILES, RANGE, without_images
import pytest

FOLDER = Path(__file__).resolve().parents[1] / 'config/transport'
OLD_S = time.time() - 3600


@pytest.mark.parametrize(('given', 'expected'), [
    ({}, {RANGE: 'LOCALHOST', **dict.fromkeys(PROFILES, str(FOLDER / 'local.xml'))}),
    ({RANGE: 'SUBNET'}, dict.fromkeys(PROFILES, str(FOLDER / 'network.xml'))),
    ({PROFILES[0]: 'mine.xml'}, {RANGE: 'LOCALHOST'}),
    ({PROFILES[1]: '', RANGE: 'OFF'}, {}),
], ids=['nothing set', 'several machines', 'own profile', 'own defaults of Fast DDS'])
def test_defaults_leave_alone_what_the_user_set(given, expected):
    assert defaults(given) == expected


@pytest.mark.parametrize(('given', 'name'), [
    ({}, 'control_local.xml'), ({RANGE: 'SUBNET'}, 'control_network.xml'),
    ({RANGE: 'LOCALHOST', 'ROS_STATIC_PEERS': '10.0.0.7'}, ''), ({PROFILES[0]: 'mine.xml'}, ''),
    ({PROFILES[0]: '/elsewhere/local.xml'}, ''), ({PROFILES[1]: '', RANGE: 'OFF'}, '')])
def test_without_images_our_profile_gives_way_to_udp_alone(given, name):
    before = {**given, **defaults(given)}
    expected = dict.fromkeys(PROFILES, str(FOLDER / name)) if name else {}
    if name == 'control_local.xml':  # LOCALHOST would add shared memory
        expected[RANGE] = 'SYSTEM_DEFAULT'
    assert without_images(before) == expected
    assert without_images({**before, **expected}) == {}


@pytest.mark.parametrize('name', ['local', 'network'])
def test_profiles_differ_in_shared_memory_only(name):
    shm, udp = ((FOLDER / f'{prefix}{name}.xml').read_text() for prefix in ('', 'control_'))
    assert 'shared_memory' in shm
    assert '<type>SHM' not in udp
    for line in ('<leaseAnnouncement>', '<maxInitialPeersRange>32', '<address>127.0.0.1'):
        assert (line in shm) == (line in udp), line


def test_only_what_nobody_holds_is_removed(tmp_path):
    dead, living, new, odd = (f'fastrtps_{digit * 16}' for digit in '12cx')
    for name in (dead, living, new, odd):
        (tmp_path / name).write_bytes(b'segment')
        (tmp_path / f'{name}_el').touch()
        if name != new:
            os.utime(tmp_path / f'{name}_el', (OLD_S, OLD_S))
    (tmp_path / f'fastrtps_{"3" * 16}').touch()  # without a lock: not known to be anybody's
    with (tmp_path / f'{living}_el').open('rb') as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert clean(tmp_path) == [dead]
        left = {p.name for p in tmp_path.iterdir()}
    assert left == {name + end for name in (living, new, odd) for end in ('', '_el')} | {
        f'fastrtps_{"3" * 16}'}
    assert clean(tmp_path) == [living]
    assert clean(tmp_path / 'nowhere') == []
