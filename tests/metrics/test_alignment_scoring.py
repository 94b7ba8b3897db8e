"""Mean, floor, ceiling and what lies between: by hand, by brute force, and on explanations with a known answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from xkd_bench.metrics import draws
from xkd_bench.metrics.alignment import floor
from xkd_bench.metrics.alignment_scoring import (
    References,
    exclusions,
    fill_gap,
    score_alignment,
    score_examples,
    similarities,
    without_punctuation,
)
from xkd_bench.metrics.contract import ExplanationView, Score
from xkd_bench.metrics.registry import load, similarity_metrics
from xkd_bench.statistics.resampling import bootstrap_weights

CENTRED, RAW = load("centred_cosine"), load("raw_cosine")
WORDS = ("7", "task")


def view_of(teacher, student, classes=None, reasons=None, clusters=None, punctuation=None):
    n = len(teacher)
    return ExplanationView(
        example_ids=tuple(f"example-{row:05d}" for row in range(n)),
        teacher=tuple(np.asarray(vector, dtype=float) for vector in teacher),
        student=tuple(np.asarray(vector, dtype=float) for vector in student),
        punctuation=tuple(punctuation or [np.zeros(len(vector), dtype=bool) for vector in teacher]),
        reasons=tuple(reasons or [None] * n),
        teacher_class=np.zeros(n, dtype=np.int64) if classes is None else np.asarray(classes),
        clusters=clusters,
    )


def unit(place, units=3):
    return np.eye(units)[place]


def nothing(n):
    return References(np.empty((n, 0)))


class Made:
    """Teacher's explanations of n examples of 3 to 8 units in two classes, and noisy copies of them."""

    def __init__(self, seed, n=400, lengths=range(3, 9)):
        self.random = np.random.default_rng(seed)
        self.units = self.random.choice(list(lengths), n)
        self.classes = self.random.integers(0, 2, n)
        self.teacher = [self.random.normal(size=units) for units in self.units]

    def copies(self, share):
        noise = [self.random.normal(size=units) for units in self.units]
        return [share * mine + np.sqrt(1 - share**2) * other for mine, other in zip(self.teacher, noise, strict=True)]

    def view(self, share, **more):
        return view_of(self.teacher, self.copies(share), self.classes, **more)

    def references(self, share, metric=CENTRED, teachers=3):
        again = [similarities(self.view(share), metric) for _ in range(teachers)]
        return References(np.column_stack(again), similarities(self.view(0.0), metric))


def holed(seed, n, clusters=None):
    """A view with all kinds of examples that cannot be compared, references with holes, and parts."""
    made = Made(seed, n, range(1, 8))
    reasons = made.random.choice(np.array([None, None, None, None, "non_finite"], dtype=object), n).tolist()
    student = made.copies(0.6)
    for row in range(0, n, 7):
        student[row] = np.full(made.units[row], 0.3)
    view = view_of(made.teacher, student, made.classes, reasons, clusters)
    references = made.references(0.9)
    references.retrained[made.random.random((n, 3)) < 0.1] = np.nan
    references.random_student[made.random.random(n) < 0.5] = np.nan
    return view, references, {"some": made.random.random(n) < 0.4, "none": np.zeros(n, dtype=bool)}


def shuffled(view, order):
    def taken(items):
        return tuple(items[row] for row in order)

    return ExplanationView(
        taken(view.example_ids),
        taken(view.teacher),
        taken(view.student),
        taken(view.punctuation),
        taken(view.reasons),
        view.teacher_class[order],
        None if view.clusters is None else view.clusters[order],
    )


def test_why_examples_have_no_value():
    fine = [1.0, 2.0, -1.0]
    view = view_of(
        [fine, fine, fine, fine[:2], fine[:2], fine, [np.nan, 1, 2], fine],
        [fine, [0, 0, 0], [2, 2, 2], fine[:2], fine[:2], fine, fine, [1, np.inf, 0]],
        reasons=[None, None, None, None, "not_converged", "not_converged", None, None],
    )
    for metric, expected in ((RAW, [1, np.nan, 4 / np.sqrt(72)]), (CENTRED, [1, np.nan, np.nan])):
        values = similarities(view, metric)
        np.testing.assert_allclose(values, expected + [np.nan] * 5)
        zero = int(np.isnan(expected).sum())
        assert exclusions(view, values) == {
            "non_finite": 2,
            "not_converged": 2,
            "too_few_units": 1,
            "zero_vector": zero,
        }


