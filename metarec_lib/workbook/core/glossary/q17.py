"""Terms of q17, personalisation."""

from .term import Term

TERMS = (
    Term("everybody's tastes", "所有人共用一种口味", "model"),
    Term("segments", "分群", "model"),
    Term("own data alone", "只用自己的数据", "model"),
    Term("ridge, one strength", "单一强度的岭回归", "model"),
    Term("partial pooling", "部分合并", "model"),
    Term("partial pooling with profile", "带用户画像的部分合并", "model"),
    Term("women", "女性用户", "condition", ("group=women",)),
    Term("men", "男性用户", "condition", ("group=men",)),
    Term("all users", "全部用户", "condition", ("group=all",)),
)
