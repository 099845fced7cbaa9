"""`metarec data`: fetch MovieLens-100K into the user's folder, checked by hash, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from metarec_lib.data.paths import data_home, data_source, explained, part_of, read_members, write_synced

NAME = "ml-100k"
EMBEDDED_NAME = "ml-latest-small"
# SHA-256 of the three files in the two forms they come in: in the wheel of recbole, and from GroupLens.
FORMS = (
    {
        "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
        "ml-100k.user": "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
        "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
    },
    {
        "u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
        "u.user": "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
        "u.item": "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
    },
)
REQUIREMENT = "recbole==1.2.1 --hash=sha256:9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407\n"
PIP_SECONDS = 300
ARCHIVE_URL = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
ARCHIVE_SHA256 = "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"
LEFTOVER_SECONDS = 3600

CONDITIONS = """\
MovieLens-100K, conditions of use (GroupLens Research, University of Minnesota):
  research use only; no commercial use without permission; do not redistribute the data;
  do not state or imply any endorsement by the University of Minnesota or GroupLens;
  acknowledge the data set in publications:
  F. Maxwell Harper and Joseph A. Konstan (2015). The MovieLens Datasets: History and Context.
  ACM Transactions on Interactive Intelligent Systems 5(4), article 19. https://doi.org/10.1145/2827872"""

MANUAL = """\
By hand: download ml-100k.zip from https://grouplens.org/datasets/movielens/100k/, unpack it in a folder, then
  METAREC_DATA=FOLDER metarec data ml-100k
Without any network: load_data("ml-latest-small") holds real ratings and ships with this package."""


class FetchError(RuntimeError):
    """A data set could not be fetched; the message lists each source with its reason."""


