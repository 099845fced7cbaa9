"""Import the deck into Anki by Anki's own importer, twice, then once more with a card that was changed.

    pip install --target /tmp/anki anki genanki      # apart: Anki's wheel asks for glibc 2.35, which a learner may lack
    PYTHONPATH=/tmp/anki python tests/benchmarks/anki_twice.py

Prints what each import added, updated and left; the exit status is 1 where anything is there twice, or was not updated.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from pathlib import Path

from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest

from metarec_lib.workbook.core import LANGUAGES
from metarec_lib.workbook.practice.cards.anki import package
from metarec_lib.workbook.practice.cards.deck import cards_of, questions_with_cards

WORD = "A word that was not there before."


def bring(collection: Collection, path: Path, content: bytes) -> dict[str, int]:
    """One import, with the options that Anki's window has at the start. What it says of the notes, by kind."""
    path.write_bytes(content)
    request = ImportAnkiPackageRequest(package_path=str(path), options=ImportAnkiPackageOptions())
    log = collection.import_anki_package(request).log
    return {kind: len(getattr(log, kind)) for kind in ("new", "updated", "duplicate", "conflicting")}


def state(collection: Collection) -> tuple[int, int, int, int]:
    """Notes, cards, decks of ours, models of ours."""
    decks = [deck for deck in collection.decks.all_names_and_ids() if deck.name != "Default"]
    models = [model for model in collection.models.all_names_and_ids() if model.name == "metarec"]
    return collection.note_count(), collection.card_count(), len(decks), len(models)


def main() -> int:
    cards = [card for question in questions_with_cards() for card in cards_of(question)]
    changed = [dataclasses.replace(cards[0], back=(WORD, WORD)), *cards[1:]]
    expected = (len(cards) * 2, len(cards) * 2, 2, 1)
    well = True
    with tempfile.TemporaryDirectory() as folder:
        collection = Collection(str(Path(folder) / "collection.anki2"))
        for name, deck in (("first", cards), ("second", cards), ("one card changed", changed)):
            said = bring(collection, Path(folder) / "deck.apkg", package(deck, LANGUAGES) or b"")
            found = state(collection)
            well &= found == expected
            print(f"{name}: {said}; notes, cards, decks, models: {found}, expected {expected}")
            time.sleep(1.1)  # Anki takes the newer of two notes, and counts in seconds
        updated = len(collection.find_notes(f'"{WORD}"'))
        print(f"notes with the changed text: {updated}, expected 2")
        collection.close()
    return int(not (well and updated == 2))


if __name__ == "__main__":
    sys.exit(main())
