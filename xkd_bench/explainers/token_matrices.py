"""What each token gives to each other token in one block: (B, n, n) matrices, rows the reader, columns the source.

GlobEnc (Modarressi et al. 2022) splits the state a block writes at position i into one part for each source j,

    u_ij = Σ_h a_ij^h f_j^h + δ_ij x_i,    f_j^h = W_O^h (W_V^h x_j + b_V^h),

and measures the parts by their norm once the layer norms of the block have read them. A layer norm with the statistics
of the true state is linear up to one factor a row, so the norm is a quadratic form in the H attention weights,

    ‖M u_ij‖² = a_ijᵀ G_j a_ij + δ_ij (2 a_iiᵀ c_i + r_i),    F_j = M [f_j^1 … f_j^H],
    G_j = F_jᵀ F_j (H×H),    c_i = F_iᵀ M x_i,    r_i = ‖M x_i‖²,

exact, and without the n×n×d tensor of the parts. All of it is differentiable; softmax and products are in the precision
of the block, at least 32 bits.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from xkd_bench.models.blocks import Block, Norm

Variant = Literal["n_enc", "n_res_ln", "n_res", "n_res_next_ln"]
SMALLEST = 1e-12  # under the root in training, where √ has no finite slope at 0


def default_variant(block: Block) -> Variant:
    """Both layer norms of a post-LN block; of a pre-LN block, none: its residual path has none."""
    return "n_res" if block.pre_norm else "n_enc"


def globenc(block: Block, variant: Variant | None = None, real: Tensor | None = None, train: bool = False) -> Tensor:
    """Norms N (B, n, n) of what token j (column) gives to token i (row).

    n_enc          post-LN: both layer norms, the feed-forward layer left out but its effect on the statistics kept
    n_res_ln       post-LN: the first layer norm
    n_res          no layer norm: attention and residual
    n_res_next_ln  pre-LN: the next layer norm to read the stream, statistics of what it truly reads

    real: (B, n), 1 for real tokens, 0 for padding, whose rows and columns are 0. train: √(q + 1e-12) in place of √q.
    Raises `ValueError` for a variant that the block does not have. b_O and β belong to no token and are left out.
    """
    norms = _norms(block, variant or default_variant(block))
    parts, stream = _read(head_parts(block), norms), _read(block.stream, norms)
    weights = block.attention.permute(0, 3, 2, 1)  # (B, j, i, H)
    gram = torch.einsum("bjhd,bjgd->bjhg", parts, parts)
    squares = ((weights @ gram) * weights).sum(-1).transpose(1, 2)  # (B, i, j)
    own = block.attention.diagonal(dim1=2, dim2=3).transpose(1, 2)  # (B, i, H)
    cross = torch.einsum("bihd,bid->bih", parts, stream)
    squares = squares + torch.diag_embed(2 * (own * cross).sum(-1) + stream.square().sum(-1))
    squares = squares.clamp_min(0)
    found = torch.sqrt(squares + SMALLEST) if train else torch.sqrt(squares)
    for norm in norms:
        found = found / norm.deviation[:, :, None]
    return found if real is None else found * real[:, :, None] * real[:, None, :]


def globenc_row(block: Block, row: int = 0, variant: Variant | None = None, train: bool = False) -> Tensor:
    """Row `row` of `globenc` alone, (B, n): Σ_h a^h f^h written out for one reader, without any Gram matrix."""
    norms = _norms(block, variant or default_variant(block))
    given = torch.einsum("bhj,bjhd->bjd", block.attention[:, :, row], head_parts(block))
    own = torch.zeros_like(given)
    own[:, row] = block.stream[:, row]
    squares = _read(given + own, norms).square().sum(-1)
    found = torch.sqrt(squares + SMALLEST) if train else torch.sqrt(squares)
    for norm in norms:
        found = found / norm.deviation[:, row, None]
    return found


def head_parts(block: Block) -> Tensor:
    """f_j^h = W_O^h v_j^h, (B, n, H, d)."""
    heads, width = block.values.shape[1], block.values.shape[3]
    weight = block.output.weight.to(block.values.dtype).view(-1, heads, width)  # (d, H, d_h)
    return torch.einsum("bhjk,dhk->bjhd", block.values, weight)


def attention(block: Block, real: Tensor | None = None) -> Tensor:
    """Attention before dropout, mean over heads, (B, n, n)."""
    found = block.attention.mean(dim=1)
    return found if real is None else found * real[:, :, None] * real[:, None, :]


def ats(block: Block, units: Tensor) -> Tensor:
    """Adaptive token sampling's scores (Fayyaz et al. 2022), (B, n, n): for every row i over the keys that are units,

        S_ij = (Σ_h a_ij^h) ‖v_j‖ / Σ_{k ∈ units} (Σ_h a_ik^h) ‖v_k‖,    v_j the values of all heads together.

    units: (B, n), 1 for words or patches, 0 for special tokens and padding, whose columns are 0.
    """
    length = block.values.square().sum(dim=(1, 3)).clamp_min(SMALLEST).sqrt()  # (B, n)
    scores = block.attention.sum(dim=1) * (length * units)[:, None, :]
    return scores / scores.sum(dim=-1, keepdim=True).clamp_min(SMALLEST)


def _norms(block: Block, variant: Variant) -> tuple[Norm, ...]:
    counts: dict[Variant, tuple[bool | None, int]] = {
        "n_enc": (False, 2),
        "n_res_ln": (False, 1),
        "n_res": (None, 0),
        "n_res_next_ln": (True, 1),
    }
    pre_norm, count = counts[variant]
    if pre_norm not in (None, block.pre_norm):
        kind = "pre-LN" if block.pre_norm else "post-LN"
        raise ValueError(f"expected a variant of a {kind} block, found {variant}")
    return block.norms[:count]


def _read(vectors: Tensor, norms: tuple[Norm, ...]) -> Tensor:
    """M v: each norm's centring and γ, without its scale, which is one number a row."""
    for norm in norms:
        vectors = (vectors - vectors.mean(dim=-1, keepdim=True)) * norm.weight
    return vectors
