from il_ros.safety.proximity import proximity
import numpy as np
from safety.driver import LIMITS


def test_middle_is_0_and_limits_are_1():
    middle = (LIMITS.lower + LIMITS.upper) / 2
    np.testing.assert_allclose(proximity(middle, LIMITS), 0.0, atol=1e-12)
    np.testing.assert_allclose(proximity(LIMITS.lower, LIMITS), 1.0)
    np.testing.assert_allclose(proximity(LIMITS.upper + 1.0, LIMITS), 1.0)
    np.testing.assert_allclose(proximity((middle + LIMITS.upper) / 2, LIMITS), 0.5)
