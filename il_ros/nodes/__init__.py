"""The ROS shells: the only modules that import rclpy or message packages."""
from pathlib import Path
import signal
import sys

started = sys.argv[0] if sys.argv else ''
if started == '-m' or (Path(__file__).parent / f'{Path(started).name}.py').is_file():
    # A process that is to become a node. Ctrl-C within the imports ends it at once, where a
    # KeyboardInterrupt would come out of them as whatever error; `shell.main` takes over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
