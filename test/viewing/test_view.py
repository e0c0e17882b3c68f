"""The command where Rerun is not installed."""
import subprocess
import sys

WITHOUT = """import sys
sys.modules['rerun'] = None
sys.argv = ['il_ros', 'view', *sys.argv[1:]]
from il_ros.cli import main
main()
"""


def test_the_extra_is_named_and_the_layout_needs_none(tmp_path):
    def view(*arguments):
        return subprocess.run([sys.executable, '-c', WITHOUT, *arguments], cwd=tmp_path,
                              capture_output=True, text=True)
    shown = view('bag')
    assert shown.returncode == 2
    assert shown.stderr == ("il_ros: this needs rerun: pip install rerun-sdk, or '.[view]' in the "
                            'folder of il_ros\n')
    assert view('sim_arm', '--foxglove', 'layout.json').returncode == 0
    assert [file.name for file in tmp_path.iterdir()] == ['layout.json']