def hand():
    """Raw cosines 1, 0, 0 | 1, 1 | 1: three examples of three units, two of another class, one of four units."""
    teacher = [unit(0), unit(1), unit(2), unit(0), unit(0), unit(0, 4)]
    student = [unit(0), unit(0), unit(1), unit(0), unit(0), unit(0, 4)]
    return view_of(teacher, student, [0, 0, 0, 1, 1, 0])


def test_floor_and_calibrated_by_hand():
    """Pairs of the first three: T1 with S2 and T2 with S3 are alike, the other four are not."""
    references = References(np.tile([0.9, 0.7], (6, 1)), np.array([0.5, np.nan, 0.1] + [np.nan] * 3))
    parts = {"class 1": np.array([0, 0, 0, 1, 1, 0], dtype=bool)}
    found = score_alignment(hand(), RAW, references, 0, WORDS, parts)
    floor = (3 * (2 / 6) + 2 * 1) / 5
    assert found.mean == Score(pytest.approx(4 / 6), None, None, 6, "ok", None)
    assert found.median.value == 1.0
    assert (found.floor.value, found.floor.n) == (pytest.approx(floor), 5)
    assert (found.ceiling.value, found.ceiling.n) == (pytest.approx(0.8), 6)
    assert [score.value for score in found.retrained] == [pytest.approx(0.9), pytest.approx(0.7)]
    assert found.calibrated.value == pytest.approx((4 / 6 - floor) / (0.8 - floor))
    assert (found.random_student.value, found.random_student.n) == (pytest.approx(0.3), 2)
    assert (found.parts["class 1"].value, found.parts["class 1"].n) == (1.0, 2)
    assert (found.excluded, sum(found.histogram)) == ({}, 6)
    assert (found.histogram[20], found.histogram[39]) == (2, 4)


def test_partners_are_of_other_clusters():
    view = replace(hand(), clusters=np.array(["a", "a", "b", "c", "c", "d"], dtype=object))
    found = score_alignment(view, RAW, nothing(6), 0, WORDS, {}).floor
    # T1 and T2 with S3, T3 with S1 and S2: one of four is alike; the two of the other class have no partner.
    assert (found.value, found.n) == (1 / 4, 3)


def test_every_draw_is_what_repeated_rows_give():
    """Brute force, pair by pair, on the rows each draw repeats."""
    for seed, clusters in ((0, None), (1, np.arange(60) // 2)):
        view, references, parts = holed(seed, 60, clusters)
        found = score_alignment(view, CENTRED, references, 60, WORDS, parts)
        x = similarities(view, CENTRED)
        usable = ~np.isnan(x)
        cross = cross_similarities(view, CENTRED, usable)
        rows = [np.repeat(np.arange(60), w.astype(int)) for b in bootstrap_weights(60, 60, WORDS, clusters) for w in b]
        check(found.mean, [np.nanmean(x[some]) for some in rows], x)
        check(found.median, [np.nanmedian(x[some]) for some in rows], x)
        check(found.parts["some"], [np.nanmean(x[some][parts["some"][some]]) for some in rows], x[parts["some"]])
        check(found.random_student, [np.nanmean(references.random_student[some]) for some in rows])
        again = np.where(usable[:, None], references.retrained, np.nan)
        ceiling = [np.mean(np.nanmean(again[some], axis=0)) for some in rows]
        check(found.ceiling, ceiling)
        floors = [floor_of(cross, some) for some in rows]
        check(found.floor, floors)
        assert found.floor.value == pytest.approx(floor_of(cross, np.arange(60)), abs=1e-12)
        calibrated = [
            (np.nanmean(x[some]) - low) / (high - low) for some, low, high in zip(rows, floors, ceiling, strict=True)
        ]
        check(found.calibrated, calibrated)


def check(score, by_draw, values=None):
    assert (score.low, score.high) == pytest.approx(np.quantile(by_draw, [0.025, 0.975]), rel=1e-8)
    if values is not None:
        assert score.n == np.count_nonzero(~np.isnan(values))


def cross_similarities(view, metric, usable):
    """(i, j) → stratum and similarity of T_i and S_j, for partners."""
    clusters = np.arange(len(usable)) if view.clusters is None else view.clusters
    strata = [(len(view.teacher[i]), view.teacher_class[i]) for i in range(len(usable))]
    return {
        (i, j): (strata[i], metric.similarity(view.teacher[i][None], view.student[j][None])[0])
        for i in np.flatnonzero(usable)
        for j in np.flatnonzero(usable)
        if clusters[i] != clusters[j] and strata[i] == strata[j]
    }


def floor_of(cross, rows):
    sums, members = {}, {}
    has_partner = {i for i, _ in cross}
    for i in rows:
        for j in rows:
            if (i, j) in cross:
                stratum, similarity = cross[i, j]
                sums.setdefault(stratum, []).append(similarity)
    for i in rows:
        if i in has_partner:
            stratum = next(stratum for (a, _), (stratum, _) in cross.items() if a == i)
            members[stratum] = members.get(stratum, 0) + 1
    total = sum(members[stratum] for stratum in sums)
    return sum(members[stratum] * np.mean(some) for stratum, some in sums.items()) / total


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), clustered=st.booleans())
def test_the_order_of_the_examples_changes_no_bit(seed, n, clustered):
    random = np.random.default_rng(seed)
    view, references, parts = holed(seed, n, random.integers(0, n, n) if clustered else None)
    order = random.permutation(n)
    moved = References(references.retrained[order], references.random_student[order])
    for metric in similarity_metrics():
        expected = score_alignment(view, metric, references, 40, WORDS, parts)
        mixed = {name: mask[order] for name, mask in parts.items()}
        assert score_alignment(shuffled(view, order), metric, moved, 40, WORDS, mixed) == expected


