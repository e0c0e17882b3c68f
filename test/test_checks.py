from il_ros import checks
from il_ros.checks import check_machine, Outcome


def found(tmp_path):
    return {check.name: check for check in check_machine(tmp_path)}


def test_this_machine_has_what_the_project_needs(tmp_path):
    result = found(tmp_path)
    assert list(result) == ['python', 'environment', 'packages', 'packages [sim]',
                            'packages [train]', 'disk', 'rendering']
    assert result['packages'].outcome is Outcome.PASS
    assert str(tmp_path) in result['disk'].text


def test_a_full_disk_fails_and_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, 'LEAST_DISK_BYTES', 1 << 62)
    disk = found(tmp_path)['disk']
    assert disk.outcome is Outcome.FAIL
    assert disk.text.endswith('expected 1 GB to record; free some or record elsewhere')


def test_missing_packages_are_named_with_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, 'PACKAGES', {'': ('numpy', 'no_such_a'), 'sim': ('no_such_b',)})
    result = found(tmp_path)
    assert result['packages'] == ('packages', Outcome.FAIL,
                                  'missing no_such_a: pip install . in the folder of il_ros')
    assert result['packages [sim]'] == (
        'packages [sim]', Outcome.SKIP,
        "missing no_such_b: pip install '.[sim]' in the folder of il_ros")