def data_command(names: Iterable[str] = ()) -> int:
    """`metarec data [NAME...]`: fetch data (default ml-100k). Exit status 0, 1 failed, 2 unknown name."""
    for name in list(names) or [NAME]:
        if name == EMBEDDED_NAME:
            print(f"{name}: ships with the package, nothing to fetch")
            continue
        try:
            fetch(name)
        except (FetchError, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
    return 0


def fetch(name: str = NAME) -> Path:
    """Bring a data set into the user's folder, unless it lies there intact, and return that folder.

    Sources in this order: the folder METAREC_DATA, the Python package index (through the user's own pip
    settings), GroupLens' archive. Safe when two run at once and when one is killed half-way. Raises
    ValueError for an unknown name, FetchError where no source works, OSError where the folder cannot be
    written to.
    """
    if name != NAME:
        raise ValueError(f"metarec data: got {name!r}, expected {NAME} ({EMBEDDED_NAME} ships with the package)")
    target = data_home() / name
    if is_intact(target):
        print(f"{name}: already in {target}, intact")
        return target
    members, source = _first_source()
    _install(members, target)
    print(f"{name}: fetched from {source} into {target}\n{CONDITIONS}")
    return target


def is_intact(place: Path) -> bool:
    """Whether a folder holds MovieLens-100K in one of its two forms, with the right hashes."""
    try:
        return bool(checked_members(place))
    except FetchError:
        return False


def checked_members(place: Path) -> dict[str, bytes]:
    """The three files of MovieLens-100K in a folder or zip.

    Raises FetchError where they are not there, damaged, or changed: got and expected hash.
    """
    for form in FORMS:
        try:
            members = read_members(place, form)
        except (ValueError, OSError) as error:
            raise FetchError(str(error)) from error
        if members:
            _check(members, form, place)
            return members
    raise FetchError(f"no ML-100K files in {place} (expected {', '.join(FORMS[1])} or {', '.join(FORMS[0])})")


def source_members(source: Path) -> dict[str, bytes]:
    """The three files from the place the user named: it itself, its folder ml-100k, or its ml-100k.zip."""
    if not source.exists():
        raise FetchError(f"{source} does not exist")
    places = [p for p in (source, source / NAME, source / f"{NAME}.zip") if p.exists()]
    holding = [p for p in places if any(_holds(p, form) for form in FORMS)]
    return checked_members(holding[0] if holding else places[-1])


def _holds(place: Path, form: dict[str, str]) -> bool:
    return place.is_file() or any((place / name).is_file() for name in form)


def _check(members: dict[str, bytes], form: dict[str, str], place: object) -> None:
    for name, expected in form.items():
        if name not in members:
            raise FetchError(f"{place}: {name} is missing")
        got = hashlib.sha256(members[name]).hexdigest()
        if got != expected:
            raise FetchError(
                f"{place}: {name} has SHA-256 {got[:12]}…, expected {expected[:12]}… "
                f"({len(members[name]):,} bytes; truncated or changed)"
            )


# -- sources -------------------------------------------------------------------------------------------------
def _first_source() -> tuple[dict[str, bytes], str]:
    tried = []
    for title, source in (
        ("METAREC_DATA", _from_source),
        ("pip download", _from_wheel),
        ("GroupLens", _from_grouplens),
    ):
        try:
            members = source()
        except (FetchError, ValueError, OSError, http.client.HTTPException) as error:
            tried.append(f"  {title}: {' '.join(str(error).split()) or type(error).__name__}")
            continue
        if tried and data_source():
            print("\n".join(tried), file=sys.stderr)
        return members, title
    raise FetchError("\n".join([f"{NAME} could not be fetched. Tried:", *tried, MANUAL]))


def _from_source() -> dict[str, bytes]:
    source = data_source()
    if source is None:
        raise FetchError("not set (it may name a folder that holds the files)")
    return source_members(source)


def _from_wheel() -> dict[str, bytes]:
    """The files inside the wheel of recbole, which is neither installed nor imported."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(REQUIREMENT)
        _pip_download(requirements, folder)
        wheels = list(Path(folder).glob("*.whl"))
        if not wheels:
            raise FetchError("pip downloaded no wheel")
        return checked_members(wheels[0])


def _pip_download(requirements: Path, folder: str) -> None:
    options = [
        "--no-deps",
        "--only-binary=:all:",
        "--no-input",
        "--disable-pip-version-check",
        "--retries",
        "2",
    ]
    command = [sys.executable, "-m", "pip", "download", *options, "-d", folder, "-r", str(requirements)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"pip did not finish in {PIP_SECONDS} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        raise FetchError(next((line for line in lines if line.startswith("ERROR")), lines[-1]))


def _from_grouplens() -> dict[str, bytes]:
    with urllib.request.urlopen(ARCHIVE_URL, timeout=30) as answer:
        content = answer.read()
    _check({"ml-100k.zip": content}, {"ml-100k.zip": ARCHIVE_SHA256}, ARCHIVE_URL)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "ml-100k.zip")
        archive.write_bytes(content)
        return checked_members(archive)


# -- putting it in place -------------------------------------------------------------------------------------
def _install(members: dict[str, bytes], target: Path) -> None:
    """Write the files into a fresh folder beside the target, then rename it: all appears at once."""
    part = part_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        part.mkdir()
        for name, content in members.items():
            write_synced(part / name, content)
        _rename_into_place(part, target)
    except OSError as error:
        raise explained(error, target) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _rename_into_place(part: Path, target: Path) -> None:
    """Rename; if another process was first its result stands; a damaged folder is set aside, not deleted."""
    while True:
        try:
            return os.rename(part, target)
        except OSError:
            if is_intact(target):
                return None
            if not target.exists():
                raise
        aside = target.with_name(f"{part_of(target).stem.lstrip('.')}.damaged")
        try:
            os.rename(target, aside)
        except FileNotFoundError:
            continue  # another process set it aside
        print(f"{target} was damaged; it now lies in {aside}", file=sys.stderr)


def _remove_leftovers(target: Path) -> None:
    """Folders of runs that were killed; young ones may belong to a run that is still at work."""
    for left in target.parent.glob(f".{target.name}-*.part"):
        with contextlib.suppress(FileNotFoundError):  # another run removed it first
            if time.time() - left.stat().st_mtime > LEFTOVER_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
