"""Text into pieces of words by a unigram model: the tokeniser of the sentence encoder, read from its own file.

Shapes: V pieces of the vocabulary, L characters of a text, T pieces of a text.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator

SPACE = "\u2581"  # stands for a space inside a piece
UNKNOWN, BEGIN, END = 0, 1, 2  # the first three pieces of every vocabulary
UNKNOWN_PENALTY = 10.0  # an unknown character scores this much below the rarest piece
# What Unicode does not count as white space, and this model does; the wide tilde stays wide.
_TO_SPACE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\ufeff\ufffd"), " ")
_WIDE_TILDE = "\uff5e"


def normalised(text: str) -> str:
    """Compatibility characters replaced (NFKC), white space joined, each space written as SPACE, one in front."""
    parts = (unicodedata.normalize("NFKC", part) for part in text.translate(_TO_SPACE).split(_WIDE_TILDE))
    words = _WIDE_TILDE.join(parts).split()
    return "".join(SPACE + word for word in words)


class UnigramTokenizer:
    """The segmentation of highest probability, each piece drawn on its own (Kudo 2018, ACL, sec. 3.2; Viterbi).

    pieces: V texts, of which the first three are unknown, begin and end. scores: their V log-probabilities. Raises
    ValueError where the two differ in length.
    """

    def __init__(self, pieces: list[str], scores: list[float]) -> None:
        if len(pieces) != len(scores) or len(pieces) <= END:
            raise ValueError(
                f"UnigramTokenizer: got {len(pieces)} pieces and {len(scores)} scores, expected as many, {END + 1} or more"
            )
        self.pieces = pieces
        self._of = {piece: (number, score) for number, (piece, score) in enumerate(zip(pieces, scores, strict=True))}
        self._longest = max(map(len, pieces))
        self._unknown = min(scores) - UNKNOWN_PENALTY

    @classmethod
    def from_bytes(cls, content: bytes) -> UnigramTokenizer:
        """Read a SentencePiece model. Raises ValueError where the bytes are none."""
        pieces, scores = [], []
        try:
            for field, value in _fields(content):
                if field == 1:
                    piece = dict(_fields(value))
                    pieces.append(piece[1].decode("utf-8"))
                    scores.append(struct.unpack("<f", piece.get(2, bytes(4)))[0])
        except (IndexError, KeyError, TypeError, UnicodeDecodeError, struct.error) as error:
            raise ValueError(f"UnigramTokenizer: got bytes that are no SentencePiece model ({error})") from error
        return cls(pieces, scores)

    def encode(self, text: str) -> list[int]:
        """The numbers of the pieces of a text, begin and end around them; T + 2 numbers from 0 to V - 1."""
        letters = normalised(text)
        return [BEGIN, *(self._best(letters) if letters else [UNKNOWN]), END]

    def _best(self, letters: str) -> list[int]:
        # best[j] = max over pieces letters[i:j] of best[i] + log p(piece); of equals the one that begins first
        best, back = [0.0] + [float("-inf")] * len(letters), [(0, UNKNOWN)] * (len(letters) + 1)
        for i in range(len(letters)):
            for j, number, score in self._from(letters, i):
                if best[i] + score > best[j]:
                    best[j], back[j] = best[i] + score, (i, number)
        found, j = [], len(letters)
        while j:
            j, number = back[j]
            found.append(number)
        return found[::-1]

    def _from(self, letters: str, i: int) -> Iterator[tuple[int, int, float]]:
        """The pieces that begin at i: where they end, number, log-probability."""
        if letters[i] not in self._of:
            yield i + 1, UNKNOWN, self._unknown
        for j in range(i + 1, min(i + self._longest, len(letters)) + 1):
            if (found := self._of.get(letters[i:j])) is not None:
                yield j, *found


def _fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a protobuf message, in order: number, and the bytes of those that have any."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        kind = key & 7
        if kind == 0:
            _, at = _varint(content, at)
            continue
        size, at = _varint(content, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        yield key >> 3, content[at : at + size]
        at += size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, lowest first, the eighth bit set on all but the last; and where it ends."""
    value = shift = 0
    while content[at] & 0x80:
        value |= (content[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | content[at] << shift, at + 1
