from il_ros.contract import Camera
from il_ros.encodings import ENCODINGS, why_no_picture
from il_ros.errors import ConfigError
import pytest

# sensor_msgs/image_encodings.hpp of Humble to Rolling.
NAMED = ['rgb8', 'rgba8', 'rgb16', 'rgba16', 'bgr8', 'bgra8', 'bgr16', 'bgra16', 'mono8', 'mono16',
         *(f'bayer_{p}{b}' for p in ('rggb', 'bggr', 'gbrg', 'grbg') for b in (8, 16)),
         'uyvy', 'yuv422', 'yuyv', 'yuv422_yuy2', 'nv21', 'nv24']
GENERIC = [f'{kind}C{n}' for kind in ('8U', '8S', '16U', '16S', '32S', '32F', '64F')
           for n in (1, 2, 3, 4)]


def camera(encoding):
    return Camera('c', 'sensor_msgs/Image', 30.0, 0.1, 'c', encoding, 4, 6)


@pytest.mark.parametrize('name', NAMED)
def test_every_colour_grey_and_mosaic_that_ros_names_is_known(name):
    assert camera(name).encoding == name


@pytest.mark.parametrize('name', GENERIC)
def test_every_generic_type_is_known_or_refused_with_a_reason(name):
    assert (name in ENCODINGS) != bool(why_no_picture(name))


@pytest.mark.parametrize('name, text', [
    ('bgr', "camera 'c': encoding 'bgr': did you mean 'bgr8'?"),
    ('yuyv422', "camera 'c': encoding 'yuyv422': did you mean 'yuv422'?"),
    ('bayer_rgbg8', "camera 'c': encoding 'bayer_rgbg8': did you mean 'bayer_rggb8'?"),
    ('8UC2', "camera 'c': encoding '8UC2': nothing says what its channels are; expected 1, 3 or 4 "
             'of 8 or 16 bits'),
    ('16SC1', "camera 'c': encoding '16SC1': signed numbers are neither brightness nor depth; "
              'send mono8, or depth as 16UC1 [mm] or 32FC1 [m]'),
    ('32FC3', "camera 'c': encoding '32FC3': floats of several channels have no agreed range of "
              'brightness; send rgb8, or depth as 32FC1 [m]')])
def test_a_wrong_name_is_answered(name, text):
    with pytest.raises(ConfigError) as caught:
        camera(name)
    assert str(caught.value) == text
