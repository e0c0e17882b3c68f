import sys

from il_ros.workflow.graph import environment, Graph, GraphError
import pytest


def test_a_node_that_ends_is_named_with_its_last_words(tmp_path):
    graph = Graph(tmp_path, environment(91))
    with graph:
        graph.start('command_gate', {'robot': 'nobody'})
        process = graph._processes['command_gate']
        assert process.wait(30) == 2
        with pytest.raises(GraphError, match='node command_gate ended with code 2: .*nobody'):
            graph.check()


def test_leaving_ends_what_was_started(tmp_path):
    with Graph(tmp_path, environment(91)) as graph:
        graph.start('command_gate', {'robot': 'sim_arm'})
        process = graph._processes['command_gate']
        graph.check()
    assert process.poll() is not None


def test_traffic_stays_on_this_machine():
    variables = environment(7)
    assert variables['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert variables['ROS_DOMAIN_ID'] == '7'
    assert sys.prefix in variables['AMENT_PREFIX_PATH'].split(':')
