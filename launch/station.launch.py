"""One operator's device before several robots, whose graphs run elsewhere with teleop:=none."""
from il_ros.nodes.shared.launching import description, station, terminal


def generate_launch_description():
    return description(('robots', 'robot', 'teleop', 'device', 'namespace', 'terminal'),
                       terminal(), station())
