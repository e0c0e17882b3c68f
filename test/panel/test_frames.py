from il_ros.panel.frames import Flow, HEADER, LOST_NS, QUICK
from il_ros.timing import MILLISECOND, SECOND


def shown(flow, came_ns, took_ns):
    """Send a picture and acknowledge it."""
    assert flow.ready(came_ns, came_ns)
    flow.send(0, came_ns, b'', came_ns)
    flow.acknowledge(flow._number, came_ns + took_ns)


def test_one_is_in_flight_and_then_the_newest():
    flow = Flow()
    message = flow.send(2, 5 * MILLISECOND, b'jpeg', 6 * MILLISECOND)
    assert HEADER.unpack(message[:16]) == (2, 2, 0, 1, 5.0) and message[16:] == b'jpeg'
    assert not flow.ready(SECOND, SECOND)
    flow.acknowledge(9, SECOND)
    assert not flow.ready(SECOND, SECOND)
    flow.acknowledge(1, SECOND)
    assert not flow.ready(5 * MILLISECOND, SECOND) and flow.ready(6 * MILLISECOND, SECOND)
    assert (flow.shown_ns, flow.picture_ns) == (SECOND, 5 * MILLISECOND)


def test_late_acknowledgements_make_it_smaller_and_quick_ones_larger():
    flow, at = Flow(), SECOND
    assert flow.scale == 2
    for _ in range(QUICK):
        shown(flow, at := at + SECOND, 20 * MILLISECOND)
    assert flow.scale == 1
    for expected in (2, 4, 4):
        shown(flow, at := at + SECOND, 300 * MILLISECOND)
        assert flow.scale == expected
    for _ in range(30):
        shown(flow, at := at + SECOND, 20 * MILLISECOND)
    assert flow.scale == 1


def test_a_slow_line_is_tried_ever_more_seldom():
    flow, at, tries = Flow(), SECOND, 0
    for _ in range(6000):
        before = flow.scale
        shown(flow, at := at + SECOND // 10, (50 if flow.scale == 4 else 400) * MILLISECOND)
        tries += flow.scale < before
    assert 3 <= tries <= 20      # in ten minutes


def test_a_page_that_never_acknowledges_gets_another_one_at_last():
    flow = Flow()
    flow.send(0, 0, b'', 0)
    assert not flow.ready(1, LOST_NS - 1) and flow.ready(1, LOST_NS)
