"""Terms of q27, modelling task diversity."""

from .term import Term

TERMS = (
    Term("one prior by EM", "EM 拟合的单一先验", "model", ("1 by EM",)),
    Term("mixture of two by EM", "EM 拟合的两成分混合先验", "model", ("2 by EM",)),
    Term("mixture of three by EM", "EM 拟合的三成分混合先验", "model", ("3 by EM",)),
    Term("one prior", "单一先验", "model"),
    Term("mixture of two", "两成分混合先验", "model"),
    Term("mixture of four", "四成分混合先验", "model"),
    Term("tasks by a DPP", "按 DPP 抽任务", "model"),
    Term("tasks by cluster", "按簇均匀抽任务", "model"),
    Term("with a volume penalty", "加体积惩罚", "model"),
    Term("conditioned prior", "随任务变的先验", "model"),
    Term("conditioned on another user's task", "看了别人任务的先验", "model"),
    Term("made-up users of two kinds", "虚构的两类用户", "condition", ("who=made up",)),
    Term("the rare kind", "稀少的那类", "condition", ("who=rare",)),
    Term("the common kind", "多数的那类", "condition", ("who=common",)),
    Term("users of ML-100K", "ML-100K 的用户", "condition", ("who=real",)),
    Term("centres {n} away", "中心长度 {n}", "condition", ("away={n}",)),
)