def test_neither_threads_nor_blocks_change_a_bit(monkeypatch):
    view, references, parts = holed(3, 300)
    with threadpool_limits(1):
        expected = score_alignment(view, CENTRED, references, 300, WORDS, parts)
    with threadpool_limits(2):
        assert score_alignment(view, CENTRED, references, 300, WORDS, parts) == expected
    monkeypatch.setattr(draws, "_BLOCK", 700)
    monkeypatch.setattr(floor, "_BLOCK", 50)
    assert score_alignment(view, CENTRED, references, 300, WORDS, parts) == expected


def test_the_floor_is_what_exchanged_explanations_score():
    """Also where short examples are alike for reasons of their own and are fewer than the long ones."""
    made = Made(4, 1200, [3, 4, 4, 8, 8, 8, 8])
    level = [4.0 / units for units in made.units]
    teacher = [vector + up for vector, up in zip(made.teacher, level, strict=True)]
    student = [vector + up for vector, up in zip(made.copies(0.8), level, strict=True)]
    view = view_of(teacher, student, made.classes)
    found = score_alignment(view, RAW, nothing(1200), 500, WORDS, {})
    means = [np.mean(similarities(exchanged(view, made.random), RAW)) for _ in range(60)]
    assert abs(found.floor.value - np.mean(means)) < 4 * np.std(means) / np.sqrt(60)
    assert found.floor.low < np.mean(means) < found.floor.high
    assert found.floor.high < found.mean.low


def exchanged(view, random):
    """The student's explanations go to other examples of the stratum, none to its own."""
    student = list(view.student)
    keys = np.array([[len(vector), label] for vector, label in zip(view.teacher, view.teacher_class, strict=True)])
    for key in np.unique(keys, axis=0):
        rows = random.permutation(np.flatnonzero((keys == key).all(axis=1)))
        for row, other in zip(rows, np.roll(rows, 1), strict=True):
            student[row] = view.student[other]
    return replace(view, student=tuple(student))


def test_large_strata_are_divided(monkeypatch):
    view = Made(5, 900, [5]).view(0.7)
    whole = score_alignment(view, CENTRED, nothing(900), 200, WORDS, {})
    monkeypatch.setattr(floor, "_LARGEST", 25)
    divided = score_alignment(view, CENTRED, nothing(900), 200, WORDS, {}).floor
    assert divided.n == whole.floor.n == 900
    assert divided.value != whole.floor.value
    assert divided.low < whole.floor.value < divided.high
    # Pairs of unrelated explanations have a noise of their own: with 25 partners a fifth of the mean's, which the
    # bootstrap takes for √3 times as much.
    width = 2 * 1.96 * np.std(similarities(exchanged(view, np.random.default_rng(0)), CENTRED)) / np.sqrt(900)
    assert width / 5 < divided.high - divided.low < 2.2 * width / 5


