"""Every page of the site and every file beside them: whole, harmless, linked, and saying what the records say."""

from __future__ import annotations

import csv
import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from synthetic import SCRIPT, record, write_board, write_entry
from test_board_contents import Document

from xkd_bench.distillers import registry as distillers
from xkd_bench.leaderboard import build
from xkd_bench.leaderboard.downloads import badge_svg, latex
from xkd_bench.leaderboard.model_card import model_index
from xkd_bench.metrics.registry import cards
from xkd_bench.records.audits import AuditRecord, ComparedRecord, write_audit
from xkd_bench.records.submission import file_hash, read_submission

HOSTILE = "people-hostile"


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_board(tmp_path_factory.mktemp("site") / "submissions")
    audit = AuditRecord(
        record=file_hash(root / "reference/vanilla-kd/glue/cola/record.json"),
        badge="audited",
        examples=50,
        seed=7,
        compared=(ComparedRecord(what="answers", numbers=100, equal=99, largest=1e-6, tolerance=1e-3, beyond=0),),
        device="cpu",
        libraries={"torch": "2.13.0"},
        xkd_bench="0.1.0",
        date="2026-11-27",
    )
    write_audit(root, "reference/vanilla-kd", "glue/cola", audit)
    return root


@pytest.fixture(scope="module")
def site(submissions: Path) -> Path:
    return build(submissions, submissions.parent / "board", cards(), distillers.cards()).page.parent


def pages(site: Path) -> dict[str, str]:
    return {path.relative_to(site).as_posix(): path.read_text("utf-8") for path in sorted(site.rglob("*.html"))}


def test_there_is_a_page_for_each_entry_task_metric_method_and_explainer(site: Path) -> None:
    found = set(pages(site))
    wanted = {"index.html", f"entries/{HOSTILE}.html", "tasks/glue-cola.html", "metrics/kappa.html"}
    wanted |= {"methods/ad_kd.html", "explainers/lime.html", "methods/index.html"}
    assert wanted <= found
    assert len([path for path in found if path.startswith("methods/")]) == 14
    assert len([path for path in found if path.startswith("metrics/")]) == len(cards()) + 1


def test_every_page_is_whole_and_harmless(site: Path) -> None:
    for path, html in pages(site).items():
        document, up = Document(html), "../" * path.count("/")
        assert document.open == [], path
        assert html.startswith("<!doctype html>"), path
        assert html.count("<h1>") == 1, path
        assert SCRIPT not in html
        scripts = [attributes for tag, attributes in document.tags if tag == "script"]
        assert scripts == [{"defer": None, "src": f"{up}assets/board.js"}], path
        policy = [one["content"] for _, one in document.tags if one.get("http-equiv") == "Content-Security-Policy"]
        assert len(policy) == 1, path
        assert "default-src 'none'" in (policy[0] or ""), path
        for tag, attributes in document.tags:
            assert not [key for key in attributes if key.startswith("on") or key == "style"], (path, tag)


def test_every_link_leads_somewhere(site: Path) -> None:
    ids = {path: {attributes.get("id") for _, attributes in Document(html).tags} for path, html in pages(site).items()}
    for path, html in pages(site).items():
        for tag, attributes in Document(html).tags:
            for name in ("href", "src"):
                link = attributes.get(name)
                if link is None or tag == "use":
                    continue
                if ":" in link:
                    assert tag == "a", (path, link)
                    assert link.startswith("https://"), (path, link)
                    assert "noopener" in (attributes["rel"] or ""), (path, link)
                    continue
                place, _, fragment = unescape(link).partition("#")
                target = (site / path).parent.joinpath(place).resolve() if place else (site / path).resolve()
                assert target.is_file(), (path, link)
                if fragment:
                    assert fragment in ids[target.relative_to(site.resolve()).as_posix()], (path, link)


