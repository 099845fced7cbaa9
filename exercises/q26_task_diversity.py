"""q26: What is task diversity?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q26` in a terminal, or the cell `check("q26")` of the notebook.
You may import the standard library, numpy and torch.
"""

import numpy as np


def support_gradient_embedding(x: np.ndarray, y: np.ndarray, mask: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Embed each task as the direction of its support gradient at the shared initial weights.

    x: (B, K, D) features of each task's support, padded to K rows. y: (B, K) targets.
    mask: (B, K) bool, False where padded; what stands there in x and y must not count. Whole tasks may be empty.
    weights: (D,) the shared initial weights w; the model says x · w.
    Returns (B, D): the gradient with respect to w of each task's mean squared error, divided by its Euclidean length;
    zeros where the gradient is zero. It points uphill: it is the gradient, not the step.

    >>> x = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> support_gradient_embedding(x, np.array([[3.0, -4.0]]), np.array([[True, True]]), np.zeros(2))
    array([[-0.6,  0.8]])

    中文：用各任务在共享初始化参数处的支持集梯度方向，作为任务的 embedding。
    x：(B, K, D)，各任务支持集的特征，填充到 K 行。y：(B, K)，目标值。
    mask：(B, K) 布尔，填充处为 False；那里的 x 和 y 不能计入。整个任务可能是空的。
    weights：(D,)，共享的初始化参数 w，模型的预测是 x · w。
    返回 (B, D)：每个任务的均方误差对 w 的梯度，除以它的欧氏长度；梯度为零时返回全零。
    方向是梯度本身（上坡），不是下降的那一步。
    """
    raise NotImplementedError(
        "Write support_gradient_embedding: embed each task as the direction of its support gradient at the shared "
        "initial weights."
    )


def pairwise_diversity(z: np.ndarray) -> float:
    """Compute how different tasks are: 1 minus the mean cosine over all pairs of different tasks.

    z: (B, P) one embedding a task, no row of zeros, of any length; may be integers. B is at least 2. Equal rows are
    different tasks.
    Returns a float: 0 where all point the same way, 1 where all are at right angles, 2 for two opposite ones.

    >>> pairwise_diversity(np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]]))    # cosines 0, 1, 0
    0.6666…

    中文：计算任务之间的差异：1 减去所有不同任务对的余弦的均值。
    z：(B, P)，每个任务一个 embedding，没有全零的行，长度不限，可能是整数类型。B 至少为 2。两行相同也算两个任务。
    返回浮点数：方向全部相同时为 0，两两垂直时为 1，两个相反的任务为 2。
    """
    raise NotImplementedError(
        "Write pairwise_diversity: compute how different tasks are: 1 minus the mean cosine over all pairs of "
        "different tasks."
    )


def smallest_task_eigenvalue(weights: np.ndarray, rank: int) -> float:
    """Compute the diversity constant of linear tasks: the rank-th largest eigenvalue of Wᵀ W / B.

    weights: (B, D) the true weights w_b of each task, rows of W; B may be smaller than rank; may be integers.
    rank: R, 1 to D, the dimension of the subspace that all tasks are supposed to share.
    Returns a float, 0 where the tasks leave one of R directions out. The mean of the tasks is not taken away: a direction
    that all tasks share is learned as well.

    >>> smallest_task_eigenvalue(np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), rank=2)    # eigenvalues 2, 0.5, 0
    0.5

    中文：计算线性任务的多样性常数：Wᵀ W / B 从大到小的第 rank 个特征值。
    weights：(B, D)，每个任务的真实参数 w_b，是 W 的各行；B 可以小于 rank；可能是整数类型。
    rank：R，从 1 到 D，所有任务应当共享的子空间的维数。
    返回浮点数；任务缺了 R 个方向中的一个时为 0。不减任务的均值：所有任务共有的方向同样学得到。
    """
    raise NotImplementedError(
        "Write smallest_task_eigenvalue: compute the diversity constant of linear tasks: the rank-th largest "
        "eigenvalue of Wᵀ W / B."
    )
