"""Terms of q20, bad transfer and what is done about it."""

from .term import Term

TERMS = (
    Term("change in the first half", "前一半的变化", "metric"),
    Term("change in the other half", "另一半的变化", "metric"),
    Term("trusted users only", "只用可信用户", "model"),
    Term("all source users", "全部源用户", "model"),
    Term("filtered source users", "过滤后的源用户", "model"),
    Term("weighted source users", "加权抽取的源用户", "model"),
    Term("oracle", "已知答案的理想情形", "model"),
    Term("ANIL, all source users", "ANIL，全部源用户", "model"),
    Term("ANIL, trusted users only", "ANIL，只用可信用户", "model"),
    Term("diverse heads, all source users", "多样化多头，全部源用户", "model"),
    Term("distilled, no gate", "无门控蒸馏", "model"),
    Term("distilled, gated", "门控蒸馏", "model"),
    Term("who looked harmed", "看上去受害的用户", "model"),
    Term("everybody", "所有用户", "model"),
    Term("all women", "全部女性用户", "model"),
    Term("10 women, alone", "只用 10 名女性用户", "model"),
    Term("10 women and the men", "10 名女性用户加男性用户", "model"),
    Term("100 women, alone", "只用 100 名女性用户", "model"),
    Term("100 women and the men", "100 名女性用户加男性用户", "model"),
    Term("{n}% misleading", "{n}% 误导用户", "condition", ("misleading={n}%",)),
    Term("judged on women", "在女性用户上评估", "condition", ("judged=women",)),
    Term("judged on men", "在男性用户上评估", "condition", ("judged=men",)),
)
