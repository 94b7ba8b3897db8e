"""What a transformer's blocks did in one forward: attention, values, the residual stream and the norms that read it.

Nothing here goes by the names of modules, which libraries move: it goes by the order in which linear layers, layer
norms and attention are called. Of a block the first linear layer after attention is W_O; a block whose first norm comes
before attention is pre-LN (ViT, DeiT), one whose norms come after is post-LN (BERT, RoBERTa, DistilBERT).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from xkd_bench.errors import BadInputError
from xkd_bench.models.trace import TRACED_ATTENTION, Attended, collecting_attention, register_traced_attention


@dataclass(frozen=True)
class Norm:
    """A layer norm and what it was given: weight γ (d,), eps, input (B, n, d)."""

    weight: Tensor
    eps: float
    input: Tensor

    @property
    def deviation(self) -> Tensor:
        """√(var + ε) of each position, (B, n); the variance is that of the whole input, biased."""
        return torch.sqrt(self.input.var(dim=-1, unbiased=False) + self.eps)


@dataclass(frozen=True)
class Block:
    """One block. B examples of n positions, H heads of width d_h, d wide.

    stream: (B, n, d), what enters the block. attention: (B, H, n, n), softmax of the scores before dropout. values:
    (B, H, n, d_h), W_V x + b_V of each head. output: W_O and b_O. pre_norm: whether norms stand before what they feed.
    norms: of a post-LN block the one after attention and the one after the feed-forward layer; of a pre-LN block the
    next one to read the stream.
    """

    stream: Tensor
    attention: Tensor
    values: Tensor
    output: nn.Linear
    pre_norm: bool
    norms: tuple[Norm, ...]


@dataclass
class _Events:
    """What was called inside one block, or between blocks."""

    stream: Tensor | None = None
    attended: Attended | None = None
    output: nn.Linear | None = None
    before: list[Norm] = field(default_factory=list)
    after: list[Norm] = field(default_factory=list)


def read_blocks(model: Any, inputs: dict[str, Tensor]) -> tuple[Any, list[Block]]:
    """Run the model once: its output, and its blocks from the first to the last. Gradients flow as its mode and weights
    allow; the attention implementation is as before when this returns.

    Raises `BadInputError` for an architecture whose blocks are not of either kind.
    """
    blocks: list[_Events] = []
    current: list[_Events] = []  # the block that is running; none between blocks

    def entered(module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        stream = arguments[0] if arguments else keywords["hidden_states"]
        blocks.append(_Events(stream=stream))
        current.append(blocks[-1])

    def left(module: nn.Module, arguments: Any, output: Any) -> None:
        current.pop()

    def linear(module: nn.Module, arguments: Any, output: Any) -> None:
        if current and current[-1].attended is not None and current[-1].output is None:
            assert isinstance(module, nn.Linear)
            current[-1].output = module

    def norm(module: nn.Module, arguments: tuple[Tensor, ...], output: Any) -> None:
        assert isinstance(module, nn.LayerNorm)
        found = Norm(_wide(module.weight), module.eps, _wide(arguments[0]))
        if current:
            (current[-1].before if current[-1].attended is None else current[-1].after).append(found)
        elif blocks:
            blocks[-1].after.append(found)  # the final norm of a pre-LN model

    def attended(found: Attended) -> None:
        if current:
            current[-1].attended = found

    with ExitStack() as stack:
        stack.enter_context(_traced(model))
        stack.enter_context(collecting_attention(attended))
        for module in _block_modules(model):
            stack.callback(module.register_forward_pre_hook(entered, with_kwargs=True).remove)
            stack.callback(module.register_forward_hook(left).remove)
        for module in model.modules():
            if isinstance(module, nn.Linear):
                stack.callback(module.register_forward_hook(linear).remove)
            elif isinstance(module, nn.LayerNorm):
                stack.callback(module.register_forward_hook(norm).remove)
        output = model(**inputs)
    return output, [_block(model, one, following) for one, following in zip(blocks, [*blocks[1:], None], strict=True)]


def _block(model: Any, found: _Events, following: _Events | None) -> Block:
    attended, output, stream = found.attended, found.output, found.stream
    pre_norm = bool(found.before)
    if pre_norm:  # the stream is read next by the following block's first norm, or by the final one
        norms = following.before[:1] if following else found.after[1:2]
        understood = len(found.after) - (following is None) == 1 and len(norms) == 1
    else:
        norms = found.after[:2]
        understood = len(norms) == 2
    if attended is None or output is None or stream is None or not understood:
        raise BadInputError(
            where=type(model).__name__,
            expected="blocks of attention and feed-forward layer with a layer norm each, before them or after",
            found=f"{len(found.before)} norms before attention and {len(found.after)} after",
            fix="choose an explainer or method that does not read attention",
        )
    masked = attended.scores if attended.mask is None else attended.scores + attended.mask
    attention = torch.softmax(_wide(masked), dim=-1)
    return Block(_wide(stream), attention, _wide(attended.values), output, pre_norm, tuple(norms))


def _wide(tensor: Tensor) -> Tensor:
    """In at least 32 bits: squares of many small numbers are added up."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def _block_modules(model: Any) -> list[nn.Module]:
    """The members of the list of modules that has most of them: the blocks."""
    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList) and len(module)]
    if not lists:
        raise BadInputError(
            where=type(model).__name__,
            expected="a transformer with a list of blocks",
            found="none",
            fix="choose an explainer or method that does not read attention",
        )
    parameters = [sum(parameter.numel() for parameter in one.parameters()) for one in lists]
    return list(lists[parameters.index(max(parameters))])


@contextmanager
def _traced(model: Any) -> Iterator[None]:
    register_traced_attention()
    before = model.config._attn_implementation
    try:
        model.set_attn_implementation(TRACED_ATTENTION)
    except (ValueError, AttributeError) as error:
        raise BadInputError(
            where=type(model).__name__,
            expected="an architecture whose attention can be watched",
            found=str(error),
            fix="choose an explainer or method that does not read attention",
        ) from error
    try:
        yield
    finally:
        model.set_attn_implementation(before)