@pytest.mark.parametrize("name", [metric.card.name for metric in similarity_metrics()])
def test_another_retrained_teacher_would_reach_the_ceiling_and_a_stranger_the_floor(name):
    metric, made = load(name), Made(6, 800)
    references = made.references(0.85, metric)
    peer = score_alignment(made.view(0.85), metric, references, 400, WORDS, {}).calibrated
    assert peer.low < 1 < peer.high
    assert peer.high - peer.low < 0.2
    stranger = score_alignment(made.view(0.0), metric, references, 400, WORDS, {}).calibrated
    assert stranger.low < 0 < stranger.high
    between = score_alignment(made.view(0.5), metric, references, 400, WORDS, {}).calibrated
    assert stranger.high < between.low < between.high < peer.low
    above = score_alignment(made.view(0.99), metric, references, 400, WORDS, {}).calibrated
    assert above.low > 1


def test_the_teacher_itself():
    made = Made(7)
    found = score_alignment(
        view_of(made.teacher, made.teacher, made.classes), CENTRED, made.references(0.9), 50, WORDS, {}
    )
    assert (found.mean.value, found.mean.low, found.mean.high) == (1.0, 1.0, 1.0)
    assert found.median.value == 1.0
    assert found.histogram == (0,) * 39 + (400,)
    assert found.calibrated.low > 1


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    large = Made(8, 10_000, [5, 6])
    truth = score_alignment(large.view(0.6), CENTRED, large.references(0.9), 0, WORDS, {})
    hits = {"mean": 0, "calibrated": 0}
    for seed in range(120):
        made = Made(1000 + seed, 80, [5, 6])
        found = score_alignment(made.view(0.6), CENTRED, made.references(0.9), 200, (str(seed),), {})
        for name in hits:
            score = getattr(found, name)
            hits[name] += score.low <= getattr(truth, name).value <= score.high
    assert all(0.88 <= count / 120 <= 0.99 for count in hits.values()), hits


def test_no_calibrated_value_without_a_scale():
    made = Made(9, 60)
    view = made.view(0.5)
    alone = score_alignment(view, CENTRED, nothing(60), 100, WORDS, {})
    assert alone.calibrated == Score.undefined("not_measured", 60)
    assert alone.ceiling == Score.undefined("not_measured", 0)
    assert (alone.retrained, alone.random_student) == ((), Score.undefined("not_measured", 0))
    assert alone.floor.value is not None
    for share in (0.15, -0.9):
        short = score_alignment(view, CENTRED, made.references(share), 100, WORDS, {})
        assert short.calibrated == Score.undefined("short_scale", 60)
        assert short.ceiling.value is not None
    long = score_alignment(view, CENTRED, made.references(0.9), 100, WORDS, {})
    assert long.calibrated.status == "ok"


def test_four_standard_errors_make_a_scale():
    """The same view, with ceilings on both sides of floor + 4 standard errors of their difference."""
    view = Made(10, 80).view(0.5)
    plain = score_alignment(view, CENTRED, nothing(80), 400, WORDS, {}).floor
    error = (plain.high - plain.low) / (2 * 1.96)
    for errors, status in ((3.0, "undefined"), (5.0, "ok")):
        references = References(np.full((80, 1), plain.value + errors * error))
        assert score_alignment(view, CENTRED, references, 400, WORDS, {}).calibrated.status == status


