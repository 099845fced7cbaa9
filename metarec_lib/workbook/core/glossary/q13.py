"""Terms of q13, from a source domain to a target domain."""

from .term import Term

TERMS = (
    Term("target alone", "只用目标域", "model"),
    Term("bias of both domains", "两个域的收缩偏置", "model"),
    Term("EMCDR", "EMCDR", "model"),
    Term("EMCDR, mapped prior", "EMCDR，映射作先验", "model"),
    Term("joint prior", "联合先验", "model"),
    Term("{n} overlapping users", "{n} 名重叠用户", "condition", ("overlap={n}",)),
    Term("all users overlapping", "全部用户重叠", "condition", ("overlap=all",)),
)
