"""Integrated gradients and input × gradient: linear models by hand, completeness, and bits that never move."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_text_models import KINDS, ODD_TEXTS, SENTENCES, Bag, ask, make_classifier, same, write_model

from xkd_bench.explainers import integrated_gradients as module
from xkd_bench.explainers import paper_integrated_gradients as paper_module
from xkd_bench.explainers.contract import ExplainerSettings, ModelExplainer
from xkd_bench.explainers.gradients import explained_scalar
from xkd_bench.explainers.input_x_gradient import explainer as input_x_gradient
from xkd_bench.explainers.integrated_gradients import explainer as integrated_gradients
from xkd_bench.explainers.paper_integrated_gradients import explainer as paper_integrated_gradients
from xkd_bench.explainers.token_scores import words_from_tokens
from xkd_bench.randomness import generator
from xkd_bench.tasks.registry import find_task

EXPLAINERS = [integrated_gradients, input_x_gradient, paper_integrated_gradients]
PAIRS = (("She slept.", "The girl didn't sleep!"), ("The old queen", "a good film, but bad"))


def names(explainer: ModelExplainer) -> str:
    return explainer.card.name


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small text models")
    return {kind: write_model(folder / kind, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def classifiers(folders):
    return {kind: make_classifier(folder) for kind, folder in folders.items()}


def explain(explainer, classifier, questions, steps=16):
    heard = []
    found = explainer.explain(classifier, questions, ExplainerSettings(2026, steps), heard.append)
    assert sum(heard) == len(questions)
    return found


def scalar_of(logits, target):
    """log p/(1 − p) of the target, or the prediction where there is but one."""
    others = np.delete(logits, target)
    return logits[target] - np.log(np.exp(others).sum()) if len(others) else logits[0]


def all_specials(segments):
    return [segment is None for segment in segments]


def both_ends(segments):
    return [i in (0, len(segments) - 1) for i in range(len(segments))]


def row_of(classifier, question, keep=all_specials):
    """A question as `integrate` takes it; the baseline has padding at every token that `keep` does not name."""
    rows, spans = classifier.encoder.encode_with_spans([question.input])
    padding = classifier.encoder.tokenizer.pad_token_id
    kept = keep(spans[0][1])
    ids = [i if keeps else padding for i, keeps in zip(rows[0]["input_ids"], kept, strict=True)]
    return {**rows[0], "target": question.target, "baseline": ids}


def difference(classifier, question, keep=all_specials):
    """F(x) − F(x') by two plain calls of the model; in the second, positions are named, being those of the text."""
    row = {name: torch.tensor([value]) for name, value in row_of(classifier, question, keep).items()}
    target, baseline = int(row.pop("target")), row.pop("baseline")
    first = classifier.encoder.tokenizer.pad_token_id + 1 if classifier.checkpoint.model_type == "roberta" else 0
    positions = torch.arange(first, first + baseline.shape[1])[None]
    with torch.no_grad():
        at_text = classifier.model(**row).logits[0].double().numpy()
        at_baseline = classifier.model(**row | {"input_ids": baseline}, position_ids=positions).logits[0]
    return scalar_of(at_text, target) - scalar_of(at_baseline.double().numpy(), target)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("texts", [SENTENCES, PAIRS], ids=["texts", "pairs"])
def test_integrated_gradients_sum_to_the_difference(classifiers, kind, texts):
    classifier, questions = classifiers[kind], ask(*texts)
    found = explain(integrated_gradients, classifier, questions, 64)
    for question, explanation in zip(questions, found, strict=True):
        steps = int(explanation.notes["steps"])
        tokens = module.integrate(classifier, [row_of(classifier, question)], steps)[0]
        expected = difference(classifier, question)
        assert tokens.values.sum() == pytest.approx(expected, rel=0.05, abs=5e-5)
        gap = abs(tokens.values.sum() - expected) / max(abs(expected), 1e-3)
        assert gap == pytest.approx(explanation.notes["gap"], abs=1e-4)
        spans = classifier.encoder.spans([question.input])[0]
        assert (tokens.values[all_specials(spans[1])] == 0).all(), "they are the same in the baseline"
        words = words_from_tokens(question.units, *spans, tokens.values)
        np.testing.assert_array_equal(explanation.scores, words.scores)
        assert explanation.covered.all()
        assert explanation.reason is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_papers_baseline_has_no_separator_inside_a_pair(classifiers, kind):
    classifier, questions = classifiers[kind], ask(*PAIRS)
    for question, found in zip(questions, explain(paper_integrated_gradients, classifier, questions, 3), strict=True):
        assert found.notes["special_share"] > 0, "the separator inside goes from padding to itself"
        expected = difference(classifier, question, both_ends)
        assert abs(expected - difference(classifier, question)) > 1e-3
        tokens = module.integrate(classifier, [row_of(classifier, question, both_ends)], 50)[0]
        assert dict(tokens.notes).items() <= dict(found.notes).items()
        gap = abs(tokens.values.sum() - expected) / abs(expected)
        assert gap == pytest.approx(found.notes["gap"], abs=1e-4)


def test_of_one_text_the_papers_baseline_is_ours(classifiers, monkeypatch):
    monkeypatch.setattr(module, "TOLERANCE", np.inf)
    found = explain(integrated_gradients, classifiers["bert"], ask(*SENTENCES), 50)
    assert same(found, explain(paper_integrated_gradients, classifiers["bert"], ask(*SENTENCES)))


@pytest.mark.parametrize("texts", [SENTENCES[:2], PAIRS], ids=["texts", "pairs"])
def test_a_linear_model_by_hand(folders, texts):
    classifier = make_classifier(folders["bert"])
    classifier.model = bag = Bag(len(classifier.encoder.tokenizer), 2)
    weights = bag.embedding.weight.detach().double().numpy()
    of_logits = np.array([1.0, -1.0])  # gradient of z_0 − z_1
    for question in ask(*texts, target=0):
        row, spans = row_of(classifier, question), classifier.encoder.spans([question.input])[0]
        by_hand = {
            integrated_gradients: (weights[row["input_ids"]] - weights[row["baseline"]]) @ of_logits,
            input_x_gradient: weights[row["input_ids"]] @ of_logits,
        }
        for explainer, tokens in by_hand.items():
            words = words_from_tokens(question.units, *spans, tokens)
            found = explain(explainer, classifier, [question], 2)[0]
            np.testing.assert_allclose(found.scores, words.scores, atol=1e-6)
            assert found.notes["special_share"] == pytest.approx(words.special_share, abs=1e-6)


def test_the_explained_scalar_is_the_log_odds(folders, tmp_path):
    labels = ("a", "b", "c")
    classifier = make_classifier(write_model(tmp_path, "bert", labels), labels)
    inputs = [question.input for question in ask(*SENTENCES[:1] * 8)]
    rows = classifier.encoder.encode(inputs)
    tensors = {name: torch.tensor([row[name] for row in rows]) for name in rows[0]}
    tensors["target"] = torch.arange(8) % 3
    scalar, arguments = explained_scalar(classifier, tensors)
    expected = [scalar_of(logits, i % 3) for i, logits in enumerate(classifier.logits(inputs))]
    np.testing.assert_allclose(scalar(*arguments).detach().numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=names)
def test_every_question_has_its_own_target(tmp_path, explainer):
    three = make_classifier(write_model(tmp_path / "three", "bert", ("a", "b", "c")), ("a", "b", "c"))
    asked = [ask(SENTENCES[1], target=target)[0] for target in (0, 1, 2)]
    together = explain(explainer, three, asked)
    for question, found in zip(asked, together, strict=True):
        assert same([found], explain(explainer, three, [question]))
    assert len({found.scores.tobytes() for found in together}) == 3
    two = make_classifier(write_model(tmp_path / "two", "roberta"))
    no, yes = explain(explainer, two, [ask(SENTENCES[2], target=target)[0] for target in (0, 1)])
    np.testing.assert_allclose(no.scores, -yes.scores, atol=1e-6 * np.abs(yes.scores).max())


@pytest.mark.parametrize("kind", KINDS)
def test_a_regression_is_explained_by_its_prediction(tmp_path, kind):
    classifier = make_classifier(write_model(tmp_path, kind, ()), ())
    question = ask(PAIRS[1], target=0)[0]
    steps = int(explain(integrated_gradients, classifier, [question], 64)[0].notes["steps"])
    tokens = module.integrate(classifier, [row_of(classifier, question)], steps)[0]
    assert tokens.values.sum() == pytest.approx(difference(classifier, question), rel=0.05)


def test_rough_rows_are_run_again_with_more_steps(classifiers):
    classifier, questions = classifiers["bert"], ask(*SENTENCES, "good bad film")
    found = explain(integrated_gradients, classifier, questions, 2)
    steps = [int(row.notes["steps"]) for row in found]
    assert max(steps) > 2
    assert set(steps) <= {2, 4, 8, 16, 32, 64, 128, 256, 400}
    for question, row, needed in zip(questions, found, steps, strict=True):
        assert row.reason is None
        assert row.notes["gap"] <= 0.05
        assert same([row], explain(integrated_gradients, classifier, [question], needed))
        if needed > 2:
            before = module.integrate(classifier, [row_of(classifier, question)], needed // 2)[0]
            assert before.notes["gap"] > 0.05


def test_what_does_not_converge_says_so(classifiers, monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 3)
    monkeypatch.setattr(module, "TOLERANCE", 1e-9)
    found = explain(integrated_gradients, classifiers["bert"], ask(*SENTENCES), 2)
    assert [row.reason for row in found] == ["not_converged"] * len(SENTENCES)
    assert {row.notes["steps"] for row in found} == {3.0}
    assert all(np.abs(row.scores).max() > 0 for row in found)
    assert [row.reason for row in explain(paper_integrated_gradients, classifiers["bert"], ask(*SENTENCES))] == [
        None
    ] * len(SENTENCES)


def many_questions(count):
    random = generator("texts")
    words = " ".join(SENTENCES).split()
    texts = [" ".join(random.choice(words, size=length)) for length in random.integers(1, 4, count)]
    return [replace(question, target=i % 2) for i, question in enumerate(ask(*texts))]


@pytest.mark.parametrize(
    ("explainer", "kind", "dtype"),
    [
        (integrated_gradients, "bert", "float32"),
        (integrated_gradients, "roberta", "float32"),
        (integrated_gradients, "bert", "bfloat16"),
        (input_x_gradient, "bert", "bfloat16"),
        (input_x_gradient, "roberta", "float32"),
        (paper_integrated_gradients, "roberta", "float32"),
    ],
    ids=lambda value: value if isinstance(value, str) else names(value),
)
def test_lots_orders_and_companions_change_no_bit(folders, explainer, kind, dtype, monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 16)  # what has not converged by then counts as much
    monkeypatch.setattr(paper_module, "STEPS", 10)  # no multiple of 8, as 50 is none
    questions = many_questions(40)

    def run(tokens, asked):
        return explain(explainer, make_classifier(folders[kind], tokens=tokens, dtype=dtype), asked, 4)

    expected = run(8, questions)
    assert same(run(64 * 12, questions), expected)
    order = generator("order").permutation(len(questions))
    assert same(run(None, [questions[i] for i in order[:15]]), [expected[i] for i in order[:15]])
    assert same(run(None, [questions[5]]), [expected[5]])


@pytest.mark.parametrize("steps", [1, 6, 16])
def test_any_number_of_steps_keeps_its_bits(folders, steps, monkeypatch):
    monkeypatch.setattr(module, "TOLERANCE", np.inf)
    questions = many_questions(30)
    few, many = (make_classifier(folders["bert"], tokens=tokens) for tokens in (8, 64 * 12))
    expected = explain(integrated_gradients, few, questions, steps)
    assert same(explain(integrated_gradients, many, questions, steps), expected)
    assert {row.notes["steps"] for row in expected} == {steps}


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=names)
@pytest.mark.parametrize("kind", KINDS)
def test_odd_texts_have_explanations(classifiers, explainer, kind, monkeypatch):
    monkeypatch.setattr(paper_module, "STEPS", 8)
    for question, found in zip(ask(*ODD_TEXTS), explain(explainer, classifiers[kind], ask(*ODD_TEXTS)), strict=True):
        assert found.scores.shape == found.covered.shape == (len(question.units),)
        assert found.reason in (None, "not_converged")
        assert np.isfinite(found.scores).all()
    pair = explain(explainer, classifiers[kind], ask(("", "word"), ("", "")))
    assert [len(found.scores) for found in pair] == [1, 0]


def test_units_beyond_the_window_are_not_covered(classifiers):
    text = " ".join(["queen"] * 30 + ["film"] * 30)
    found = explain(input_x_gradient, classifiers["bert"], ask(text))[0]
    assert found.covered.tolist() == sorted(found.covered.tolist(), reverse=True)
    assert 0 < found.covered.sum() < 60
    assert (found.scores[~found.covered] == 0).all()
    assert (found.scores[found.covered] != 0).all()


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=names)
def test_what_is_not_finite_is_not_finite_for_that_example_only(folders, explainer, monkeypatch):
    monkeypatch.setattr(paper_module, "STEPS", 8)
    questions = ask("the queen slept", "a film, the girl", "the queen saw the dogs", "the boys slept")
    clean = explain(explainer, make_classifier(folders["bert"]), questions)
    broken = make_classifier(folders["bert"])
    queen = broken.encoder.tokenizer("queen")["input_ids"][1]
    broken.model.get_input_embeddings().weight[queen] = torch.nan
    found = explain(explainer, broken, questions)
    without = [i for i, question in enumerate(questions) if queen not in ids_of(broken, question)]
    assert 0 < len(without) < len(questions)
    assert [found[i].reason for i in range(len(questions))] == [
        None if i in without else "non_finite" for i in range(len(questions))
    ]
    assert same([found[i] for i in without], [clean[i] for i in without])
    assert {frozenset(row.notes) for row in found} == {frozenset(clean[0].notes)}
    for parameter in broken.model.parameters():
        parameter.fill_(torch.nan)
    assert [row.reason for row in explain(explainer, broken, questions)] == ["non_finite"] * len(questions)


