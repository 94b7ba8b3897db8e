"""lime and shap as the papers ran them: equal to the libraries called by hand, the same for every model and order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import softmax
from small_text_models import KINDS, ODD_TEXTS, SENTENCES, Bag, ask, make_classifier, same, write_model

from xkd_bench.explainers.contract import ExplainerSettings
from xkd_bench.explainers.one_text import OneText
from xkd_bench.explainers.paper_lime import explainer as paper_lime
from xkd_bench.explainers.paper_shap import explainer as paper_shap
from xkd_bench.randomness import generator, seed_of
from xkd_bench.tasks.examples import TextInput

EXPLAINERS = [paper_lime, paper_shap]
PAIR = ("The old queen slept", "A careful girl saw the queen!")


def names(explainer):
    return explainer.card.name


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small text models")
    return {kind: write_model(folder / kind, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def classifiers(folders):
    return {kind: make_classifier(folder) for kind, folder in folders.items()}


def explain(explainer, classifier, questions, suite_seed=2026):
    heard = []
    found = explainer.explain(classifier, questions, ExplainerSettings(suite_seed, 50), heard.append)
    assert heard == [1] * len(questions)
    return found


def probabilities(classifier, texts):
    """Softmax of the model called on one text at a time, as the library of the papers' models would be."""
    found = []
    for text in texts:
        encoded = classifier.encoder.tokenizer(str(text), return_tensors="pt", truncation=True, max_length=48)
        encoded.pop("token_type_ids", None)
        with torch.no_grad():
            found.append(classifier.model(**encoded).logits[0].double().numpy())
    return softmax(np.array(found), axis=1)


@pytest.fixture
def asked(monkeypatch):
    """Every input that goes to a classifier."""
    from xkd_bench.models.classifier import Classifier

    heard = []
    original = Classifier.logits

    def record(self, inputs, *others):
        heard.extend(inputs)
        return original(self, inputs, *others)

    monkeypatch.setattr(Classifier, "logits", record)
    return heard


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", [0, 1])
def test_lime_equals_the_library(classifiers, kind, target):
    from lime.lime_text import LimeTextExplainer

    text = "A good film and a good queen saw two very careful dogs."
    question = ask(text, target=target)[0]
    found = explain(paper_lime, classifiers[kind], [question])[0]
    library = LimeTextExplainer(random_state=seed_of(2026, "paper_lime", question.example_id) % 2**32)
    explanation = library.explain_instance(
        text,
        lambda texts: probabilities(classifiers[kind], texts),
        labels=[target],
        num_features=20,
        num_samples=100,
    )
    weights = dict(explanation.as_list(target))
    assert len(weights) == 11
    expected = [weights.get(unit.text, 0.0) for unit in question.units]
    np.testing.assert_allclose(found.scores, expected, atol=1e-6)
    assert found.covered.tolist() == [unit.text in weights for unit in question.units]
    assert found.scores[1] == found.scores[5] != 0, "every occurrence of a word has its weight"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", [0, 1])
def test_shap_equals_the_library(classifiers, kind, target):
    import shap

    question = ask(SENTENCES[2], target=target)[0]
    classifier = classifiers[kind]
    found = explain(paper_shap, classifier, [question])[0]
    explain_text = shap.Explainer(
        lambda texts: probabilities(classifier, texts)[:, target], shap.maskers.Text(classifier.encoder.tokenizer)
    )
    np.random.seed(seed_of(2026, "paper_shap", question.example_id) % 2**32)  # noqa: NPY002
    explanation = explain_text([question.input.text], silent=True)
    encoding = classifier.encoder.tokenizer(question.input.text)
    expected, special = np.zeros(len(question.units)), 0.0
    for value, span in zip(
        explanation.values[0], (encoding.token_to_chars(i) for i in range(len(encoding["input_ids"]))), strict=True
    ):
        special += value if span is None else 0.0
        for i, unit in enumerate(question.units):
            if span is not None and max(span.start, unit.start) < min(span.end, unit.end):
                expected[i] += value
    np.testing.assert_allclose(found.scores, expected, atol=1e-6)
    assert found.covered.all()


