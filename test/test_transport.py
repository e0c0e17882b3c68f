import fcntl
import os
from pathlib import Path
import time

from il_ros.transport import clean, defaults, PROFILES, RANGE
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