def ids_of(classifier, question):
    return classifier.encoder.encode([question.input])[0]["input_ids"]


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=names)
def test_the_model_is_left_as_it_was(folders, explainer):
    classifier = make_classifier(folders["roberta"])
    before = {name: value.clone() for name, value in classifier.model.state_dict().items()}
    logits = classifier.logits([question.input for question in ask(*SENTENCES)])
    explain(explainer, classifier, ask(*SENTENCES))
    assert not classifier.model.training
    assert all(parameter.grad is None for parameter in classifier.model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in classifier.model.state_dict().items())
    assert not classifier.model.get_input_embeddings()._forward_hooks
    again = classifier.logits([question.input for question in ask(*SENTENCES)])
    np.testing.assert_array_equal(again, logits)


@pytest.mark.parametrize("steps", [1, 6, 16])
def test_a_gradient_has_eight_rows_or_a_multiple_and_no_more_than_the_lot(folders, steps, monkeypatch):
    monkeypatch.setattr(module, "TOLERANCE", np.inf)
    classifier = make_classifier(folders["bert"], tokens=32 * 10)
    rows = []

    def record(model, given, named):
        if torch.is_grad_enabled():
            rows.append(named["input_ids"].shape)

    classifier.model.register_forward_pre_hook(record, with_kwargs=True)
    for count in (1, 3, 9, 40):
        rows.clear()
        explain(integrated_gradients, classifier, ask(*["good film"] * count), steps)
        assert all(lot % 8 == 0 and lot * length <= 32 * 10 for lot, length in rows)
        multiple = 8 // np.gcd(steps, 8)
        assert sum(lot for lot, _ in rows) == steps * (count + -count % multiple), "steps fill the lot, not copies"


