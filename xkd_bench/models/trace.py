"""One forward with what a distiller may ask to see: hidden states, attention scores, embeddings with a gradient.

Attention scores are q·k/√d_h before the mask, the softmax and dropout: what `output_attentions` gives in train mode is
after dropout, with exact zeros and rows that do not sum to one.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch

from xkd_bench.errors import BadInputError

TRACED_ATTENTION = "xkd_bench_traced"

_scores: ContextVar[list[torch.Tensor] | None] = ContextVar("attention scores of the forward under way", default=None)


@dataclass(frozen=True)
class Watch:
    """What to keep of a forward beside the logits.

    embedding_gradient makes the embedding output of a frozen model a leaf that requires grad: with frozen weights,
    autograd has nothing to differentiate by otherwise.
    """

    hidden_states: bool = False
    attention_scores: bool = False
    embedding_gradient: bool = False

    @property
    def needs_traced_attention(self) -> bool:
        """Fused attention neither shows its scores nor has a second derivative."""
        return self.attention_scores or self.embedding_gradient


@dataclass(frozen=True)
class Trace:
    """logits (B, C) in canonical class order.

    hidden_states: [0] is the embedding output, [l] the output of block l, each (B, n, d). attention_scores: [l − 1] of
    block l, (B, H, n, n). embeddings: (B, n, d), the variable of input gradients.
    """

    logits: torch.Tensor
    hidden_states: tuple[torch.Tensor, ...] | None = None
    attention_scores: tuple[torch.Tensor, ...] | None = None
    embeddings: torch.Tensor | None = None


def prepare(model: Any, watch: Watch) -> None:
    """Switch a model to attention that can be watched, where that is asked for. Raises where it cannot."""
    if not watch.needs_traced_attention:
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


def trace(model: Any, inputs: dict[str, torch.Tensor], columns: list[int], watch: Watch) -> Trace:
    """Run the model once on a batch. Gradients flow as the model's mode and weights allow."""
    collected: list[torch.Tensor] = []
    embedded: list[torch.Tensor] = []
    with ExitStack() as stack:
        if watch.attention_scores:
            stack.enter_context(_collecting(collected))
        if watch.embedding_gradient:
            handle = model.base_model.embeddings.register_forward_hook(_as_variable(embedded))
            stack.callback(handle.remove)
        output = model(**inputs, output_hidden_states=watch.hidden_states)
    return Trace(
        logits=output.logits[:, columns],
        hidden_states=tuple(output.hidden_states) if watch.hidden_states else None,
        attention_scores=tuple(collected) if watch.attention_scores else None,
        embeddings=embedded[0] if watch.embedding_gradient else None,
    )


@contextmanager
def _collecting(into: list[torch.Tensor]) -> Any:
    token = _scores.set(into)
    try:
        yield
    finally:
        _scores.reset(token)


def _as_variable(into: list[torch.Tensor]) -> Any:
    """Forward hook on an embedding module: keep its output, as a leaf where nothing below requires a gradient."""

    def hook(module: Any, arguments: Any, output: Any) -> Any:
        embeddings = output[0] if isinstance(output, tuple) else output
        if not embeddings.requires_grad:
            embeddings = embeddings.detach().requires_grad_(True)
        into.append(embeddings)
        return (embeddings, *output[1:]) if isinstance(output, tuple) else embeddings

    return hook


def _traced_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **options: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """softmax(q·kᵀ·scaling + mask)·v written out, keeping the scores when somebody collects them."""
    scale = query.size(-1) ** -0.5 if scaling is None else scaling
    scores = torch.matmul(query, key.transpose(2, 3)) * scale
    collected = _scores.get()
    if collected is not None:
        collected.append(scores)
    masked = scores if attention_mask is None else scores + attention_mask
    weights = torch.softmax(masked, dim=-1)
    dropped = torch.nn.functional.dropout(weights, p=dropout, training=module.training)
    return torch.matmul(dropped, value).transpose(1, 2).contiguous(), weights


def _register() -> None:
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, eager_mask

    AttentionInterface.register(TRACED_ATTENTION, _traced_attention)
    AttentionMaskInterface.register(TRACED_ATTENTION, eager_mask)
