"""The 31 questions: number, stem (which names the files), title in both languages, part."""

import difflib
import re
from dataclasses import dataclass
from pathlib import PurePath

from .languages import pick

_I = "Part I. Foundations"
_II = "Part II. Online and adaptive"
_III = "Part III. Sharing, structure, compression"
_IV = "Part IV. Attention and robustness"
_V = "Part V. Search and augmentation"


@dataclass(frozen=True)
class Question:
    """One question of the workbook. `stem` names its files everywhere; `key` is its short name, `q06`."""

    number: int
    stem: str
    title_en: str
    title_zh: str
    part: str

    @property
    def key(self) -> str:
        return f"q{self.number:02d}"


QUESTIONS: tuple[Question, ...] = (
    Question(
        1,
        "q01_what_is_meta_learning",
        "What is meta-learning, and what does it buy a recommender?",
        "什么是元学习？它在推荐系统中有什么用？",
        _I,
    ),
    Question(
        2,
        "q02_user_interest_modeling",
        "Design a meta-learning method for modelling user interest, several base recommenders included.",
        "如何用元学习进行用户兴趣建模？",
        _I,
    ),
    Question(
        3,
        "q03_what_are_large_models",
        "What is a large model, and what does it do in a recommender?",
        "什么是大模型？它在推荐系统中有什么用？",
        _I,
    ),
    Question(
        4,
        "q04_optimize_large_models",
        "How do you optimise a large-model recommender, from features to training to tuning?",
        "如何优化大模型推荐算法？",
        _I,
    ),
    Question(
        5,
        "q05_what_is_transfer_learning",
        "What is transfer learning within meta-learning?",
        "什么是元学习中的迁移学习？",
        _I,
    ),
    Question(
        6,
        "q06_evaluate_meta_learning",
        "How do you evaluate a meta-learned recommender?",
        "如何评估元学习模型？",
        _I,
    ),
    Question(
        7,
        "q07_meta_learning_framework",
        "Design a recommender built on meta-learning, end to end.",
        "设计一个基于元学习的推荐系统框架。",
        _I,
    ),
    Question(
        8,
        "q08_online_learning",
        "What is online learning in a meta-learned recommender?",
        "什么是元学习的在线学习？",
        _II,
    ),
    Question(
        9,
        "q09_adaptive_recommendation",
        "How do you build a recommender that adapts to feedback as it comes?",
        "如何用元学习实现自适应推荐？",
        _II,
    ),
    Question(
        10,
        "q10_task_adaptation",
        "What is task adaptation?",
        "什么是元学习中的任务自适应？",
        _II,
    ),
    Question(
        11,
        "q11_multi_task_learning",
        "Design multi-task learning for meta-learning in recommendation.",
        "如何在元学习框架下做多任务学习？",
        _III,
    ),
    Question(
        12,
        "q12_unsupervised_learning",
        "What is unsupervised learning in meta-learning?",
        "什么是元学习中的无监督学习？",
        _III,
    ),
    Question(
        13,
        "q13_transfer_learning_method",
        "Design a transfer method from a source to a target domain.",
        "如何用元学习做跨域迁移推荐？",
        _III,
    ),
    Question(
        14,
        "q14_meta_regularization",
        "What is meta-regularisation?",
        "什么是元学习中的元正则化？",
        _III,
    ),
    Question(
        15,
        "q15_model_compression",
        "How do you compress a meta-learned model?",
        "如何压缩元学习模型？",
        _III,
    ),
    Question(
        16,
        "q16_explainability",
        "What is model explainability here?",
        "什么是元学习中的模型可解释性？",
        _III,
    ),
    Question(
        17,
        "q17_personalized_recommendation",
        "How do you personalise with meta-learning?",
        "如何用元学习做个性化推荐？",
        _III,
    ),
    Question(
        18,
        "q18_sample_efficiency",
        "What is sample efficiency?",
        "什么是元学习中的样本效率？",
        _III,
    ),
    Question(
        19,
        "q19_deep_reinforcement_learning",
        "Combine meta-learning and deep reinforcement learning for recommendation.",
        "如何结合元学习与深度强化学习做推荐？",
        _III,
    ),
    Question(
        20,
        "q20_transfer_inefficiency",
        "What is transfer inefficiency, and how does it differ from negative transfer?",
        "什么是元学习中的迁移无效性？它与负迁移有何区别？",
        _III,
    ),
    Question(
        21,
        "q21_online_meta_learning",
        "Design an online meta-learning recommender.",
        "如何设计在线元学习推荐系统？",
        _III,
    ),
    Question(
        22,
        "q22_attention_mechanism",
        "What is attention in meta-learning?",
        "什么是元学习中的注意力机制？",
        _IV,
    ),
    Question(
        23,
        "q23_adaptive_attention",
        "Design meta-learning with adaptive attention.",
        "如何在元学习中设计自适应注意力机制？",
        _IV,
    ),
    Question(
        24,
        "q24_adversarial_training",
        "What is adversarial training here?",
        "什么是元学习中的对抗训练？",
        _IV,
    ),
    Question(
        25,
        "q25_adaptive_adversarial_training",
        "Design adaptive adversarial training.",
        "如何在元学习中设计自适应对抗训练？",
        _IV,
    ),
    Question(
        26,
        "q26_task_diversity",
        "What is task diversity?",
        "什么是元学习中的任务多样性？",
        _IV,
    ),
    Question(
        27,
        "q27_task_diversity_modeling",
        "Design meta-learning that models task diversity.",
        "如何在元学习中对任务多样性建模？",
        _IV,
    ),
    Question(
        28,
        "q28_meta_search",
        "What is meta-search (of hyper-parameters and structure)?",
        "什么是元学习中的元搜索（超参数与结构搜索）？",
        _V,
    ),
    Question(
        29,
        "q29_meta_search_optimization",
        "Use meta-search to optimise a meta-learner.",
        "如何用元搜索优化元学习模型？",
        _V,
    ),
    Question(
        30,
        "q30_data_augmentation",
        "What is data augmentation here?",
        "什么是元学习中的数据增强？",
        _V,
    ),
    Question(
        31,
        "q31_data_augmentation_method",
        "Design meta-learning with data augmentation.",
        "如何在元学习中进行数据增强？",
        _V,
    ),
)

