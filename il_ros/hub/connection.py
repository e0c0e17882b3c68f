"""The hub behind one client, whose failures become one line each."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from typing import TYPE_CHECKING

from il_ros.errors import HubError
from il_ros.hub.address import Address

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

TOKEN = 'hf auth login, or HF_TOKEN'
UNREACHED = 'cannot be reached'


def client() -> HfApi:
    """Return the client, with the token of `hf auth login` or HF_TOKEN; nothing is sent yet."""
    from huggingface_hub import HfApi
    import il_ros
    return HfApi(endpoint=os.environ.get('HF_ENDPOINT'), library_name='il_ros',
                 library_version=getattr(il_ros, '__version__', None))


@contextmanager
def told(address: Address, again: str) -> Iterator[None]:
    """Turn what the client raises into one line.

    Args:
        address: Of what is spoken.
        again: What a person types to go on after a connection that broke.

    Raises:
        HubError: What the hub, the network or the disk said.
    """
    import httpx2
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
    )

    try:
        yield
    except LocalTokenNotFoundError:
        raise HubError(f'{address}: expected a token of the hub, got none; {TOKEN}') from None
    except OfflineModeIsEnabled:
        raise HubError(f'{address}: {UNREACHED}: HF_HUB_OFFLINE is set; unset it') from None
    except HfHubHTTPError as error:
        raise HubError(f'{address}: {_answer(error, again)}') from None
    except ValueError as error:
        if 'README.md' not in str(error):       # the client looks at the head of the page
            raise
        raise HubError(f'{address}: {_line(error)}') from None
    except (httpx2.HTTPError, RuntimeError, OSError) as error:
        raise HubError(f'{address}: {_failure(error, again)}') from None


def _failure(error: BaseException, again: str) -> str:
    """Say what went wrong: the client names the file, the innermost cause says why."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    what = 'failed'
    while not isinstance(error, HfHubHTTPError):
        if isinstance(error, OSError) and error.filename:
            return f'{error.filename}: {error.strerror}'
        if isinstance(error, (httpx2.TransportError, ConnectionError)):
            what = UNREACHED
        if error.__cause__ is None:
            return (f'{what}: {_line(error) or type(error).__name__}; what arrived is kept: go on '
                    f'with {again}')
        error = error.__cause__
    return _answer(error, again)


def _answer(error: HfHubHTTPError, again: str) -> str:
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from huggingface_hub.utils import get_token

    status, said = error.response.status_code, _line(error.server_message or '')
    if isinstance(error, GatedRepoError):
        return 'its owner gives access on request; ask for it on its page'
    if isinstance(error, RepositoryNotFoundError):
        return 'not found, or private; check the name' + (
            ' and whose token yours is (hf auth whoami)' if get_token() else
            f', and log in where it is private ({TOKEN})')
    if isinstance(error, RevisionNotFoundError):
        return 'no such revision; expected a branch, a tag or a commit'
    if status == 401:
        return (f'the token was refused; make another and {TOKEN}' if get_token() else
                f'expected a token of the hub, got none; {TOKEN}')
    if status == 403:
        return f'refused: {said or "the token may not"}; expected a token that may write there'
    if status == 412:
        return f'somebody else pushed meanwhile; look at it, then {again}'
    if status == 429 or status >= 500:
        return f'{UNREACHED}: it answers {status}{": " + said if said else ""}; later, {again}'
    return f'refused ({status}): {said or "no reason given"}'


def _line(text: object) -> str:
    return ' '.join(str(text).split())[:300]
