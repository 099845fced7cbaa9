"""A small workbook for tests: one lesson that keeps the grammar, one solution, a place to build them in."""

import subprocess
from pathlib import Path

from metarec_lib.evaluation.uncertainty import compare
from metarec_lib.workbook.lessons import execution
from metarec_lib.workbook.lessons.claims import claim_record, sentence

STEM = "q06_evaluate_meta_learning"

TEXT = """# %% [markdown]
# # A toy lesson

# %% [markdown] tags=["question"]
# #### English
# What is 2 + 2?
# #### 中文
# 二加二等于几？
#
# level: senior · minutes: 3 · needs: q01, q02 · topics: sums, baselines

# %% [markdown] tags=["answer-short"]
# #### English
# Four.
# #### 中文
# 四。

# %% [markdown] tags=["answer-full"]
# Four, since $2 + 2 = 4$.

# %% [markdown] tags=["zh"]
# 四，因为 $2 + 2 = 4$。

# %% [markdown] tags=["rubric"]
# #### English
# - [4] says four
# - [3] says why
# - [2] names a baseline
#   that is strong
# - [1] is brief
# #### 中文
# - [4] 说四
# - [3] 说为什么
# - [2] 提到基线
# - [1] 简短

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Five."** → It is four.
# #### 中文
# - **“五。”** → 是四。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>And 3 + 3?</summary>
# Six.</details>
# <details><summary>And 4 + 4?</summary>Eight.</details>
# <details><summary>And 5 + 5?</summary>Ten.</details>
# #### 中文
# <details><summary>三加三？</summary>六。</details>
# <details><summary>四加四？</summary>八。</details>
# <details><summary>五加五？</summary>十。</details>

# %%
from metarec_lib import claim, compare, seed, what_was_measured

SEED = seed()
print("four is", 2 + 2)

# %% tags=["claim"]
found = compare([0.4 - SEED, 0.5 - SEED, 0.6 - SEED], [0.0, 0.0, 0.0])
claim("RMSE", "MAML", "shrunken bias", found, at="K = 5", headline=True)

# %% tags=["play"]
shown = "a control"

# %% [markdown] tags=["exercise"]
# Write `add` in `exercises/q06_evaluate_meta_learning.py`.

# %% tags=["exercise"]
check = print
check("q06")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# Peano (1889), Arithmetices principia.
"""

SOLUTION = '''"""q06: sums.

中文：q06：求和。
"""

from metarec_lib.workbook import exercise


@exercise(points=1, minutes=1, hints=[("Count.", "数一数。"), ("Use both.", "两个都要用。"), ("Use +.", "用加号。")])
def add(a: int, b: int) -> int:
    """The sum.

    >>> add(1, 2)
    3

    中文：两数之和。
    """
    # BEGIN SOLUTION
    return a + b
    # END SOLUTION
'''


class Toy:
    """The toy workbook in a folder; `write` changes the lesson, `stem` names its files."""

    def __init__(self, root: Path):
        self.root = root
        for folder in ("notebooks/source/studies", "notebooks/studies", "solutions", "exercises", "tests/exercises"):
            (root / folder).mkdir(parents=True)
        (root / "pyproject.toml").write_text("", encoding="utf-8")
        self.write(TEXT)
        (root / "solutions" / f"{STEM}.py").write_text(SOLUTION, encoding="utf-8")

    @property
    def source(self) -> Path:
        return self.root / "notebooks" / "source" / f"{STEM}.py"

    @property
    def notebook(self) -> Path:
        return self.root / "notebooks" / f"{STEM}.ipynb"

    @property
    def stub(self) -> Path:
        return self.root / "exercises" / f"{STEM}.py"

    @property
    def manifest(self) -> Path:
        return self.root / "tests" / "exercises" / "manifest.json"

    def write(self, text: str) -> None:
        self.source.write_text(text, encoding="utf-8")

    def change(self, old: str, new: str) -> None:
        text = self.source.read_text(encoding="utf-8")
        assert old in text, old
        self.write(text.replace(old, new))

    def git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=toy", "-c", "user.email=toy@example.org")
        subprocess.run(["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True)


def run_without_kernel(lesson, seed=0, **variables):
    """Stands for `execution.run_lesson`: each code cell puts out `4`; MAML has .05 more RMSE, on seed 2 it has less."""
    from nbformat import v4

    notebook, conditions = execution.notebook_of(lesson), iter(("K = 5", "K = 1", "K = 10", "K = 20"))
    for cell in notebook.cells:
        if "claim" in cell.metadata.get("tags", ()):
            cell.outputs = [_claimed(-1 if seed == 2 else 1, next(conditions))]
        elif cell.cell_type == "code":
            cell.outputs = [v4.new_output("stream", name="stdout", text="4\n")]
    execution.clean(notebook)
    return execution.Run(notebook, 1.0)


def _claimed(sign, at):
    from nbformat import v4

    found = compare([0.04 * sign, 0.05 * sign, 0.06 * sign], [0.0, 0.0, 0.0])
    record = claim_record("RMSE", "MAML", "shrunken bias", found, at=at, headline=at == "K = 5")
    return v4.new_output("display_data", {"text/plain": sentence(record)}, metadata={"metarec": {"claim": record}})
