"""Make `wordnet.tsv.xz` from the files of WordNet 3.0 (Debian's wordnet-base has them in /usr/share/wordnet):

    python -m xkd_bench.perturbations.lexicon.build /usr/share/wordnet

The same files give the same bytes.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from xkd_bench.perturbations.lexicon import FILE

PARTS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
NUMBER_OF = {"n": 1, "v": 2, "a": 3, "r": 4, "s": 5}  # WordNet's ss_type; s is a satellite adjective
SINGLE_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
SOURCES = {
    "cntlist.rev": "a198580b8f705fa02797bba8b13e5cbe4a9f9f40cb1697e774c7fc6a5865b035",
    "data.adj": "c89120dfc1f046ddff4a631bf9b7e9fa1a36b5e86565a23bf82dbe14f30b88a7",
    "data.adv": "444a63bf3955080ab7524f5079cfc07ff9bc682cb98bdb1db73b0fb9829f1139",
    "data.noun": "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2",
    "data.verb": "adcf43e35b581e8036d8b5a52d63d9cd3d3b4870b2720d3c03c799df44777bc2",
}


@dataclass(frozen=True)
class Synset:
    """One line of a data file.

    words: as they stand there, each with WordNet's number for this sense of it. head: of a satellite adjective, the
    place of the synset it is like.
    """

    file: str
    kind: str
    words: tuple[tuple[str, int], ...]
    head: str | None

    @classmethod
    def parse(cls, line: str) -> Synset:
        """`place file kind count word number … count pointer place class parts …`, count and numbers in hexadecimal."""
        fields = line.split(" ")
        count = int(fields[3], 16)
        named = fields[4 : 4 + 2 * count]
        words = [(word, int(number, 16)) for word, number in zip(named[::2], named[1::2], strict=True)]
        pointers = fields[5 + 2 * count :]
        head = pointers[pointers.index("&") + 1] if fields[2] == "s" else None
        return cls(fields[1], fields[2], tuple(words), head)


def build(folder: Path) -> bytes:
    """The compressed file. Raises `ValueError` for other files than those of `SOURCES`."""
    for name, expected in SOURCES.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise ValueError(f"{folder / name}: expected sha256 {expected} (WordNet 3.0), found {found}")
    seen = _uses_of_senses(folder)
    senses: defaultdict[tuple[str, str], list[tuple[int, set[str]]]] = defaultdict(list)
    for part, name in PARTS.items():
        synsets = _synsets(folder / f"data.{name}")
        for synset in synsets.values():
            # "galore(ip)" says where an adjective may stand.
            named = [(word.partition("(")[0], number) for word, number in synset.words]
            single = {word for word, _ in named if SINGLE_WORD.fullmatch(word)}
            for word, number in named:
                if word in single:
                    uses = seen.get(_key(word, number, synset, synsets), 0)
                    senses[word, part].append((uses, single - {word}))
    lines = []
    for (word, part), known in sorted(senses.items()):
        count = sum(uses for uses, _ in known)
        synonyms = sorted(set().union(*(words for uses, words in known if uses or not count)))
        if synonyms or count:
            lines.append(f"{word}\t{part}\t{count}\t{' '.join(synonyms)}\n")
    return lzma.compress("".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)


def _synsets(path: Path) -> dict[str, Synset]:
    """Place in the file → synset; the licence stands on top, in lines that begin with a space."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line[:8]: Synset.parse(line) for line in lines if not line.startswith(" ")}


def _key(word: str, number: int, synset: Synset, synsets: dict[str, Synset]) -> str:
    """The sense's key, `word%kind:file:number:head:number of the head`."""
    head, of_head = synsets[synset.head].words[0] if synset.head else ("", None)
    tail = "::" if of_head is None else f":{head.lower()}:{of_head:02d}"
    return f"{word}%{NUMBER_OF[synset.kind]}:{synset.file}:{number:02d}{tail}"


def _uses_of_senses(folder: Path) -> dict[str, int]:
    """Key of a sense → its uses in the sense-tagged texts; a line is `key sense count`."""
    rows = (line.split(" ") for line in (folder / "cntlist.rev").read_text(encoding="utf-8").splitlines())
    return {key: int(count) for key, _, count in rows}


if __name__ == "__main__":
    target = Path(__file__).parent / FILE
    target.write_bytes(build(Path(sys.argv[1])))
    print(f"{target}: {target.stat().st_size} bytes")
