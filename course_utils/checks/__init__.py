"""Graders of the exercises, one for each: ``checks.lora_scale(attempt)`` returns a verdict.

Each lesson's are in a module of its own; what a grader is stands in ``exercise``.
"""

# ruff: noqa: F401
from course_utils.checks.exercise import Case, Exercise, Verdict, same
from course_utils.checks.lesson_00 import megabytes_of, same_answer, share_right
from course_utils.checks.lesson_01 import e4m3_value, gap_above, largest_scale, next_scale, stalls_at
from course_utils.checks.lesson_02 import (
    bits_per_weight,
    compensate,
    normal_levels,
    outlier_columns,
    round_trip_in_blocks,
)
from course_utils.checks.lesson_04 import adapter_size, energy_rank, merged_weight, rate_of_b, stored_weight
from course_utils.checks.lesson_05 import (
    assistant_mask,
    first_fit_decreasing,
    llama2_prompt,
    packed_positions,
    rows_without_end,
)
from course_utils.checks.lesson_06 import completion_labels, lora_parameters, lora_scale, steps_per_epoch
from course_utils.checks.lesson_07 import cache_bytes, left_pad, mean_kl, nucleus
from course_utils.checks.lesson_08 import bits_from_perplexity, bootstrap_interval, mcnemar_p, swapped_win_rate
