"""The namespace of a robot, as a person names it."""
from __future__ import annotations

from il_ros.errors import ConfigError
from rclpy.exceptions import InvalidNamespaceException
from rclpy.validate_namespace import validate_namespace


def namespace_of(text: str) -> str:
    """Return the namespace that a person names, with or without slashes around it; '/' for ''.

    Raises:
        ConfigError: It can be none.
    """
    try:
        validate_namespace(found := f'/{text.strip("/")}')
    except InvalidNamespaceException as error:
        reason = str(error).splitlines()[0].lower()
        raise ConfigError(f'--namespace {text!r}: {reason}; expected a name like '
                          'left_arm') from None
    return found
