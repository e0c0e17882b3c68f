"""A leader over a cable on which everything happens."""
import pytest
from teleop.buses.fuzz import FAMILIES, FAULTS, fuzz


@pytest.mark.parametrize('family', FAMILIES)
def test_a_spoilt_cable_never_makes_a_leader_ask_for_what_it_should_not(family):
    found = fuzz(family, 4_000)
    assert not found.unsafe, found
    assert found.engaged > 200 and set(FAULTS) <= found.faults.keys()


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize('family', FAMILIES)
def test_nor_in_half_a_million_readings(family):
    assert not fuzz(family, 500_000, seed=1).unsafe