def test_two_models_are_asked_about_the_same_variants_of_a_text(tmp_path, asked):
    one, other = (make_classifier(write_model(tmp_path / str(seed), "bert", seed=seed)) for seed in (1, 2))
    explain(paper_lime, one, ask(*SENTENCES))
    first = list(asked)
    asked.clear()
    explain(paper_lime, other, ask(*SENTENCES))
    assert asked == first
    asked.clear()
    explain(paper_lime, one, ask(*SENTENCES), suite_seed=1)
    assert asked != first
    asked.clear()
    explain(paper_lime, one, ask(*SENTENCES[:1] * 2))
    assert asked[: len(asked) // 2] != asked[len(asked) // 2 :], "another example has other masks"


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=names)
def test_lots_orders_and_random_state_change_no_bit(folders, explainer):
    questions = ask(SENTENCES[1], "a good film", "two dogs", "the girl saw the dogs")
    few, many = (make_classifier(folders["bert"], tokens=tokens) for tokens in (8, 64 * 12))
    np.random.seed(1)  # noqa: NPY002
    expected = explain(explainer, few, questions)
    np.random.seed(2)  # noqa: NPY002
    state, torch_state = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    order = generator("order").permutation(len(questions))
    assert same(explain(explainer, many, [questions[i] for i in order]), [expected[i] for i in order])
    after = np.random.get_state()  # noqa: NPY002
    assert (after[1] == state[1]).all()
    assert after[2:] == state[2:]
    assert torch.equal(torch.get_rng_state(), torch_state)


def test_ties_are_broken_by_the_example_and_not_by_what_ran_before(folders):
    """Equal words in a bag tie, and 500 evaluations do not reach the end of the tree: without a seed scores differ."""
    classifier = make_classifier(folders["bert"])
    classifier.model = Bag(len(classifier.encoder.tokenizer), 2)
    found = []
    for seed in range(3):
        np.random.seed(seed)  # noqa: NPY002
        found += explain(paper_shap, classifier, ask("a good film, a bad film, " * 3))
    assert same(found[:1], found[1:2])
    assert same(found[:1], found[2:])


def test_lime_names_twenty_words(classifiers):
    words = [f"w{i}" for i in range(25)]
    question = ask(" ".join(words) + ", didn't.")[0]
    found = explain(paper_lime, classifiers["bert"], [question])[0]
    assert len(question.units) == 28
    assert 19 <= found.covered.sum() <= 20, "both of didn't are one unit"
    assert (found.scores[~found.covered] == 0).all()
    assert not found.covered[25]
    assert not found.covered[27]


def test_a_pair_stays_a_pair_in_every_variant(classifiers, asked):
    question = ask(PAIR)[0]
    found = explain(paper_lime, classifiers["bert"], [question])[0]
    assert asked[0] == TextInput(*PAIR)
    for variant in asked:
        assert set(variant.text.split()) <= {"The", "old", "queen", "slept"}
        assert set(variant.text_pair.split()) <= {"A", "careful", "girl", "saw", "the", "queen!", "!"}
    assert len({variant.text_pair for variant in asked}) > 5
    queens = [score for unit, score in zip(question.units, found.scores, strict=True) if unit.text == "queen"]
    assert queens[0] == queens[1] != 0
    assert found.covered.tolist() == [unit.text != "!" for unit in question.units]


@pytest.mark.parametrize(("kind", "mask"), [("bert", "[MASK]"), ("roberta", "<mask>")])
def test_shap_masks_a_pair_as_a_pair(classifiers, asked, kind, mask):
    classifier, question = classifiers[kind], ask(PAIR)[0]
    found = explain(paper_shap, classifier, [question])[0]
    inputs = list(asked)
    assert all(variant.text_pair is not None for variant in inputs)
    separator = classifier.encoder.tokenizer.sep_token
    assert not any(separator in variant.text + variant.text_pair for variant in inputs)
    empty, whole = inputs[0], inputs[1]
    assert set(empty.text.split()) == set(empty.text_pair.split()) == {mask}
    assert whole == TextInput(*PAIR)
    values = softmax(classifier.logits([whole, empty]), axis=1)[:, 1]
    # What 500 evaluations leave open is shared among all tokens, the tokenizer's own among them.
    assert found.scores.sum() == pytest.approx(values[0] - values[1], rel=0.02)
    assert found.covered.all()
    assert (found.scores != 0).all()


@pytest.mark.parametrize("text", ["a|b", "a|", "|", "", " a "])
@pytest.mark.parametrize("pair", ["c", "|c|", "", "c "])
def test_a_pair_comes_apart_where_it_was_joined(text, pair):
    joined = OneText(TextInput(text, pair), "|")
    assert joined.parted(joined.string) == TextInput(text, pair)
    assert OneText(TextInput(text, f"  {pair}"), "|").parted(joined.string) == TextInput(text, pair)
    alone = OneText(TextInput(text), "|")
    assert alone.parted(alone.string) == TextInput(text)


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=names)
@pytest.mark.parametrize("kind", KINDS)
def test_white_space_before_the_second_text_changes_nothing(classifiers, asked, explainer, kind):
    spaced = explain(explainer, classifiers[kind], ask((PAIR[0], f" \n {PAIR[1]}")))
    assert all(variant.text_pair is not None for variant in asked)
    assert same(spaced, explain(explainer, classifiers[kind], ask(PAIR)))


