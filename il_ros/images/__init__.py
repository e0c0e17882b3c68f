"""Image messages as RGB arrays or as distances, live and from bags alike.

Messages are told apart by their fields, so that rclpy's and rosbags' classes both serve. OpenCV,
and FFmpeg for video, do the work on both ends, so that a robot and a training machine see the same
pixels.
"""
from il_ros.images.header import Header
from il_ros.images.messages import camera_image, CameraReader, check_image, read_header, to_rgb
from il_ros.images.video import PictureMissing

__all__ = ['CameraReader', 'Header', 'PictureMissing', 'camera_image', 'check_image',
           'read_header', 'to_rgb']
