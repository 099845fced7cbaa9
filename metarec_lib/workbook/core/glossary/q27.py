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
    Term("conditioned prior", "任务条件先验", "model"),
    Term("conditioned on another user's task", "打乱输入的对照先验", "model"),
    Term("made-up users of two kinds", "合成的两类用户", "condition", ("who=made up",)),
    Term("the rare kind", "少数群体", "condition", ("who=rare",)),
    Term("the common kind", "主流群体", "condition", ("who=common",)),
    Term("users of ML-100K", "ML-100K 的用户", "condition", ("who=real",)),
    Term("centres of length {n}", "中心长度 {n}", "condition", ("centres {n} away", "away={n}")),
    Term("uniform tasks, eight a batch", "均匀抽任务，每批八个", "model"),
    Term("tasks by a DPP, eight a batch", "按 DPP 抽任务，每批八个", "model"),
    Term("uniform tasks", "均匀抽任务", "model"),
    Term("log volume", "对数体积", "metric"),
    Term("{n} tasks a batch", "每批 {n} 个任务", "condition", ("batch={n}",)),
    Term("worlds", "个合成世界", "unit"),
    Term("batches", "批任务", "unit"),
)
