"""No random page makes the device drive when it may not."""
import pytest
from teleop.device_conformance import CONTRACT
from teleop.xr.fuzz import fuzz


@pytest.mark.parametrize('seed', range(3))
def test_no_page_makes_it_drive_when_it_may_not(seed):
    page = fuzz(CONTRACT, 1500, seed)
    assert page.drove > 20, 'it also drives'
