"""One lab, one panel and one browser for all tests of a file."""
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('aiohttp')