def test_a_pair_that_shap_cannot_join_is_not_measured(folders):
    classifier = make_classifier(folders["bert"])
    found = explain(paper_shap, classifier, ask(("a [SEP] b", "c"), PAIR))
    assert [row.reason for row in found] == ["not_measured", None]
    classifier.encoder.tokenizer.sep_token = None
    assert [row.reason for row in explain(paper_shap, classifier, ask(PAIR))] == ["not_measured"]
    assert [row.reason for row in explain(paper_shap, classifier, ask("good film"))] == [None]


def test_a_tokenizer_without_offsets_is_not_measured(folders, monkeypatch):
    classifier = make_classifier(folders["bert"])
    monkeypatch.setattr(type(classifier.encoder.tokenizer), "is_fast", False)
    assert [row.reason for row in explain(paper_shap, classifier, ask("good film"))] == ["not_measured"]
    assert [row.reason for row in explain(paper_lime, classifier, ask("good film"))] == [None]


def test_a_tree_needs_two_tokens(folders):
    from tokenizers.processors import TemplateProcessing

    classifier = make_classifier(folders["bert"])
    classifier.encoder.tokenizer.backend_tokenizer.post_processor = TemplateProcessing("$A", "$A $B", [])
    found = explain(paper_shap, classifier, ask("", "film", "good film"))
    assert [row.reason for row in found] == ["too_few_units", "too_few_units", None]
    assert [len(row.scores) for row in found] == [0, 1, 2]


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=names)
@pytest.mark.parametrize("kind", KINDS)
def test_odd_texts_have_explanations(classifiers, explainer, kind):
    questions = ask(*ODD_TEXTS)
    for question, found in zip(questions, explain(explainer, classifiers[kind], questions), strict=True):
        assert found.scores.shape == found.covered.shape == (len(question.units),)
        assert found.reason is None
        assert np.isfinite(found.scores).all()
    pairs = explain(explainer, classifiers[kind], ask(("", "word"), ("", ""), ("  !", "\ue000 a\ue000")))
    assert [len(row.scores) for row in pairs] == [1, 0, 4]
    assert [row.reason for row in pairs] == [None] * 3


def test_a_character_numpy_drops_shifts_no_word(classifiers):
    """lime keeps words in an array of strings, and numpy takes trailing zero characters off those."""
    plain = explain(paper_lime, classifiers["bert"], ask("good film dogs"))[0]
    found = explain(paper_lime, classifiers["bert"], ask("good \x00film \x00dogs"))[0]
    assert found.covered.tolist() == [True, False, True, False, True]
    assert plain.covered.all()
    question = ask("good \x00film \x00dogs")[0]
    assert [unit.text for unit in question.units][::2] == ["good", "film", "dogs"]


@pytest.mark.parametrize("kind", KINDS)
def test_shap_does_not_cover_what_the_window_cuts_off(classifiers, kind):
    found = explain(paper_shap, classifiers[kind], ask(" ".join(["queen"] * 30 + ["film"] * 30)))[0]
    assert found.covered.tolist() == sorted(found.covered.tolist(), reverse=True)
    assert 0 < found.covered.sum() < 60


def test_every_question_has_its_own_target(tmp_path):
    labels = ("a", "b", "c")
    classifier = make_classifier(write_model(tmp_path, "bert", labels), labels)
    for explainer in EXPLAINERS:
        asked = [ask("a very good film", target=target)[0] for target in (0, 1, 2)]
        scores = np.array([row.scores for row in explain(explainer, classifier, asked)])
        assert np.abs(scores).max(axis=1).min() > 0
        if explainer is paper_lime:
            np.testing.assert_allclose(scores.sum(axis=0), 0.0, atol=1e-9)  # the probabilities sum to a constant


def test_a_regression(tmp_path):
    classifier = make_classifier(write_model(tmp_path, "roberta", ()), ())
    question = ask(SENTENCES[0], target=0)[0]
    assert explain(paper_lime, classifier, [question])[0].reason == "regression"
    found = explain(paper_shap, classifier, [question])[0]
    count = len(classifier.encoder.tokenizer(question.input.text)["input_ids"]) - 2
    whole, empty = classifier.logits([question.input, TextInput(" ".join(["<mask>"] * count))])[:, 0]
    assert found.scores.sum() == pytest.approx(whole - empty, abs=0.02 * abs(whole - empty))


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=names)
def test_what_is_not_finite_says_so(folders, explainer):
    classifier = make_classifier(folders["bert"])
    queen = classifier.encoder.tokenizer("queen")["input_ids"][1]
    questions = ask("the queen slept", "a good film")
    clean = explain(explainer, classifier, questions)
    classifier.model.get_input_embeddings().weight[queen] = torch.nan
    found = explain(explainer, classifier, questions)
    assert [row.reason for row in found] == ["non_finite", None]
    assert same(found[1:], clean[1:])
