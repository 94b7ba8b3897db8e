"""What the board shows of every kind of row: values, reasons, gates, order, slices, the mean over GLUE."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from synthetic import GLUE, METRICS, SCRIPT, TEACHER_HASH, glue_record, record, write_board, write_entry

from xkd_bench.leaderboard import build


class Document(HTMLParser):
    """Tags with their attributes, and the text that is read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in {"meta", "link", "img", "input"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


def board(submissions: Path, output: Path, **options: object) -> str:
    return build(submissions, output, METRICS, **options).page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    place = tmp_path_factory.mktemp("board")
    return board(write_board(place / "submissions"), place / "leaderboard")


@pytest.fixture(scope="module")
def document(html):
    return Document(html)


def section(html: str, task: str) -> str:
    """The HTML of one task's section."""
    start = html.index(f'<h2 id="task-{task}"')
    return html[start : html.index('<section class="task"', start)]


def test_every_tag_is_closed_and_every_id_is_unique_and_linked(document):
    assert document.open == []
    ids = [attributes["id"] for _, attributes in document.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [
        attributes["href"][1:] for _, attributes in document.tags if (attributes.get("href") or "").startswith("#")
    ]
    named = [
        one
        for _, attributes in document.tags
        for key in ("aria-labelledby", "aria-describedby")
        for one in (attributes.get(key) or "").split()
    ]
    assert set(targets + named) <= set(ids)


def test_text_of_a_submission_is_only_ever_text(html, document):
    assert SCRIPT not in html
    assert SCRIPT in document.text
    assert [attributes for tag, attributes in document.tags if tag == "script"] == [
        {"defer": None, "src": "assets/board.js"}
    ]
    assert not [tag for tag, _ in document.tags if tag == "img"]
    assert not [key for _, attributes in document.tags for key in attributes if key.startswith("on") or key == "style"]


def test_nothing_is_loaded_from_elsewhere(document):
    loaded = [attributes["src"] for _, attributes in document.tags if "src" in attributes]
    loaded += [attributes["href"] for tag, attributes in document.tags if tag == "link"]
    assert sorted(loaded) == ["assets/board.css", "assets/board.js"]
    links = [attributes["href"] for tag, attributes in document.tags if tag == "a"]
    assert [link for link in links if ":" in link] == ["https://arxiv.org/abs/1503.02531"]
    policy = next(one["content"] for tag, one in document.tags if one.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_undefined_cells_say_why(html):
    stsb = section(html, "glue-stsb")
    assert "undefined: regression" in stsb
    assert stsb.count("undefined: regression") == 2
    invalid = section(html, "glue-sst2")
    assert "undefined: teacher invalid" in invalid
    assert "Invalid teacher" in invalid
    assert "the lower end of its MCC is 0.020, not above 0.1" in invalid


def test_a_weak_student_and_flagged_cells_are_marked(html):
    cola = section(html, "glue-cola")
    assert "weak: 99.6 % of its predictions are one class" in cola
    assert "flagged: collapsed" in cola
    assert "hollow marks are weak students" in cola


def test_value_interval_and_number_of_examples_stand_in_a_cell(html):
    assert re.search(
        r'<td class="ok headline" data-value="0\.44" title="n = 1,000">'
        r'<span class="value">0\.440</span><span class="small">\[0\.400, 0\.480\]</span></td>',
        section(html, "glue-cola"),
    )


def test_rows_are_in_the_order_of_the_headline_below_the_teacher(html):
    cola = section(html, "glue-cola")
    places = [
        cola.index(f">{name}<") for name in ("logit KD, layers 0-2", "finetune, layers 0-2", "one block, untrained")
    ]
    assert cola.index('<tbody class="teacher">') < places[0]
    assert places == sorted(places)
    assert "rows that cannot be told apart share them" in html
    assert "rank 1" not in html.lower()


def test_columns_come_headline_first_then_quality_agreement_calibration(html):
    cola = section(html, "glue-cola")
    titles = [
        "Matthews correlation",
        "Accuracy",
        "Cohen&#39;s κ",
        "κ if errors were independent",
        "Top-1 agreement",
        "Negative transfer",
        "Error consistency",
        "Expected calibration error",
        "Calibration gap",
    ]
    heads = cola[cola.index("<thead>") : cola.index("</thead>")]
    found = re.findall(
        r'<th scope="col" data-sort="number"[^>]*>([^<]*?)(?:&nbsp;)?(?:<span class="arrow|</th>)', heads
    )
    assert found == titles


def test_every_sortable_column_has_values_to_sort_by(document, html):
    sortable = [attributes for tag, attributes in document.tags if tag == "th" and "data-sort" in attributes]
    assert len(sortable) > 30
    assert {attributes["data-sort"] for attributes in sortable} == {"number", "text"}
    assert {attributes["aria-sort"] for attributes in sortable if "aria-sort" in attributes} == {"descending"}
    for students in re.findall(r'<tbody class="students">(.*?)</tbody>', html, flags=re.DOTALL):
        assert students.count("<td") == students.count("data-value=") - students.count("<th")
    numbers = [
        attributes["data-value"] for tag, attributes in document.tags if tag == "td" and attributes.get("data-value")
    ]
    assert all(float(number) == float(number) for number in numbers)


def test_rows_without_a_teacher_have_a_table_of_their_own(html):
    alone = section(html, "glue-cola")
    alone = alone[alone.index('id="track-glue-cola-no-teacher"') :]
    assert "no teacher was given" in alone
    assert "under a bad teacher" in alone
    assert "Cohen" not in alone


def test_the_track_with_most_rows_comes_first(tmp_path):
    for name, protocol in (("one", "aggregation"), ("two", "quick"), ("three", "quick")):
        made = record("cola", student=name, level=0.5, follow=0.4, protocol=protocol)
        write_entry(tmp_path / "in", name, [made], toml=f'name = "{name}"\nmethod = "m"\n')
    page = section(board(tmp_path / "in", tmp_path / "out"), "glue-cola")
    assert 0 < page.index("protocol quick") < page.index("protocol aggregation")


def test_slices_stand_beside_their_task(html):
    parts = section(html, "glue-cola")
    parts = parts[parts.index("Parts of the split") :]
    assert "in-domain" in parts
    assert "out-of-domain" in parts
    assert "Parts of the split" not in section(html, "glue-sst2")


def test_the_plot_has_a_text_alternative(html):
    cola = section(html, "glue-cola")
    words = re.search(r"<desc[^>]*>(.*?)</desc>", cola).group(1)
    assert "logit KD, layers 0-2: Matthews correlation 0.440 [0.400, 0.480], Cohen&#39;s κ 0.380" in words
    assert "Teacher: Matthews correlation 0.620." in words
    assert "nan" not in cola


def test_only_official_teachers_on_official_rows_lose_the_unranked_mark(tmp_path):
    good = record("cola", student="one", level=0.5, follow=0.4)
    write_entry(tmp_path / "in", "one", [good], toml='name = "one"\nmethod = "m"\n')
    assert "Unranked view" in board(tmp_path / "in", tmp_path / "out")
    assert "Unranked view" not in board(tmp_path / "in", tmp_path / "out", official_teachers={TEACHER_HASH})
    other = record("cola", student="two", level=0.5, follow=0.4)
    other["task"]["fingerprint"] = f"sha256:{'0' * 64}"
    write_entry(tmp_path / "in", "two", [other], toml='name = "two"\nmethod = "m"\n')
    html = board(tmp_path / "in", tmp_path / "out", official_teachers={TEACHER_HASH})
    assert "these are not the official rows of the task" in html
    assert html.count('<section class="track"') == 2


def test_a_demo_task_says_why_it_is_not_ranked(tmp_path):
    made = record("demo/grammar", student="one", level=0.5, follow=0.4)
    write_entry(tmp_path / "in", "one", [made], toml='name = "one"\nmethod = "m"\n')
    html = board(tmp_path / "in", tmp_path / "out", official_teachers={TEACHER_HASH})
    assert "a demonstration: seconds of training, nothing to conclude from" in html


def test_glue_has_no_mean_until_an_entry_has_all_tasks(html, document):
    assert "No entry has all 8 tasks of GLUE yet" in document.text
    assert "has 3 and lacks 5: MRPC, QQP, MNLI matched + MNLI mismatched, QNLI, RTE." in document.text


def test_glue_mean_counts_mnli_once_and_leaves_out_incomplete_entries(tmp_path):
    levels = dict(zip(GLUE, (0.4, 0.9, 0.8, 0.7, 0.85, 0.8, 0.7, 0.9, 0.6), strict=True))
    records = [glue_record(name, level) for name, level in levels.items()]
    write_entry(tmp_path / "in", "all", records, toml='name = "complete"\nmethod = "m"\n')
    write_entry(tmp_path / "in", "most", records[:-1], toml='name = "incomplete"\nmethod = "m"\n')
    html = board(tmp_path / "in", tmp_path / "out")
    start = html.index('<h2 id="view-glue"')
    view = html[start : html.index('<section class="task"', start)]
    assert "complete" in view
    assert ">incomplete<" not in view
    mean = (0.4 + 0.9 + 0.8 + 0.7 + 0.85 + (0.8 + 0.7) / 2 + 0.9 + 0.6) / 8
    assert f'data-value="{mean:.9g}" title="n = 9,000"' in view
    assert "QQP, MNLI matched, MNLI mismatched, RTE are not pinned yet" in view


def test_a_row_on_other_data_does_not_count_for_glue(tmp_path):
    records = [glue_record(name, 0.7) for name in GLUE]
    records[0]["task"]["fingerprint"] = f"sha256:{'0' * 64}"
    write_entry(tmp_path / "in", "all", records, toml='name = "nearly"\nmethod = "m"\n')
    assert "nearly, has 7 and lacks 1: CoLA." in Document(board(tmp_path / "in", tmp_path / "out")).text


def test_no_submissions_say_how_to_add_one(tmp_path):
    (tmp_path / "in").mkdir()
    document = Document(board(tmp_path / "in", tmp_path / "out"))
    assert "No row yet" in document.text
    assert "xkd-bench evaluate CHECKPOINT" in document.text
    assert document.open == []


def test_no_claim_is_counted_where_no_reference_entry_can_be_held_against_one(html):
    assert html.count("claims.html") == 1, "the foot alone leads there"


def test_a_task_nobody_registered_still_gets_its_table(tmp_path):
    made = record("cola", student="one", level=0.5, follow=0.4)
    made["task"] |= {"name": f"mine {SCRIPT.replace('/', '')}", "title": SCRIPT, "headline": "no such score"}
    made["scores"]["strange"] = made["scores"]["mcc"]
    write_entry(tmp_path / "in", "one", [made], toml='name = "one"\nmethod = "m"\n')
    html = board(tmp_path / "in", tmp_path / "out")
    assert SCRIPT not in html
    assert "the task is not registered" in html
    assert "for want of a metric card: strange." in html


def test_entries_that_disagree_on_the_teacher_are_called_out(tmp_path):
    for name, level in (("one", 0.62), ("two", 0.6)):
        made = record("cola", student=name, level=0.5, follow=0.4, teacher_level=level)
        write_entry(tmp_path / "in", name, [made], toml=f'name = "{name}"\nmethod = "m"\n')
    assert "do not agree on the teacher" in board(tmp_path / "in", tmp_path / "out")


def test_a_mean_over_a_suite_stands_only_where_an_entry_has_a_task_of_it(tmp_path, html):
    demo = glue_record("demo/grammar", 0.6)
    write_entry(tmp_path / "submissions", "only-demo", [demo], toml='name = "only demo"\nmethod = "finetune"\n')
    assert ">GLUE<" not in re.sub(r"\s+", "", board(tmp_path / "submissions", tmp_path / "board"))
    assert ">GLUE<" in re.sub(r"\s+", "", html)
