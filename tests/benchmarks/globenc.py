"""GlobEnc's norms of one block: the parts written out against the Gram form and the first row alone.

    python tests/benchmarks/globenc.py [--tokens 197 --width 768 --heads 12 --rounds 5]

Forms take turns; seconds are medians. Memory is the most that tensors held at once beyond what was there before, as
torch's own profiler counts allocations, so it does not depend on what the allocator keeps.

    written out     every head's part of every pair, H·n²·d numbers: the form of the published code
    heads summed    the heads of a pair added up as they come, n²·d numbers
    Gram            `globenc`, n·H·d + n²·H numbers
    first row       `globenc_row`
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from xkd_bench.explainers.token_matrices import globenc, globenc_row, head_parts
from xkd_bench.models.blocks import Block, Norm


def made_block(tokens: int, width: int, heads: int) -> Block:
    """A post-LN block of random tensors, one example."""
    torch.manual_seed(0)
    norms = tuple(Norm(torch.randn(width), 1e-5, torch.randn(1, tokens, width)) for _ in range(2))
    return Block(
        stream=torch.randn(1, tokens, width),
        attention=torch.randn(1, heads, tokens, tokens).softmax(-1),
        values=torch.randn(1, heads, tokens, width // heads),
        output=nn.Linear(width, width),
        pre_norm=False,
        norms=norms,
    )


def read(parts: Tensor, block: Block) -> Tensor:
    for norm in block.norms:
        parts = (parts - parts.mean(-1, keepdim=True)) * norm.weight / norm.deviation[:, :, None, None]
    return parts.norm(dim=-1)


def with_stream(parts: Tensor, block: Block) -> Tensor:
    """The parts (1, n, n, d) with the residual added on the diagonal."""
    place = torch.arange(parts.shape[1])
    parts[:, place, place] += block.stream
    return parts


def written_out(block: Block) -> Tensor:
    parts = head_parts(block).permute(0, 2, 1, 3)  # (1, H, n, d)
    return read(with_stream((block.attention[..., None] * parts[:, :, None]).sum(1), block), block)


def heads_summed(block: Block) -> Tensor:
    return read(with_stream(torch.einsum("bhij,bjhd->bijd", block.attention, head_parts(block)), block), block)


FORMS: dict[str, Callable[[Block], Tensor]] = {
    "written out": written_out,
    "heads summed": heads_summed,
    "Gram": globenc,
    "first row": globenc_row,
}


@torch.no_grad()
def peak_memory(form: Callable[[Block], Tensor], block: Block) -> int:
    """Most bytes that tensors held at once while the form ran."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        form(block)
    held = most = 0
    for event in found.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most


@torch.no_grad()
def measure(block: Block, rounds: int) -> dict[str, tuple[float, int, float]]:
    """Form → median seconds, peak bytes, largest difference from the parts written out as a share of the largest."""
    expected = {name: form(block) for name, form in FORMS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in FORMS}
    for _ in range(rounds):
        for name, form in FORMS.items():
            start = time.perf_counter()
            form(block)
            seconds[name].append(time.perf_counter() - start)
    found = {}
    whole = expected["written out"]
    for name, form in FORMS.items():
        of_form = whole[:, 0] if name == "first row" else whole
        difference = float((expected[name] - of_form).abs().max() / whole.max())
        found[name] = median(seconds[name]), peak_memory(form, block), difference
    return found


def report(found: dict[str, tuple[float, int, float]]) -> str:
    seconds, memory, _ = found["written out"]
    lines = [f"{'':14}{'ms':>10}{'times less':>12}{'MB':>10}{'times less':>12}{'max |Δ|':>12}"]
    for name, (own, held, difference) in found.items():
        lines.append(
            f"{name:14}{1e3 * own:>10.1f}{seconds / own:>12.1f}{held / 1e6:>10.1f}{memory / held:>12.1f}"
            f"{difference:>12.1e}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=197)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(report(measure(made_block(options.tokens, options.width, options.heads), options.rounds)))


if __name__ == "__main__":
    main()