_BY_STEM = {question.stem: question for question in QUESTIONS}


def resolve(name: str | int) -> Question:
    """The question that `q06`, `6`, `06`, 6, the full stem or the path of its file means. Raises ValueError otherwise."""
    text = str(name).strip()
    if text.endswith(".py"):
        text = PurePath(text).stem
    if text in _BY_STEM:
        return _BY_STEM[text]
    number = re.fullmatch(r"[qQ]?0*([1-9][0-9]?)", text)
    if number and int(number[1]) <= len(QUESTIONS) and not isinstance(name, bool):
        return QUESTIONS[int(number[1]) - 1]
    near = difflib.get_close_matches(text, _BY_STEM, n=1, cutoff=0.5)
    hint = (f" Did you mean {near[0]}?", f"是不是想写 {near[0]}？") if near else ("", "")
    raise ValueError(pick((
        f"Got the question {name!r}; expected q01 to q31, a number from 1 to 31, or a full stem.{hint[0]}",
        f"没有题目 {name!r}；应为 q01 至 q31、1 至 31 的数字，或完整的文件名。{hint[1]}",
    )))  # fmt: skip


def resolve_all(names: list[str] | tuple[str, ...] | None) -> list[Question]:
    """The questions meant, each once, in order of number; an empty list of names means all of them."""
    chosen = {resolve(name) for name in names} if names else set(QUESTIONS)
    return sorted(chosen, key=lambda question: question.number)
