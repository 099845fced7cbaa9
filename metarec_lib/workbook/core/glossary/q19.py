"""Terms of q19."""

from .term import Term

TERMS = (
    # metrics
    Term("like rate", "喜欢率", "metric", ("likes",)),
    Term("error of the estimate", "估计误差", "metric", ("estimate",)),
    # models
    Term("random films", "随机影片", "model"),
    Term("the popular list", "同一份热门榜", "model", ("popular list",)),
    Term("LinUCB from zero", "从零开始的 LinUCB", "model"),
    Term("LinUCB from the popular list", "以热门榜为起点的 LinUCB", "model"),
    Term("LinUCB with a learned prior", "带学到先验的 LinUCB", "model"),
    Term("Thompson with a learned prior", "带学到先验的 Thompson 采样", "model"),
    Term("REINFORCE without memory", "无记忆的 REINFORCE", "model"),
    Term("DQN", "DQN", "model"),
    Term("RL²", "RL²", "model"),
    Term("RL² that hears another user", "听到别人反馈的 RL²", "model"),
    Term("RL² with gamma 0", "γ = 0 的 RL²", "model"),
    Term("MAML policy", "MAML 策略", "model"),
    Term("greedy oracle", "知道口味的贪心策略", "model"),
    Term("short-sighted policy", "短视策略（γ = 0）", "model"),
    Term("far-sighted policy", "远视策略（γ = 0.95）", "model"),
    Term("clipped IPS", "截断 IPS", "model"),
    Term("doubly robust", "双重稳健估计", "model"),
    Term("reward model alone", "只用奖励模型", "model"),
    # conditions
    Term("tastes as fitted", "口味强度如拟合", "condition", ("world=as fitted",)),
    Term("tastes 2.5 times as strong", "口味强度 2.5 倍", "condition", ("world=strong",)),
    Term("two interests a user", "每个用户两种兴趣", "condition", ("world=two interests",)),
    Term("sessions with clickbait", "有标题党的会话", "condition", ("world=clickbait",)),
    Term("a policy near the log", "离日志近的策略", "condition", ("target=near",)),
    Term("a policy far from the log", "离日志远的策略", "condition", ("target=far",)),
    # units
    Term("logs", "份日志", "unit"),
)
