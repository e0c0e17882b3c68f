"""The converter, which serves the action `convert` (il_ros/action/ConvertBags)."""
from il_ros.nodes.shared.launching import description, node


def generate_launch_description():
    return description(('namespace',), node('bag_converter'))
