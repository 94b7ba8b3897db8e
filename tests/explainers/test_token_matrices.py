"""GlobEnc, ATS and attention of a block: the Gram form against the parts written out, values and gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from xkd_bench.errors import BadInputError
from xkd_bench.explainers.aggregation import aggregate
from xkd_bench.explainers.token_matrices import Variant, ats, attention, globenc, globenc_row
from xkd_bench.models.blocks import Block, Norm, read_blocks
from xkd_bench.models.loading import seeded

VARIANTS: dict[str, tuple[Variant, ...]] = {
    "bert": ("n_enc", "n_res_ln", "n_res"),
    "roberta": ("n_enc", "n_res_ln", "n_res"),
    "distilbert": ("n_enc", "n_res_ln", "n_res"),
    "vit": ("n_res", "n_res_next_ln"),
    "deit": ("n_res", "n_res_next_ln"),
}
POST_LN = ("bert", "roberta", "distilbert")


def make_model(kind: str, dtype: torch.dtype = torch.float64) -> nn.Module:
    """Three blocks of four heads; every weight, bias and norm is random."""
    import transformers as hub

    sizes = {"num_hidden_layers": 3, "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 48}
    image = {"image_size": 16, "patch_size": 4}
    makers: dict[str, Callable[[], nn.Module]] = {
        "bert": lambda: hub.BertModel(hub.BertConfig(vocab_size=60, **sizes)),
        "roberta": lambda: hub.RobertaModel(hub.RobertaConfig(vocab_size=60, **sizes)),
        "distilbert": lambda: hub.DistilBertModel(
            hub.DistilBertConfig(vocab_size=60, n_layers=3, dim=32, n_heads=4, hidden_dim=48)
        ),
        "vit": lambda: hub.ViTModel(hub.ViTConfig(**sizes, **image)),
        "deit": lambda: hub.DeiTModel(hub.DeiTConfig(**sizes, **image)),
    }
    with seeded(1):
        model = makers[kind]()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.randn_like(parameter) * 0.3 + (parameter.ndim == 1) * 0.2)
    return model.to(dtype).eval()


def make_inputs(kind: str, dtype: torch.dtype = torch.float64, padded: bool = True) -> dict[str, Tensor]:
    """Two examples; of the texts the second one is padded."""
    with seeded(2):
        if kind in ("vit", "deit"):
            return {"pixel_values": torch.randn(2, 3, 16, 16, dtype=dtype)}
        mask = torch.tensor([[1] * 7, [1] * 5 + [int(not padded)] * 2])
        return {"input_ids": torch.randint(5, 60, (2, 7)), "attention_mask": mask}


def parts_written_out(block: Block) -> Tensor:
    """u_ij of every pair, (B, n, n, d): what the Gram form never makes."""
    heads, width = block.values.shape[1], block.values.shape[3]
    given = 0
    for h in range(heads):
        weight = block.output.weight[:, h * width : (h + 1) * width]
        f = block.values[:, h] @ weight.T  # (B, n, d)
        given = given + block.attention[:, h, :, :, None] * f[:, None, :, :]
    eye = torch.eye(given.shape[1], dtype=given.dtype)
    return given + eye[None, :, :, None] * block.stream[:, :, None, :]


def naive(block: Block, variant: Variant) -> Tensor:
    parts = parts_written_out(block)
    for norm in block.norms[: {"n_enc": 2, "n_res_ln": 1, "n_res": 0, "n_res_next_ln": 1}[variant]]:
        parts = (parts - parts.mean(-1, keepdim=True)) * norm.weight / norm.deviation[:, :, None, None]
    return parts.norm(dim=-1)


@pytest.mark.parametrize("kind", VARIANTS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_the_gram_form_equals_the_parts_written_out(kind: str, dtype: torch.dtype, tolerance: float) -> None:
    _, blocks = read_blocks(make_model(kind, dtype), make_inputs(kind, dtype))
    assert len(blocks) == 3
    for block in blocks:
        assert block.pre_norm == (kind not in POST_LN)
        for variant in VARIANTS[kind]:
            expected, found = naive(block, variant), globenc(block, variant)
            assert (found - expected).abs().max() <= tolerance * expected.abs().max(), variant
            for row in (0, 3):
                alone = globenc_row(block, row, variant)
                assert (alone - expected[:, row]).abs().max() <= tolerance * expected.abs().max(), variant


@pytest.mark.parametrize("kind", VARIANTS)
def test_the_parts_sum_to_the_state_that_the_block_computes(kind: str) -> None:
    model = make_model(kind)
    output, blocks = read_blocks(model, make_inputs(kind))
    for block, following in pairwise(blocks):
        state = parts_written_out(block).sum(2) + block.output.bias
        if block.pre_norm:
            assert (block.norms[0].input - following.stream).abs().max() < 1e-12, "the next norm reads the stream"
        else:
            assert (state - block.norms[0].input).abs().max() < 1e-12
            last = block.norms[1]
            read = nn.functional.layer_norm(last.input, (32,), last.weight, None, last.eps)
            assert (read - following.stream).std(dim=(0, 1)).max() < 1e-12, "β alone is left"
    assert output.last_hidden_state.shape[:2] == blocks[-1].stream.shape[:2]


@pytest.mark.parametrize("kind", ["bert", "vit", "deit"])
def test_gradients_are_those_of_the_parts_written_out(kind: str) -> None:
    """With regard to scores (by q and k), values, W_O, the stream and every γ: all weights of the model. Without
    padding: a norm of 0 has no slope."""
    model, inputs = make_model(kind), make_inputs(kind, padded=False)
    with seeded(3):
        weights = torch.rand(3, 2, 17 if kind == "vit" else 18 if kind == "deit" else 7, dtype=torch.float64)

    def gradients(matrix: Callable[[Block, Variant], Tensor], variant: Variant) -> dict[str, Tensor]:
        model.zero_grad()
        _, blocks = read_blocks(model, inputs)
        found = [(matrix(block, variant).sum(1) * w).sum() for block, w in zip(blocks, weights, strict=True)]
        torch.stack(found).sum().backward()
        return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}

    for variant in VARIANTS[kind]:
        expected, found = gradients(naive, variant), gradients(globenc, variant)
        assert set(found) == set(expected)
        names = [name for name in found if "weight" in name and ("query" in name or "q_proj" in name)]
        assert len(names) == 3
        for name in names[1:]:
            assert found[name].abs().max() > 0, "attention is reached"
        for name, value in expected.items():
            assert (found[name] - value).abs().max() <= 1e-11 * (1 + value.abs().max()), (variant, name)


def made_block(n: int = 4, heads: int = 2, width: int = 3, pre_norm: bool = False, seed: int = 0) -> Block:
    """A block of random tensors that ask for gradients."""
    d = heads * width
    with seeded(seed):
        output = nn.Linear(d, d).double()
        norms = tuple(
            Norm(torch.randn(d).double().requires_grad_(), 1e-5, torch.randn(1, n, d).double().requires_grad_())
            for _ in range(1 if pre_norm else 2)
        )
        return Block(
            stream=torch.randn(1, n, d).double().requires_grad_(),
            attention=torch.randn(1, heads, n, n).double().softmax(-1).detach().requires_grad_(),
            values=torch.randn(1, heads, n, width).double().requires_grad_(),
            output=output,
            pre_norm=pre_norm,
            norms=norms,
        )


@pytest.mark.parametrize("train", [False, True])
def test_gradcheck(train: bool) -> None:
    block = made_block(n=3)
    variables = (block.stream, block.attention, block.values, block.output.weight)
    variables += tuple(part for norm in block.norms for part in (norm.weight, norm.input))

    def of(stream: Tensor, given: Tensor, values: Tensor, weight: Tensor, *of_norms: Tensor) -> Tensor:
        output = nn.utils.skip_init(nn.Linear, 6, 6, dtype=torch.float64)
        del output.weight
        output.weight = weight
        norms = tuple(Norm(of_norms[2 * i], 1e-5, of_norms[2 * i + 1]) for i in range(2))
        return globenc(Block(stream, given, values, output, False, norms), "n_enc", train=train)

    assert torch.autograd.gradcheck(of, variables)


@pytest.mark.parametrize(("n", "heads"), [(1, 1), (1, 4), (5, 1), (9, 3)])
def test_one_token_and_one_head_are_no_special_cases(n: int, heads: int) -> None:
    block = made_block(n, heads)
    for variant in VARIANTS["bert"]:
        assert (globenc(block, variant) - naive(block, variant)).abs().max() < 1e-12


def test_the_order_of_the_heads_says_nothing_and_the_size_of_gamma_scales() -> None:
    block, order = made_block(heads=3), [2, 0, 1]
    weight = block.output.weight.view(9, 3, 3)[:, order].reshape(9, 9)
    output = nn.Linear(9, 9).double()
    output.weight = nn.Parameter(weight)
    turned = replace(block, attention=block.attention[:, order], values=block.values[:, order], output=output)
    assert (globenc(turned) - globenc(block)).abs().max() < 1e-12
    doubled = replace(block, norms=(replace(block.norms[0], weight=2 * block.norms[0].weight), block.norms[1]))
    assert (globenc(doubled) - 2 * globenc(block)).abs().max() < 1e-12


def test_a_masked_token_gives_nothing_and_takes_nothing() -> None:
    model, inputs = make_model("bert"), make_inputs("bert")
    _, blocks = read_blocks(model, inputs)
    real = inputs["attention_mask"].double()
    for block in blocks:
        assert block.attention[1, :, :, 5:].abs().max() == 0
        for found in (globenc(block, real=real), attention(block, real)):
            assert found[1, :, 5:].abs().max() == found[1, 5:].abs().max() == 0
            assert found[0].min() > 0
        assert ats(block, real)[1, :, 5:].abs().max() == 0


def test_one_head_that_carries_the_stream_by_hand() -> None:
    """W_O and W_V the identity: off the diagonal N_Res is attention times the length of the state."""
    block = made_block(heads=1, width=6, pre_norm=True)
    output = nn.Linear(6, 6).double()
    output.weight = nn.Parameter(torch.eye(6).double())
    block = replace(block, values=block.stream[:, None], output=output)
    expected = block.attention[0, 0] * block.stream[0].norm(dim=-1)
    found = globenc(block, "n_res")[0]
    off = ~torch.eye(4, dtype=torch.bool)
    assert (found - expected)[off].abs().max() < 1e-12
    own = (1 + block.attention[0, 0].diagonal()) * block.stream[0].norm(dim=-1)
    assert (found.diagonal() - own).abs().max() < 1e-12


def test_variants_belong_to_kinds_of_blocks() -> None:
    with pytest.raises(ValueError, match="post-LN"):
        globenc(made_block(), "n_res_next_ln")
    with pytest.raises(ValueError, match="pre-LN"):
        globenc(made_block(pre_norm=True), "n_enc")


def test_ats_by_hand() -> None:
    block = made_block(n=3, heads=2, width=1)
    given = torch.tensor([[[0.2, 0.3, 0.5]] * 3, [[0.6, 0.2, 0.2]] * 3]).double()[None]
    values = torch.tensor([[[9.0], [3.0], [0.0]], [[9.0], [4.0], [2.0]]]).double()[None]  # lengths 12.7, 5, 2
    found = ats(replace(block, attention=given, values=values), torch.tensor([[0.0, 1, 1]]).double())
    total = 0.5 * 5 + 0.7 * 2
    expected = torch.tensor([0, 0.5 * 5 / total, 0.7 * 2 / total]).double()
    assert (found[0] - expected).abs().max() < 1e-7


def test_aggregations_of_two_blocks_by_hand() -> None:
    first = torch.tensor([[[2.0, 2], [0, 4]]])  # rows .5 .5 and 0 1
    second = torch.tensor([[[1.0, 3], [1, 1]]])  # rows .25 .75 and .5 .5
    rollout = torch.tensor([[0.125, 0.875], [0.25, 0.75]])
    assert torch.allclose(aggregate([first, second], "rollout")[0], rollout / 0.875)
    added = torch.tensor([[0.75, 1.25], [0.5, 1.5]])
    assert torch.allclose(aggregate([first, second], "plus")[0], added / 1.5)
    assert torch.allclose(aggregate([first, second], "skip_plus")[0], torch.tensor([[0.25, 0.75], [0.5, 0.5]]) / 0.75)
    halves = [torch.tensor([[0.75, 0.25], [0.0, 1]]), torch.tensor([[0.625, 0.375], [0.25, 0.75]])]
    expected = halves[1] @ halves[0]
    assert torch.allclose(aggregate([first, second], "rollout", with_identity=True)[0], expected / expected.max())


def test_in_training_attention_is_before_dropout_and_a_loss_reaches_every_weight() -> None:
    model, inputs = make_model("bert").train(), make_inputs("bert")
    with seeded(5):
        _, blocks = read_blocks(model, inputs)
    for block in blocks:
        assert (block.attention.sum(-1) - 1).abs().max() < 1e-6
    loss = aggregate([globenc(block, train=True) for block in blocks], "rollout")[:, 0].square().sum()
    loss.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters()), "padding has norms of 0"
    reached = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().max() > 0}
    for part in ("query.weight", "key.weight", "value.weight", "attention.output.dense.weight", "LayerNorm.weight"):
        assert any(name.endswith(part) and "layer.0" in name for name in reached), part
    assert "embeddings.word_embeddings.weight" in reached


@pytest.mark.parametrize("kind", ["bert", "vit"])
def test_a_model_is_left_as_it_was_found(kind: str) -> None:
    model, inputs = make_model(kind), make_inputs(kind)
    before, hooks = model.config._attn_implementation, _hooks(model)
    expected = model(**inputs).last_hidden_state
    read_blocks(model, inputs)
    assert model.config._attn_implementation == before
    assert _hooks(model) == hooks == 0
    assert torch.equal(model(**inputs).last_hidden_state, expected)


def _hooks(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def test_what_is_no_transformer_is_refused() -> None:
    from transformers import ResNetConfig, ResNetModel

    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1], layer_type="basic")
    with pytest.raises(BadInputError, match=r"attention|blocks"):
        read_blocks(ResNetModel(config), {"pixel_values": torch.randn(1, 3, 32, 32)})
