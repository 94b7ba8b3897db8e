"""What a transformer's blocks did in one forward: attention, values, the residual stream and the norms that read it.

Nothing here goes by the names of modules, which libraries move: it goes by the order in which linear layers, layer
norms and attention are called. Of a block the first linear layer after attention is W_O; a block whose first norm comes
before attention is pre-LN (ViT, DeiT), one whose norms come after is post-LN (BERT, RoBERTa, DistilBERT).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from xkd_bench.errors import BadInputError

WATCHED_ATTENTION = "xkd_bench_watched"
ALIGNED = 16  # numbers of 32 bits in a line of memory


@dataclass(frozen=True)
class Attended:
    """What one attention layer was given: query, key and value (B, H, n, d_h), the factor of q·k, and a mask that is
    added to the scores, or is True where a key may be read; None where every key may."""

    query: Tensor
    key: Tensor
    value: Tensor
    scaling: float
    mask: Tensor | None


_hear: ContextVar[Callable[[Attended], None] | None] = ContextVar("who hears of attention", default=None)


class UnreadableBlocksError(BadInputError):
    """An architecture that is no transformer of blocks as they are read here."""


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

    Raises `UnreadableBlocksError` for an architecture whose blocks are not of either kind.
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
        found = Norm(wide(module.weight), module.eps, wide(arguments[0]))
        if current:
            (current[-1].before if current[-1].attended is None else current[-1].after).append(found)
        elif blocks:
            blocks[-1].after.append(found)  # the final norm of a pre-LN model

    def attended(found: Attended) -> None:
        if current:
            current[-1].attended = found

    with ExitStack() as stack:
        stack.enter_context(_watched(model, attended))
        for module in block_modules(model):
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
        raise UnreadableBlocksError(
            where=type(model).__name__,
            expected="blocks of attention and feed-forward layer with a layer norm each, before them or after",
            found=f"{len(found.before)} norms before attention and {len(found.after)} after",
            fix="choose an explainer or method that does not read attention",
        )
    return Block(wide(stream), _probabilities(attended), wide(attended.value), output, pre_norm, tuple(norms))


def _probabilities(attended: Attended) -> Tensor:
    """softmax(q·kᵀ·scaling + mask) before dropout, (B, H, n, n)."""
    n = attended.query.shape[2]
    query, key = (aligned(wide(one), 2) for one in (attended.query, attended.key))
    with torch.autocast(query.device.type, enabled=False):
        scores = (query @ key.transpose(2, 3))[:, :, :n, :n] * attended.scaling
    if attended.mask is not None:
        allowed = attended.mask.dtype == torch.bool
        scores = scores.masked_fill(~attended.mask, -torch.inf) if allowed else scores + attended.mask
    return torch.softmax(scores, dim=-1)


def aligned(tensor: Tensor, *axes: int) -> Tensor:
    """The tensor with zeros behind, so that these axes are multiples of 16 long.

    Every matrix of a batch then begins at a line of memory: small products take another path for one that does not, and
    its last bit would depend on where in the batch it stands.
    """
    for axis in axes:
        shape = list(tensor.shape)
        shape[axis] = -shape[axis] % ALIGNED
        if shape[axis]:
            tensor = torch.cat([tensor, tensor.new_zeros(shape)], dim=axis)
    return tensor


def wide(tensor: Tensor) -> Tensor:
    """In at least 32 bits: what is added up of many small numbers needs them."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def block_modules(model: Any) -> list[nn.Module]:
    """The members of the list of modules that has most of them: the blocks."""
    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList) and len(module)]
    if not lists:
        raise UnreadableBlocksError(
            where=type(model).__name__,
            expected="a transformer with a list of blocks",
            found="none",
            fix="choose an explainer or method that does not read attention",
        )
    parameters = [sum(parameter.numel() for parameter in one.parameters()) for one in lists]
    return list(lists[parameters.index(max(parameters))])


@contextmanager
def _watched(model: Any, hear: Callable[[Attended], None]) -> Iterator[None]:
    """Inside, the model computes its attention as ever, and `hear` is told of every layer."""
    _register()
    token = _hear.set(hear)
    try:
        before = model.config._attn_implementation
        model.set_attn_implementation(WATCHED_ATTENTION)
    except (ValueError, AttributeError) as error:
        _hear.reset(token)
        raise UnreadableBlocksError(
            where=type(model).__name__,
            expected="an architecture whose attention can be watched",
            found=str(error),
            fix="choose an explainer or method that does not read attention",
        ) from error
    try:
        yield
    finally:
        model.set_attn_implementation(before)
        _hear.reset(token)


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> Any:
    """The library's fused attention, telling whoever listens what it was given."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    hear = _hear.get()
    if hear is not None:
        scaling = options.get("scaling")
        hear(Attended(query, key, value, query.size(-1) ** -0.5 if scaling is None else scaling, attention_mask))
    slow = query.requires_grad and query.device.type == "cpu" and query.dtype == torch.bfloat16  # see `trace.prepare`
    with sdpa_kernel([SDPBackend.MATH]) if slow else nullcontext():
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)


def _register() -> None:
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(WATCHED_ATTENTION, _attend)
    AttentionMaskInterface.register(WATCHED_ATTENTION, sdpa_mask)
