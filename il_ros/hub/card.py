"""The page of a repository that has none; `il_ros card` writes one that says more."""
from __future__ import annotations

from il_ros.cards.render import DATASET as FRONT
from il_ros.cards.render import head, licence_of
from il_ros.hub.address import Address, DATASET
from il_ros.hub.content import Content

DATASET_CARD = """\
A LeRobotDataset {tag}: {summary}.

`il_ros pull {address}` fetches it, `LeRobotDataset('{name}')` opens it.
"""
CHECKPOINT_CARD = """\
A policy of il_ros, {summary}.

`il_ros pull {address}` fetches it.
"""


def card(content: Content, place: Address) -> str:
    """Return the text of README.md for a folder without one; with the licence, if it has any."""
    of_dataset = content.kind == DATASET
    licence = licence_of(content.stated) if any(one['licence'] for one in content.stated) else {}
    text = DATASET_CARD if of_dataset else CHECKPOINT_CARD
    return head({**licence, **(FRONT if of_dataset else {'tags': ['robotics', 'il_ros']})}) + (
        text.format(tag=content.tag, summary=content.summary, address=place, name=place.name))
