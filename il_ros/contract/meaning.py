"""What of a contract says what data mean, and what only how messages travel."""
from __future__ import annotations

from typing import Any

from il_ros.contract.checks import TOPIC
from il_ros.encodings import ENCODINGS

TRANSPORT = ('topic', 'type', 'stamp')


def meaning(contract: Any) -> Any:
    """Return a contract's mapping without topics, message types, clocks and command topics.

    A camera that was recorded compressed and runs raw is the same camera, positions of joints are
    the same whichever controllers take them, and so is a URDF on whichever topic it comes; that
    some are a base's velocities counts. Of an encoding its family counts: images of bgr8, JPEG or
    a mosaic reach a policy alike, grey and depth do not.
    """
    if isinstance(contract, list):
        return [meaning(item) for item in contract]
    if not isinstance(contract, dict):
        return contract
    if 'commands' in contract:
        contract = {**contract, 'commands': {
            joint: field for command in contract['commands'] if command.get('fields')
            for joint, field in zip(command['joints'], command['fields'], strict=True)}}
    travels = (*TRANSPORT, *(['names'] if 'joints' in contract else [])) if (
        'topic' in contract) else ()
    kept = {key: meaning(value) for key, value in contract.items()
            if key not in travels and key != 'command'}
    if str(kept.get('urdf', '')).startswith(TOPIC):
        kept['urdf'] = TOPIC
    if kept.get('encoding') in ENCODINGS:
        kept['encoding'] = ENCODINGS[kept['encoding']].family
    return kept
