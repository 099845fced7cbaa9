"""Terms of q15, compression."""

from .term import Term

TERMS = (
    Term("float32 table", "float32 表", "model"),
    Term("int8 table", "int8 表", "model"),
    Term("int4 table", "int4 表", "model"),
    Term("pruned to 50 %", "剪枝到 50%", "model"),
    Term("pruned to 10 %", "剪枝到 10%", "model"),
    Term("pruned to 2 %", "剪枝到 2%", "model"),
    Term("10 % at random", "随机留 10%", "model", ("randomly pruned to 10 %",)),
    Term("rank-64 table", "秩 64 的表", "model"),
    Term("student from scratch", "从零训练的学生", "model"),
    Term("distilled student", "蒸馏的学生", "model"),
    Term("float state", "浮点状态", "model"),
    Term("{n}-bit state", "{n} 比特的状态", "model"),
    Term("int8, unpacked first", "int8，先还原再算", "model"),
    Term("empty table", "空表", "model"),
    Term("int8 kernel", "int8 专用算子", "model"),
)
