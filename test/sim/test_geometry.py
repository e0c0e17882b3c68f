"""Orientations of a cube that look the same are told as one."""
from il_ros.sim.geometry import canonical, to_xyzw, TURNS
import numpy as np
import pinocchio as pin


def quaternion(*vector):
    x, y, z, w = pin.Quaternion(pin.exp3(np.array(vector))).coeffs()
    return np.array([w, x, y, z])


def test_there_are_24_different_turns():
    products = np.abs(TURNS @ TURNS.T)
    np.testing.assert_allclose(np.diag(products), 1.0)
    assert (products - 2 * np.eye(24)).max() < 1 - 1e-6


def test_small_turns_are_kept():
    for turn in ([0, 0, 0.3], [0.2, -0.1, 0.3], [0, 0, -0.7]):
        np.testing.assert_allclose(canonical(quaternion(*turn)), quaternion(*turn), atol=1e-12)


def test_a_quarter_turn_about_any_face_makes_no_difference():
    here = quaternion(0.1, 0.2, 0.3)
    for axis in np.eye(3):
        turned = pin.Quaternion(*here) * pin.Quaternion(pin.exp3(np.pi / 2 * axis))
        x, y, z, w = turned.coeffs()
        np.testing.assert_allclose(canonical(np.array([w, x, y, z])), here, atol=1e-12)


def test_yaw_is_within_45_degrees():
    np.testing.assert_allclose(canonical(quaternion(0, 0, np.deg2rad(50))),
                               quaternion(0, 0, np.deg2rad(-40)), atol=1e-12)


def test_sign_follows_the_reference():
    q = np.array([-0.5, 0.5, 0.5, 0.5])
    assert to_xyzw(q).tolist() == [-0.5, -0.5, -0.5, 0.5]
    assert to_xyzw(q, near=q).tolist() == [0.5, 0.5, 0.5, -0.5]
