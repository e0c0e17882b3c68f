from il_ros.timing import Grid, Tick, to_ns, to_s


def test_seconds_become_integer_nanoseconds():
    assert to_ns(0.1) == 100_000_000
    assert to_s(33_333_333) == 0.033333333


def test_grid_gives_each_deadline_once():
    grid = Grid(period_ns=10, start_ns=100)
    assert grid.take(99) is None
    assert grid.take(100) == Tick(0, 100, 0)
    assert grid.take(100) is None
    assert grid.take(111) == Tick(1, 110, 0)


def test_grid_skips_overdue_ticks_and_never_bursts():
    grid = Grid(period_ns=10, start_ns=100)
    assert grid.take(137) == Tick(3, 130, 3)
    assert grid.take(137) is None
    assert grid.due_ns == 140