def test_forwards_are_counted(folders):
    classifier = make_classifier(folders["bert"])
    explain(paper_integrated_gradients, classifier, ask(*SENTENCES))
    assert classifier.forwards == 54 * len(SENTENCES)
    explain(input_x_gradient, classifier, ask(*SENTENCES))
    assert classifier.forwards == 55 * len(SENTENCES)


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=names)
def test_a_tokenizer_without_offsets_is_not_measured(folders, explainer, monkeypatch):
    classifier = make_classifier(folders["bert"])
    monkeypatch.setattr(type(classifier.encoder.tokenizer), "is_fast", False)
    found = explain(explainer, classifier, ask(*SENTENCES))
    assert [row.reason for row in found] == ["not_measured"] * len(SENTENCES)
    assert [len(row.scores) for row in found] == [len(question.units) for question in ask(*SENTENCES)]


def test_the_baseline_of_a_tokenizer_without_padding(folders):
    classifier = make_classifier(folders["bert"])
    tokenizer = classifier.encoder.tokenizer
    assert module.padding_id(classifier) == tokenizer.pad_token_id == 0
    tokenizer.pad_token = None
    assert module.padding_id(classifier) == tokenizer.unk_token_id == 1
    tokenizer.unk_token, tokenizer.eos_token = None, "[SEP]"
    assert module.padding_id(classifier) == 3


def test_a_text_is_no_question_for_a_model_of_images(tiny_models: Path):
    from xkd_bench.models.checkpoint import open_checkpoint
    from xkd_bench.models.classifier import Classifier, Runtime
    from xkd_bench.models.fit import check_fit

    card = find_task("demo/digits").card
    checkpoint = open_checkpoint(str(tiny_models / "digits"))
    classifier = Classifier(checkpoint, card, check_fit(checkpoint, card, "student"), Runtime())
    with pytest.raises(TypeError, match="ImageInput"):
        explain(input_x_gradient, classifier, ask("a"))
