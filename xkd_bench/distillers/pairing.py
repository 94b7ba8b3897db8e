"""Which teacher can teach which student: what their configs and tokenizers say, before a batch is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xkd_bench.errors import BadInputError
from xkd_bench.models.encoding import Encoder, ImageEncoder, TextEncoder
from xkd_bench.randomness import generator
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.examples import TextInput

PROBE_STRINGS = 100


@dataclass(frozen=True)
class Shape:
    """blocks L, heads H and width d of an encoder; whether it has a distillation token, and a head of its own on it."""

    name: str
    blocks: int
    heads: int
    width: int
    distillation_token: bool = False
    distillation_head: bool = False


@dataclass(frozen=True)
class Pairing:
    """A student and its teacher. same_tokens: both read the same token ids or patches of an example."""

    student: Shape
    teacher: Shape | None = None
    same_tokens: bool = False


@dataclass(frozen=True)
class Needs:
    """What a method asks of a pairing. whole_ratio: the teacher's blocks are a multiple of the student's.

    block_ratio: that multiple. teacher_width_multiple: a number that divides the teacher's width. classes_only: no
    regression. no_distillation_token: models whose tokens are [CLS] and patches alone.
    """

    same_tokens: bool = False
    same_heads: bool = False
    whole_ratio: bool = False
    block_ratio: int | None = None
    same_width: bool = False
    teacher_width_multiple: int = 1
    least_student_blocks: int = 1
    classes_only: bool = False
    no_distillation_token: bool = False

    def check(self, card: TaskCard, pairing: Pairing) -> None:
        """Raise `BadInputError` with what does not fit."""
        student, teacher = pairing.student, pairing.teacher
        if teacher is None:
            return
        for holds, expected, found, fix in self._demands(card, student, teacher, pairing.same_tokens):
            if not holds:
                raise BadInputError(where=f"{teacher.name} → {student.name}", expected=expected, found=found, fix=fix)

    def _demands(
        self, card: TaskCard, student: Shape, teacher: Shape, same_tokens: bool
    ) -> Sequence[tuple[bool, str, str, str]]:
        blocks = f"{teacher.blocks} in the teacher, {student.blocks} in the student"
        ratio = self.block_ratio
        return (
            (
                not (self.classes_only and card.kind == "regression"),
                "a classification",
                f"{card.name}, a regression",
                "choose another task or another method",
            ),
            (
                same_tokens or not self.same_tokens,
                "a teacher and a student that read the same tokens (one vocabulary; one patch grid and pixel scale)",
                "other token ids or patches for the same inputs",
                "take a student of the teacher's family, or a method that matches outputs, such as vanilla_kd or pkd",
            ),
            (
                student.heads == teacher.heads or not self.same_heads,
                "as many attention heads in the student as in the teacher",
                f"{teacher.heads} in the teacher, {student.heads} in the student",
                "take a student cut from the teacher (--layers), or a method that does not match heads",
            ),
            (
                teacher.blocks % student.blocks == 0 or not self.whole_ratio,
                "a teacher whose blocks are a multiple of the student's",
                blocks,
                "cut the student to a number of blocks that divides the teacher's (--layers)",
            ),
            (
                ratio is None or teacher.blocks == ratio * student.blocks,
                f"{ratio} teacher blocks for each of the student's",
                blocks,
                "cut the student to fit (--layers)",
            ),
            (
                student.width == teacher.width or not self.same_width,
                "a student as wide as its teacher",
                f"{teacher.width} in the teacher, {student.width} in the student",
                "take a student of that width, or leave the hidden states out",
            ),
            (
                teacher.width % self.teacher_width_multiple == 0,
                f"a teacher's width that {self.teacher_width_multiple} divides",
                f"{teacher.width}",
                "change the number of relation heads",
            ),
            (
                not (self.no_distillation_token and (student.distillation_token or teacher.distillation_token)),
                "models without a distillation token",
                "a DeiT",
                "take a ViT",
            ),
            (
                student.blocks >= self.least_student_blocks,
                f"a student of at least {self.least_student_blocks} blocks",
                f"{student.blocks}",
                "keep more blocks (--layers)",
            ),
        )


def shape_of(config: Any, name: str) -> Shape:
    """Read a `transformers` config; its attribute map gives every architecture the same names."""
    architectures = getattr(config, "architectures", None) or [""]
    return Shape(
        name=name,
        blocks=int(getattr(config, "num_hidden_layers", 1)),
        heads=int(getattr(config, "num_attention_heads", 1)),
        width=int(getattr(config, "hidden_size", 1)),
        distillation_token=getattr(config, "model_type", "") == "deit",
        distillation_head=architectures[0] == "DeiTForImageClassificationWithTeacher",
    )


def read_alike(one: Encoder, other: Encoder, configs: tuple[Any, Any]) -> bool:
    """Whether two encoders give the same tokens for every input: for text the same vocabulary, window and ids of a
    hundred strings of random words of it; for images the same processing, image size and patch size."""
    if isinstance(one, TextEncoder) and isinstance(other, TextEncoder):
        if one.tokenizer.get_vocab() != other.tokenizer.get_vocab() or one.max_length != other.max_length:
            return False
        words = sorted(word for word in one.tokenizer.get_vocab() if word not in one.tokenizer.all_special_tokens)
        draws = generator("probe strings")
        strings = [" ".join(draws.choice(words, 8)) for _ in range(PROBE_STRINGS)]
        strings += ["Naïve CAFÉ — “Über”, 3.50 €!", ""]
        rows = [encoder.encode([TextInput(string) for string in strings]) for encoder in (one, other)]
        return [row["input_ids"] for row in rows[0]] == [row["input_ids"] for row in rows[1]]
    if isinstance(one, ImageEncoder) and isinstance(other, ImageEncoder):
        processing = [encoder.processor.to_dict() for encoder in (one, other)]
        names = {"do_resize", "size", "resample", "do_rescale", "rescale_factor", "do_normalize", "image_mean"}
        names |= {"image_std", "do_center_crop", "crop_size", "do_convert_rgb"}
        grids = [(getattr(config, "image_size", None), getattr(config, "patch_size", None)) for config in configs]
        return grids[0] == grids[1] and all(processing[0].get(name) == processing[1].get(name) for name in names)
    return False
