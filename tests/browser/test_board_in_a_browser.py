"""The committed board as people meet it: from disk, without a network, with and without scripts, by keyboard."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from board_pages import BOARD, kinds_of_page, pages_below

SIZES = {"phone": {"width": 400, "height": 800}, "desk": {"width": 1400, "height": 900}}


def test_no_page_asks_the_network_or_complains(visit: Any) -> None:
    first = visit("index.html")
    for path in pages_below(BOARD):
        first.page.goto((BOARD / path).as_uri())
    assert [url for url in first.requests if not url.startswith("file://")] == []
    assert first.complaints == []


@pytest.mark.parametrize("path", kinds_of_page())
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_axe_finds_nothing(visit: Any, path: str, scheme: str, size: str) -> None:
    found = find_spec("axe_core_python")
    if found is None or found.origin is None:
        pytest.skip("no axe-core: pip install axe-core-python")
    page = visit(path, color_scheme=scheme, viewport=SIZES[size], bypass_csp=True).page
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.add_script_tag(content=Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8"))
    result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    told = [
        (one["id"], node["target"], node["failureSummary"]) for one in result["violations"] for node in one["nodes"][:2]
    ]
    assert told == []


@pytest.mark.parametrize("path", kinds_of_page())
def test_nothing_is_wider_than_a_phone(visit: Any, path: str) -> None:
    page = visit(path, viewport=SIZES["phone"]).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def until(page: Any, expression: str) -> None:
    """Wait until it is true, five seconds at most; Playwright's own waiting needs an `eval` that the pages forbid."""
    for _ in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")


def page_of_a_whole_table() -> str:
    """The first page; of a long board, which has a summary there, the page of its first task."""
    return next((path for path in pages_below(BOARD) if path.startswith("boards/")), "index.html")


def column(page: Any, name: str) -> list[float]:
    """Values of a column of the first table, top to bottom."""
    return page.evaluate(
        """(name) => {
          const table = document.querySelector("table.with-student");
          const heads = [...table.querySelectorAll("thead tr:last-child th")];
          const place = heads.findIndex((one) => one.innerText.trim().startsWith(name));
          const rows = [...table.querySelectorAll("tbody.students tr")];
          return rows.map((row) => Number(row.cells[place + 2].dataset.value));
        }""",
        name,
    )


def test_a_click_sorts_and_a_second_one_turns_it_round(visit: Any) -> None:
    page = visit(page_of_a_whole_table()).page
    button = page.locator("table.with-student").first.get_by_role("button", name="Cohen")
    before = column(page, "Cohen")
    button.click()
    once = column(page, "Cohen")
    button.click()
    twice = column(page, "Cohen")
    assert once == sorted(before, reverse=True)
    assert twice == sorted(before)
    assert page.locator("table.with-student th[aria-sort]").first.get_attribute("aria-sort") == "ascending"


def test_everything_works_by_keyboard(visit: Any) -> None:
    page = visit(page_of_a_whole_table()).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    until(page, "location.hash === '#board'")
    button = page.locator("table.with-student").first.get_by_role("button", name="Accuracy")
    button.focus()
    page.keyboard.press("Enter")
    values = column(page, "Accuracy")
    assert values == sorted(values)
    scroller = page.locator(".scroll").first
    scroller.focus()
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('.scroll').scrollLeft > 0")


def test_the_filter_keeps_what_fits(visit: Any) -> None:
    page = visit("index.html").page
    rows = page.locator("table.with-student tr[data-method]:visible")
    all_rows = rows.count()
    page.get_by_label("Entry or method").fill("attrit-hard")
    assert 0 < rows.count() < all_rows
    assert all("attrit-hard" in text for text in rows.all_inner_texts())
    assert f"of {all_rows} rows" in page.locator("form.filter output").inner_text()
    assert page.locator("section[data-task='SST-2']").is_hidden(), "no row of it is left"
    page.get_by_role("button", name="Show all").click()
    until(page, "document.querySelector('form.filter output').textContent === ''")
    assert rows.count() == all_rows
    page.get_by_role("combobox", name="Inputs").select_option("images")
    assert page.locator("section[data-task]:visible").count() == 1
    page.get_by_role("combobox", name="Inputs").select_option("")
    page.get_by_role("combobox", name="Size").select_option("up to 10 M")
    assert page.locator("section[data-task='CIFAR-10']").is_visible()
    assert page.locator("section[data-task='SST-2']").is_hidden()


def test_what_is_filtered_by_can_be_sent_as_an_address(visit: Any) -> None:
    page = visit("index.html").page
    page.get_by_label("Entry or method").fill("internal & kd")
    page.get_by_role("combobox", name="Inputs").select_option("text")
    until(page, "location.hash === '#filter:text=internal+%26+kd&modality=text'")
    page.get_by_label("Entry or method").fill("internal_kd")
    until(page, "location.hash === '#filter:text=internal_kd&modality=text'")
    address = page.evaluate("location.href")
    rows = page.locator("table.with-student tr[data-method]:visible").all_inner_texts()
    other = visit("index.html").page
    other.goto(address)
    other.reload()
    until(other, "document.querySelector('form.filter output').textContent !== ''")
    assert other.locator("table.with-student tr[data-method]:visible").all_inner_texts() == rows
    assert len(rows) >= 3
    assert all("internal_kd" in row for row in rows)
    other.get_by_role("button", name="Show all").click()
    until(other, "!location.hash")


def test_from_a_row_down_to_an_example_and_by_a_deep_link(visit: Any) -> None:
    page = visit("index.html").page
    page.locator("table.with-student a", has_text="vanilla_kd").first.click()
    page.wait_for_url("**/entries/*.html")
    page.get_by_role("link", name="Example by example").first.click()
    page.locator(".corners a").nth(1).click()
    until(page, "location.hash === '#same-other'")
    path = "entries/" + page.url.split("/entries/")[1].split("#")[0]
    target = visit(f"{path}").page
    target.goto((BOARD / path).as_uri() + "#same-same-5")
    assert target.locator("#same-same-5").is_visible()
    until(target, "document.querySelector('#same-same-5').getBoundingClientRect().top < innerHeight")  # it glides there


def test_without_scripts_every_row_is_there(visit: Any) -> None:
    plain = visit("index.html", java_script_enabled=False).page
    scripted = visit("index.html").page
    for selector in ("table", "tbody.students tr", "svg"):
        assert plain.locator(selector).count() == scripted.locator(selector).count() > 0
    assert plain.locator("form.filter").is_hidden()


def test_sorting_takes_less_than_a_tenth_of_a_second(visit: Any) -> None:
    page = visit("index.html").page
    took = page.evaluate(
        """() => {
          const body = document.querySelector("table.with-student tbody.students");
          const row = body.rows[0];
          while (body.rows.length < 1000) {
            const copy = row.cloneNode(true);
            for (const cell of copy.cells) cell.dataset.value = String(Math.random());
            body.append(copy);
          }
          const button = document.querySelectorAll("table.with-student th button")[4];
          const start = performance.now();
          button.click();
          return performance.now() - start;
        }"""
    )
    assert took < 100