def test_reasons_where_nothing_can_be_compared():
    fine, short, zero = [1.0, 2.0, 4.0], [1.0, 2.0], [0.0, 0.0, 0.0]
    view = view_of([fine, short, fine, fine], [zero, short, zero, fine], reasons=[None, None, None, "not_converged"])
    parts = {"first two": np.array([1, 1, 0, 0], dtype=bool), "last": np.array([0, 0, 0, 1], dtype=bool)}
    found = score_alignment(view, RAW, References(np.ones((4, 2))), 20, WORDS, parts)
    assert found.excluded == {"not_converged": 1, "too_few_units": 1, "zero_vector": 2}
    for score in (found.mean, found.median, found.floor, found.ceiling, found.calibrated, *found.retrained):
        assert score == Score.undefined("zero_vector", 0)
    assert found.parts == {
        "first two": Score.undefined("too_few_units", 0),
        "last": Score.undefined("not_converged", 0),
    }
    assert found.histogram == (0,) * 40

    nobody = score_alignment(view_of([], []), RAW, References(np.empty((0, 1))), 20, WORDS, {})
    for score in (nobody.mean, nobody.floor, nobody.ceiling, nobody.calibrated):
        assert score == Score.undefined("not_measured", 0)

    lonely = score_alignment(view_of([fine], [fine]), RAW, References(np.ones((1, 1))), 20, WORDS, {})
    assert lonely.mean.value == 1.0
    assert lonely.floor == Score.undefined("degenerate", 0)
    assert lonely.calibrated == Score.undefined("degenerate", 1)


def test_without_punctuation():
    marks = [np.array([False, True, False, False]), np.array([False, True, True, False])]
    view = view_of([[1, 9, 2, 3], [1, 2, 3, 4]], [[2, -9, 4, 6], [1, 2, 3, 4]], punctuation=marks)
    words = without_punctuation(view)
    assert [vector.tolist() for vector in words.student] == [[2, 4, 6], [1, 4]]
    values = similarities(words, RAW)
    assert values[0] == pytest.approx(1.0)
    assert exclusions(words, values) == {"too_few_units": 1}
    assert without_punctuation(words).teacher[0].tolist() == [1, 2, 3]


def test_means_of_examples():
    values = np.array([1.0, np.nan, 0.0, 1.0, 1.0])
    ids, parts = tuple("edcba"), {"first": np.array([1, 1, 0, 0, 0], dtype=bool), "second": np.arange(5) == 1}
    whole, by_part = score_examples(values, 200, WORDS, parts, ids, undefined_as="degenerate")
    assert (whole.value, whole.n) == (0.75, 4)
    assert 0 <= whole.low < 0.75 < whole.high <= 1
    assert (by_part["first"].value, by_part["first"].n) == (1.0, 1)
    assert by_part["second"] == Score.undefined("degenerate", 0)
    order = [3, 0, 4, 1, 2]
    moved = {name: mask[order] for name, mask in parts.items()}
    mixed = score_examples(values[order], 200, WORDS, moved, [ids[row] for row in order], undefined_as="degenerate")
    assert mixed == (whole, by_part)
    assert score_examples(np.empty(0), 20, WORDS, {}, ())[0] == Score.undefined("not_measured", 0)


def test_a_mean_has_the_draws_of_an_alignment():
    view, references, parts = holed(11, 90, np.arange(90) // 3)
    found = score_alignment(view, CENTRED, references, 100, WORDS, parts)
    mean, by_part = score_examples(
        similarities(view, CENTRED), 100, WORDS, {"some": parts["some"]}, view.example_ids, view.clusters
    )
    assert (mean, by_part["some"]) == (found.mean, found.parts["some"])


def test_examples_that_share_something_widen_the_interval():
    random = np.random.default_rng(12)
    values, ids = np.repeat(random.normal(size=50), 4), tuple(f"{row:03d}" for row in range(200))
    alone, _ = score_examples(values, 500, WORDS, {}, ids)
    shared, _ = score_examples(values, 500, WORDS, {}, ids, np.repeat(np.arange(50), 4))
    assert alone.value == shared.value
    assert shared.high - shared.low > 1.7 * (alone.high - alone.low)


def test_the_gap_between_two_fills_is_paired():
    random = np.random.default_rng(13)
    delete = random.uniform(-1, 1, 200)
    mask = delete - 0.1 + random.normal(scale=0.01, size=200)
    delete[:5], mask[5:9] = np.nan, np.nan
    ids = tuple(f"{row:03d}" for row in range(200))
    gap = fill_gap(delete, mask, 400, WORDS, ids)
    assert (gap.value, gap.n) == (pytest.approx(-0.1, abs=0.005), 191)
    assert gap.high - gap.low < 0.005
    assert fill_gap(delete, np.full(200, np.nan), 10, WORDS, ids) == Score.undefined("not_measured", 0)
