"""Wrong input ends in one line and exit code 2."""
import subprocess
import sys

import pytest


def il_ros(*arguments, cwd=None):
    command = [sys.executable, '-c', 'from il_ros.cli import main; main()', *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


@pytest.mark.parametrize(('arguments', 'text'), [
    (['convert', 'empty', '--out', 'data'], 'empty'),
    (['convert', 'nowhere', '--out', 'data'], 'nowhere'),
    (['convert', 'empty', '--out', 'data', '--split', 'gap:x'], 'gap:x: expected seconds'),
    (['import', 'nowhere'], 'nowhere: expected a bag directory, got nothing'),
    (['inspect', 'empty'], 'empty'),
    (['train', 'empty', '--policy', 'bc', '--out', 'run'], 'empty'),
    (['train', '--out', 'run'], 'expected a dataset or --data with several, got neither'),
    (['evaluate', 'empty'], 'empty'),
    (['evaluate', 'ws://127.0.0.1:9'], 'ws://127.0.0.1:9: cannot be reached'),
    (['dagger', 'empty', '--checkpoint', 'empty', '--out', 'run'], 'empty'),
    (['replay', 'empty'], 'empty'),
    (['redact', 'nowhere', '--out', 'x'], 'nowhere: expected a dataset or one bag, got nothing'),
    (['redact', 'empty', '--out', 'x'], 'empty: expected a dataset or one bag, got a folder that'),
    (['card', 'empty'], 'empty: no checkpoint'),
    (['doctor', '--robot', 'sim_am'], "did you mean 'sim_arm'?"),
    (['device', 'calibrate', 'x', '--bus', 'dynamixl', '--robot', 'sim_arm', '--port', 'x',
      '--pose', 'start'], "bus 'dynamixl': did you mean 'dynamixel'?"),
    (['init', 'a/b'], "robot 'a/b': expected 1 to 64 characters of A-Z a-z 0-9 _ -"),
    (['init', 'x', '--set', 'task'], "--set 'task': expected KEY=VALUE"),
])
def test_wrong_input_is_one_line_and_exit_code_2(arguments, text, tmp_path):
    if arguments[:2] in (['train', 'empty'], ['evaluate', 'empty'], ['dagger', 'empty']):
        pytest.importorskip('torch')
    (tmp_path / 'empty').mkdir()
    result = il_ros(*arguments, cwd=tmp_path)
    assert result.returncode == 2, result.stdout + result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and text in lines[0], result.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ['empty']


def test_unknown_option_is_refused():
    result = il_ros('train', '--polcy', 'bc')
    assert result.returncode == 2
    assert 'Traceback' not in result.stderr