@pytest.fixture
def long_site(submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same board as if it were too long for one page, two rows of a track a page."""
    monkeypatch.setattr("xkd_bench.leaderboard.pages.board.ROWS_ON_ONE_PAGE", 3)
    monkeypatch.setattr("xkd_bench.leaderboard.pages.board.ROWS_A_PAGE", 2)
    monkeypatch.setattr("xkd_bench.leaderboard.pages.board.BEST_ROWS", 1)
    return build(submissions, tmp_path / "long", cards(), distillers.cards()).page.parent


def test_a_long_board_is_summarised_and_every_row_is_on_some_page(site: Path, long_site: Path) -> None:
    first = pages(long_site)["index.html"]
    boards = {path: html for path, html in pages(long_site).items() if path.startswith("boards/")}
    assert len(boards) > 3
    rows = re.findall(r'<tr[^>]* data-entry="([^"]*)"', pages(site)["index.html"])
    found = [name for html in boards.values() for name in re.findall(r'<tr[^>]* data-entry="([^"]*)"', html)]
    assert sorted(found) == sorted(rows)
    assert first.count("data-entry=") == len(re.findall('<section class="track"', first)), "the best of each track"
    assert "more rows, and all scores" in first
    assert "rows 3 to 4 of" in boards["boards/glue-cola-2.html"]
    test_every_page_is_whole_and_harmless(long_site)
    test_every_link_leads_somewhere(long_site)


def test_an_entrys_page_says_what_was_measured_and_who_ran_it_again(site: Path) -> None:
    text = Document(pages(site)["entries/reference-vanilla-kd.html"]).text
    assert "audited" in text
    assert "50 examples drawn with seed 7" in text
    assert "Largest difference" in text
    assert "1.0e-06" in text
    assert "Cohen's κ" in text
    assert "What the evaluation cost" in text
    row = pages(site)["index.html"]
    assert row.count(">audited</span>") == 1, "one of its three tasks"
    other = Document(pages(site)["entries/reference-finetune.html"]).text
    assert "audited" not in other
    assert "recorded every number follows from the committed tables" in re.sub(r"\s+", " ", other)


def test_a_strangers_text_is_only_ever_text(site: Path) -> None:
    document = Document(pages(site)[f"entries/{HOSTILE}.html"])
    assert SCRIPT in document.text
    assert not [tag for tag, attributes in document.tags if tag == "img" and attributes["src"] == "x"]
    picture = ElementTree.parse(site / "badges" / f"{HOSTILE}.svg").getroot()
    assert {element.tag.rpartition("}")[2] for element in picture.iter()} == {
        "svg",
        "title",
        "rect",
        "path",
        "g",
        "text",
    }


def test_what_papers_print_stands_apart_with_its_doubts(site: Path) -> None:
    html = pages(site)["methods/attrit.html"]
    assert "Reported by papers" in html
    assert "implausible: identical to ce+kl" in html
    assert "98.43 %" in html
    assert "Reported by papers" not in pages(site)["index.html"]
    assert "Measured here" in pages(site)["methods/vanilla_kd.html"]


def test_a_track_as_a_file(site: Path) -> None:
    path = next(site.glob("data/track-glue-cola-*.csv"))
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    names = {row["name"] for row in rows}
    assert len(rows) == len(names) > 1
    one = next(row for row in rows if row["name"] == "logit KD, layers 0-2")
    assert float(one["mcc.low"]) < float(one["mcc"]) < float(one["mcc.high"])
    assert one["badge"] == "audited"
    told = json.loads(path.with_suffix(".json").read_text())["rows"]
    assert {row["name"] for row in told} == names
    assert next(row for row in told if row["name"] == one["name"])["scores"]["mcc"]["value"] == float(one["mcc"])
    table = path.with_suffix(".tex").read_text()
    assert table.count(r"\\") == len(rows) + 2
    assert r"\textless{}script\textgreater{}" in table


def test_a_spreadsheet_computes_nothing_and_latex_runs_nothing(tmp_path: Path) -> None:
    toml = 'name = "=HYPERLINK(1)"\nmethod = "@x"\n'
    write_entry(tmp_path / "in", "one", [record("cola", student="one", level=0.5, follow=0.4)], toml=toml)
    site = build(tmp_path / "in", tmp_path / "out", cards()).page.parent
    row = next(csv.DictReader(next(site.glob("data/*.csv")).open(encoding="utf-8")))
    assert row["name"] == "'=HYPERLINK(1)"
    assert row["method"] == "'@x"
    assert latex(r"\input{x} & 50 % $a_b$ κ") == (r"\textbackslash{}input\{x\} \& 50 \% \$a\_b\$ $\kappa$")


def test_a_badge_is_well_formed_whatever_it_says() -> None:
    root = ElementTree.fromstring(badge_svg('"><script>&', "reproduced"))
    assert root.attrib["aria-label"] == 'xkd-bench: "><script>& · reproduced'


def test_a_model_card_block_is_what_the_hub_reads(submissions: Path) -> None:
    import yaml

    text = model_index(read_submission(submissions / "reference/vanilla-kd"), cards(), "https://example.org/e.html")
    (model,) = yaml.safe_load(text)["model-index"]
    assert model["name"] == "logit KD, layers 0-2"
    cola = next(one for one in model["results"] if one["dataset"]["config"] == "cola")
    assert cola["dataset"]["type"] == "nyu-mll/glue"
    metrics = {one["type"]: one for one in cola["metrics"]}
    record_of = json.loads((submissions / "reference/vanilla-kd/glue/cola/record.json").read_text())
    assert metrics["mcc"]["value"] == pytest.approx(record_of["scores"]["mcc"]["value"], abs=1e-6)
    assert metrics["mcc"]["args"]["n"] == record_of["scores"]["mcc"]["n"]
    assert cola["source"]["url"] == "https://example.org/e.html"
