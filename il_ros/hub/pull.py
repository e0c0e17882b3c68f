"""A dataset or a checkpoint comes from the hub: of one commit, checked, whole or not at all."""
from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
import shutil
from typing import TYPE_CHECKING

from il_ros.datasets.files.atomic import arriving
from il_ros.datasets.files.history import next_change, now, person, read_history, write_history
from il_ros.datasets.schema import INFO_FILE
from il_ros.errors import HubError
from il_ros.hub.address import Address, DATASET, MODEL
from il_ros.hub.connection import client, told
from il_ros.hub.content import kind_of
from il_ros.policies.checkpoint import FILES, write_json
from il_ros.workbench.session import require_new

if TYPE_CHECKING:
    from huggingface_hub import HfApi

PULL = 'pull'               # in the history
PULLED_FILE = 'pulled.json'     # of a checkpoint, which has no history
OF_CLIENT = '.cache'        # where the client notes what it has


@dataclass(frozen=True)
class Pulled:
    """What a pull came to.

    Attributes:
        address: With the kind.
        revision: The commit that was fetched.
        files: How many.
        size: Their bytes.
    """

    address: Address
    revision: str
    files: int
    size: int


def pull(address: Address, out: Path, by: str = '') -> Pulled:
    """Fetch a dataset or a checkpoint into a new folder.

    What was fetched when a pull is cut off stays hidden beside the folder, and the next one goes
    on from there.

    Args:
        address: Of a repository.
        out: A folder that does not exist.
        by: Who, for the history.

    Raises:
        DatasetError: The folder exists or cannot be written.
        HubError: The hub refuses, cannot be reached, holds neither, or sent something damaged.
    """
    require_new(out)
    with told(address, f'il_ros pull {address} --out {out}'):
        api = client()
        place, revision = _found(api, address)
        with arriving(out, revision[:12]) as folder:
            api.snapshot_download(place.name, repo_type=place.kind, revision=revision,
                                  local_dir=folder)
            _require_whole(api, place, revision, folder)
            shutil.rmtree(folder / OF_CLIENT, ignore_errors=True)
            sizes = [path.stat().st_size for path in folder.rglob('*') if path.is_file()]
            _note(folder, place, revision, by)
    return Pulled(place, revision, len(sizes), sum(sizes))


def _found(api: HfApi, address: Address) -> tuple[Address, str]:
    """Return the repository that is meant, with its kind, and its commit.

    Raises:
        HubError: Both a dataset and a checkpoint have the name, or it holds neither.
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    found = []
    for kind in [address.kind] if address.kind else [DATASET, MODEL]:
        try:
            found.append((kind, api.repo_info(address.name, repo_type=kind,
                                              revision=address.revision or None)))
        except RepositoryNotFoundError as error:
            missing = error
    if not found:
        raise missing
    if len(found) > 1:
        raise HubError(f'{address}: is a dataset and a checkpoint; say hf://datasets/'
                       f'{address.name} or hf://models/{address.name}')
    kind, info = found[0]
    names = [one.rfilename for one in info.siblings or ()]
    if kind_of(names) != kind:
        raise HubError(f'{address}: expected a LeRobotDataset ({INFO_FILE}) or a checkpoint of '
                       f'il_ros ({", ".join(FILES)}), found {len(names)} other files')
    return Address(address.name, kind, address.revision), str(info.sha)


def _require_whole(api: HfApi, place: Address, revision: str, folder: Path) -> None:
    """Check every file by its hash; what is wrong is removed, so that it is fetched again."""
    seen = api.verify_repo_checksums(place.name, repo_type=place.kind, revision=revision,
                                     local_dir=folder)
    wrong = [one['path'] for one in seen.mismatches]
    for name in wrong:
        (folder / name).unlink()
    if wrong := [*wrong, *seen.missing_paths]:
        raise HubError(f'{place}: {wrong[0]} and {len(wrong) - 1} others did not arrive as they '
                       'are on the hub; pull again')


def _note(folder: Path, place: Address, revision: str, by: str) -> None:
    what = {'from': str(Address(place.name, place.kind)), 'revision': revision}
    if place.kind == DATASET:
        changes = read_history(folder)
        try:
            info = json.loads((folder / INFO_FILE).read_text('utf-8'))
            counts = int(info['total_episodes']), int(info['total_frames'])
        except (ValueError, LookupError, TypeError):
            raise HubError(f"{place}: {INFO_FILE}: expected a LeRobotDataset's, with "
                           'total_episodes and total_frames') from None
        write_history(folder, [*changes, next_change(changes, PULL, what, *counts, by)])
    else:
        write_json(folder / PULLED_FILE, {**what, 'at': now(), 'by': person(by)})
