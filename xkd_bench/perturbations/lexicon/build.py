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
from pathlib import Path

from xkd_bench.perturbations.lexicon import FILE

PARTS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
OF_NUMBER = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}  # WordNet's ss_type; 5 is a satellite adjective
SINGLE_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
SOURCES = {
    "cntlist.rev": "a198580b8f705fa02797bba8b13e5cbe4a9f9f40cb1697e774c7fc6a5865b035",
    "data.adj": "c89120dfc1f046ddff4a631bf9b7e9fa1a36b5e86565a23bf82dbe14f30b88a7",
    "data.adv": "444a63bf3955080ab7524f5079cfc07ff9bc682cb98bdb1db73b0fb9829f1139",
    "data.noun": "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2",
    "data.verb": "adcf43e35b581e8036d8b5a52d63d9cd3d3b4870b2720d3c03c799df44777bc2",
}


def build(folder: Path) -> bytes:
    """The compressed file. Raises `ValueError` for other files than those of `SOURCES`."""
    for name, expected in SOURCES.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise ValueError(f"{folder / name}: expected sha256 {expected} (WordNet 3.0), found {found}")
    synonyms = _synonyms(folder)
    counts = _counts(folder)
    lines = []
    for word, part in sorted({*synonyms, *counts}):
        others, count = sorted(synonyms.get((word, part), set()) - {word}), counts.get((word, part), 0)
        if others or count:
            lines.append(f"{word}\t{part}\t{count}\t{' '.join(others)}\n")
    return lzma.compress("".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)


def _synonyms(folder: Path) -> dict[tuple[str, str], set[str]]:
    """Words of each synset: `offset file type count word id word id …`, the count in hexadecimal."""
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for part, name in PARTS.items():
        for line in (folder / f"data.{name}").read_text(encoding="utf-8").splitlines():
            if line.startswith(" "):  # the licence stands on top
                continue
            fields = line.split(" ")
            named = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
            words = {word.partition("(")[0] for word in named}  # "galore(ip)" says where an adjective may stand
            single = {word for word in words if SINGLE_WORD.fullmatch(word)}
            for word in single:
                found[word, part] |= single
    return found


def _counts(folder: Path) -> dict[tuple[str, str], int]:
    """Uses in sense-tagged texts: `lemma%type:… sense count`, summed over senses."""
    found: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in (folder / "cntlist.rev").read_text(encoding="utf-8").splitlines():
        key, _, count = line.split(" ")
        lemma, _, rest = key.partition("%")
        if SINGLE_WORD.fullmatch(lemma):
            found[lemma, OF_NUMBER[rest[0]]] += int(count)
    return found


if __name__ == "__main__":
    target = Path(__file__).parent / FILE
    target.write_bytes(build(Path(sys.argv[1])))
    print(f"{target}: {target.stat().st_size} bytes")
