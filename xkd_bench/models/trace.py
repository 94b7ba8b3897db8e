"""One forward with what a distiller may ask to see: states, attention scores, embeddings with a gradient, blocks.

Attention scores are q·k/√d_h before the mask, the softmax and dropout: what `output_attentions` gives in train mode is
after dropout, with exact zeros and rows that do not sum to one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from xkd_bench.errors import BadInputError
from xkd_bench.models.blocks import Block, block_modules, read_blocks

TRACED_ATTENTION = "xkd_bench_traced"
DISTILLATION_TOKEN = 1  # where a DeiT keeps it, after [CLS]


@dataclass(frozen=True)
class Watch:
    """What to keep of a forward beside the logits.

    attention_scores also lets attention be replaced. embedding_gradient makes the embedding output of a frozen model a
    leaf that requires grad: with frozen weights, autograd has nothing to differentiate by otherwise. blocks: attention,
    values and norms of every block, as `models.blocks` reads them.
    """

    hidden_states: bool = False
    attention_scores: bool = False
    embedding_gradient: bool = False
    blocks: bool = False

    @property
    def needs_traced_attention(self) -> bool:
        """Fused attention neither shows its scores nor has a second derivative."""
        return self.attention_scores or self.embedding_gradient


@dataclass(frozen=True)
class Instead:
    """What stands in a forward in place of what the model computes.

    embeddings: (B, n, d), in place of the embedding output. attention: block (from 1) → (B, H, n, n) probabilities used
    as they are, without dropout; the block's own query and key weights then have no part in the output.
    """

    embeddings: Tensor | None = None
    attention: Mapping[int, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Trace:
    """logits (B, C) in canonical class order.

    hidden_states: [0] is the embedding output, [l] the output of block l, each (B, n, d). attention_scores: [l − 1] of
    block l, (B, H, n, n). Both are without a DeiT's distillation token, which other models do not have; `embeddings`
    (B, n, d), the variable of input gradients, and `blocks` are as in the model, `tokens` drops it from them.
    distillation_logits: (B, C) of the head on that token, None for a model that has none; class_logits: of the other.
    """

    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None = None
    attention_scores: tuple[Tensor, ...] | None = None
    embeddings: Tensor | None = None
    blocks: tuple[Block, ...] | None = None
    distillation_token: bool = False
    class_logits: Tensor | None = None
    distillation_logits: Tensor | None = None

    def tokens(self, tensor: Tensor, *axes: int) -> Tensor:
        """`tensor` without the distillation token on these axes."""
        return _without_distillation_token(tensor, *axes) if self.distillation_token else tensor


@dataclass
class _Forward:
    """The forward under way: the scores it collects, and attention that stands in for its own."""

    scores: list[Tensor]
    attention: Mapping[int, Tensor]


_forward: ContextVar[_Forward | None] = ContextVar("the forward under way", default=None)


def prepare(model: Any, watch: Watch, written_out: bool = False) -> None:
    """Switch a model to attention that can be watched, where that is asked for. Raises where it cannot.

    written_out: also where it is not, have attention computed by plain products: torch's fused kernel for CPUs takes
    three times as long as they do for the gradient in bfloat16 (3.3 and 1.4 ms an image, six blocks of width 128).
    """
    if not watch.needs_traced_attention:
        if written_out:
            with suppress(ValueError, AttributeError):  # an architecture that has one kind of attention keeps it
                model.set_attn_implementation("eager")
        return
    _register()
    try:
        model.set_attn_implementation(TRACED_ATTENTION)
    except (ValueError, AttributeError) as error:
        raise BadInputError(
            where=type(model).__name__,
            expected="an architecture whose attention can be watched",
            found=str(error),
            fix="choose a method that needs neither attention scores nor input gradients",
        ) from error


def trace(
    model: Any,
    inputs: dict[str, Tensor],
    columns: list[int] | None,
    watch: Watch,
    instead: Instead | None = None,
) -> Trace:
    """Run the model once on a batch. Gradients flow as the model's mode and weights allow.

    columns: which output answers for each class of the task; None for logits as they are, of whatever shape.
    """
    instead = instead or Instead()
    forward = _Forward([], instead.attention)
    states: list[Tensor] = []
    embedded: list[Tensor] = []
    with ExitStack() as stack:
        if watch.attention_scores or instead.attention:
            stack.enter_context(_under_way(forward))
        if watch.embedding_gradient or instead.embeddings is not None:
            hook = _embedding_hook(embedded, instead.embeddings)
            stack.callback(model.base_model.embeddings.register_forward_hook(hook).remove)
        if watch.hidden_states:
            for module in block_modules(model):
                stack.callback(module.register_forward_pre_hook(_entering(states), with_kwargs=True).remove)
                stack.callback(module.register_forward_hook(_leaving(states)).remove)
        if watch.blocks:
            output, blocks = read_blocks(model, inputs)
        else:
            output, blocks = model(**inputs), None
    deit = getattr(model.config, "model_type", "") == "deit"
    heads = {name: getattr(output, name, None) for name in ("cls_logits", "distillation_logits")}
    return Trace(
        logits=_ordered(output.logits, columns),
        hidden_states=tuple(_plain(state, deit, 1) for state in states) if watch.hidden_states else None,
        attention_scores=tuple(_plain(one, deit, 2, 3) for one in forward.scores) if watch.attention_scores else None,
        embeddings=embedded[0] if embedded else None,
        blocks=tuple(blocks) if blocks is not None else None,
        distillation_token=deit,
        class_logits=None if heads["cls_logits"] is None else _ordered(heads["cls_logits"], columns),
        distillation_logits=None
        if heads["distillation_logits"] is None
        else _ordered(heads["distillation_logits"], columns),
    )


def _ordered(logits: Tensor, columns: list[int] | None) -> Tensor:
    return logits if columns is None else logits[:, columns]


def _plain(tensor: Tensor, deit: bool, *axes: int) -> Tensor:
    return _without_distillation_token(tensor, *axes) if deit else tensor


def _without_distillation_token(tensor: Tensor, *axes: int) -> Tensor:
    for axis in axes:
        kept = [i for i in range(tensor.shape[axis]) if i != DISTILLATION_TOKEN]
        tensor = tensor.index_select(axis, torch.tensor(kept, device=tensor.device))
    return tensor


@contextmanager
def _under_way(forward: _Forward) -> Iterator[None]:
    token = _forward.set(forward)
    try:
        yield
    finally:
        _forward.reset(token)


def _entering(states: list[Tensor]) -> Any:
    """What enters the first block is the embedding output."""

    def hook(module: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        if not states:
            states.append(arguments[0] if arguments else keywords["hidden_states"])

    return hook


def _leaving(states: list[Tensor]) -> Any:
    def hook(module: Any, arguments: Any, output: Any) -> None:
        states.append(output[0] if isinstance(output, tuple) else output)

    return hook


def _embedding_hook(into: list[Tensor], instead: Tensor | None) -> Any:
    """Forward hook on an embedding module: keep its output, as a leaf where nothing below requires a gradient."""

    def hook(module: Any, arguments: Any, output: Any) -> Any:
        embeddings = output[0] if isinstance(output, tuple) else output
        if instead is not None:
            embeddings = instead.to(embeddings.dtype)
        if not embeddings.requires_grad:
            embeddings = embeddings.detach().requires_grad_(True)
        into.append(embeddings)
        return (embeddings, *output[1:]) if isinstance(output, tuple) else embeddings

    return hook


def _traced_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **options: Any,
) -> tuple[Tensor, Tensor]:
    """softmax(q·kᵀ·scaling + mask)·v written out, keeping the scores when somebody collects them."""
    scale = query.size(-1) ** -0.5 if scaling is None else scaling
    scores = torch.matmul(query, key.transpose(2, 3)) * scale
    forward = _forward.get()
    given = None
    if forward is not None:
        forward.scores.append(scores)
        given = forward.attention.get(len(forward.scores))
    if given is not None:
        weights = dropped = given.to(value.dtype)
    else:
        masked = scores if attention_mask is None else scores + attention_mask
        weights = torch.softmax(masked, dim=-1)
        dropped = torch.nn.functional.dropout(weights, p=dropout, training=module.training)
    return torch.matmul(dropped, value).transpose(1, 2).contiguous(), weights


def _register() -> None:
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, eager_mask

    AttentionInterface.register(TRACED_ATTENTION, _traced_attention)
    AttentionMaskInterface.register(TRACED_ATTENTION, eager_mask)
