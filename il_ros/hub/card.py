"""The page of a repository that has none: what the hub and LeRobot look for, no more."""
from __future__ import annotations

from il_ros.hub.address import Address, DATASET
from il_ros.hub.content import Content

# LeRobot lists datasets with its tag; the viewer of the hub looks at `configs`.
DATASET_CARD = """\
---
tags: [LeRobot, il_ros]
task_categories: [robotics]
configs:
- config_name: default
  data_files: data/*/*.parquet
---
A LeRobotDataset {tag}: {summary}.

`il_ros pull {address}` fetches it, `LeRobotDataset('{name}')` opens it.
"""
CHECKPOINT_CARD = """\
---
tags: [robotics, il_ros]
---
A policy of il_ros, {summary}.

`il_ros pull {address}` fetches it.
"""


def card(content: Content, place: Address) -> str:
    """Return the text of README.md for a folder without one."""
    text = DATASET_CARD if content.kind == DATASET else CHECKPOINT_CARD
    return text.format(tag=content.tag, summary=content.summary, address=place, name=place.name)
