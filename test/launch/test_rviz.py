"""The display file against lists from RViz 2's source, and against what our nodes publish."""
from pathlib import Path

from il_ros.nodes.shared.offers import EXPLICIT
from il_ros.nodes.shell import STREAM
from nodes.harness import next_domain, running
from nodes.peer import Peer
import pytest
from rclpy.qos import (
    DurabilityPolicy,
    qos_check_compatible,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
)
import yaml

HERE = Path(__file__).parent
SHIPPED = yaml.safe_load((HERE.parents[1] / 'config/rviz/il_ros.rviz').read_text())
KNOWN = yaml.safe_load((HERE / 'rviz_jazzy.yaml').read_text())
MANAGER = SHIPPED['Visualization Manager']
COMMON = {'Class', 'Name', 'Enabled', 'Value'}
RELIABILITY = {'Reliable': ReliabilityPolicy.RELIABLE,
               'Best Effort': ReliabilityPolicy.BEST_EFFORT}
DURABILITY = {'Volatile': DurabilityPolicy.VOLATILE,
              'Transient Local': DurabilityPolicy.TRANSIENT_LOCAL}


def topics():
    """Yield message type and topic settings of each display that listens to our nodes."""
    for display in MANAGER['Displays']:
        if 'Topic' in display:
            yield KNOWN['displays'][display['Class']]['type'], display['Topic']


def unknown(config=SHIPPED):
    """Return every class, property and choice that RViz 2 does not know."""
    manager = config['Visualization Manager']
    found = {key for key in config['Window Geometry'] if key not in KNOWN['window']}
    found |= {key for key in manager['Global Options'] if key not in KNOWN['global']}
    found |= {tool['Class'] for tool in manager['Tools'] if tool['Class'] not in KNOWN['tools']}
    kinds = [(panel, KNOWN['panels']) for panel in config['Panels']]
    kinds.append((manager['Views']['Current'], KNOWN['views']))
    for item, known in kinds:
        found |= {key for key in item if key not in known[item['Class']]} if (
            item['Class'] in known) else {item['Class']}
    for display in manager['Displays']:
        if (known := KNOWN['displays'].get(display['Class'])) is None:
            found.add(display['Class'])
            continue
        found |= display.keys() - COMMON - set(known['properties'])
        found |= {display[key] for key, values in known.get('choices', {}).items()
                  if key in display and display[key] not in values}
        for topic in (display[key] for key in ('Topic', 'Description Topic') if key in display):
            found |= {key if key not in KNOWN['topic'] else value for key, value in topic.items()
                      if key not in KNOWN['topic']
                      or (KNOWN['topic'][key] and value not in KNOWN['topic'][key])}
    return found


def test_rviz_knows_all_of_the_file():
    assert unknown() == set()


def test_what_rviz_does_not_know_is_found():
    spoilt = yaml.safe_load(yaml.safe_dump(SHIPPED))
    spoilt['Panels'].append({'Class': 'rviz_common/Time', 'Name': 'Time'})
    spoilt['Visualization Manager']['Displays'][0]['Cell size'] = 1
    spoilt['Visualization Manager']['Displays'][2]['Topic']['Reliability Policy'] = 'reliable'
    assert unknown(spoilt) == {'rviz_common/Time', 'Cell size', 'reliable'}


def test_nothing_squeezes_the_view():
    """Without a saved state of the window, RViz gives a Time panel nearly all of its width."""
    assert 'rviz_common/Time' not in {panel['Class'] for panel in SHIPPED['Panels']}
    # RViz 2 reads these without a default: absent, they are whatever was in memory.
    assert SHIPPED['Window Geometry'].items() >= {
        'Hide Left Dock': False, 'Hide Right Dock': False}.items()


@pytest.fixture
def graph(tmp_path):
    domain = next_domain()
    with running('sim_robot', domain, tmp_path / 'sim.txt'), \
            running('monitor', domain, tmp_path / 'monitor.txt'), Peer(domain, 'seen') as peer:
        yield peer


def test_topics_types_and_qos_are_those_of_our_publishers(graph):
    for kind, topic in topics():
        name = topic['Value']
        publisher, = graph.until(
            lambda name=name: graph.node.get_publishers_info_by_topic(name), name)
        assert publisher.topic_type == kind, topic
        asked = QoSProfile(depth=topic['Depth'],
                           reliability=RELIABILITY[topic['Reliability Policy']],
                           **EXPLICIT | {'durability': DURABILITY[topic['Durability Policy']]})
        compatible, reason = qos_check_compatible(publisher.qos_profile, asked)
        assert compatible == QoSCompatibility.OK, (topic, reason)
    # And the check tells: nobody who publishes a stream keeps it for latecomers.
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    assert qos_check_compatible(STREAM, latched)[0] == QoSCompatibility.ERROR
