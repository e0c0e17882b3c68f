"""A sample on its way into a network and back; see `il_ros.policies.transforms`."""
from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Data = dict[str, Array]
