"""q26: What is task diversity?

中文：q26：什么是任务多样性？
"""

import numpy as np

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=10,
    hints=[
        (
            "Each task says with its own ratings where it would move the shared weights: that is the gradient of its loss.",
            "每个任务用自己的评分说明它想把共享参数往哪边推：这就是它的损失的梯度。",
        ),
        (
            "The gradient of Σ_k (x_k · w − y_k)² points along Σ_k (x_k · w − y_k) x_k. Padded rows must not count.",
            "Σ_k (x_k · w − y_k)² 的梯度方向是 Σ_k (x_k · w − y_k) x_k。填充的行不能计入。",
        ),
        (
            "Divide each row by its own length; a row of length 0 stays a row of zeros.",
            "每一行除以自己的长度；长度为 0 的行保持全零。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    residual = (x @ weights - y) * mask
    gradient = np.einsum("bkd,bk->bd", x, residual)
    length = np.linalg.norm(gradient, axis=1, keepdims=True)
    return gradient / np.where(length > 0, length, 1.0)
    # END SOLUTION


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "Two tasks are alike where their embeddings point the same way, whatever their lengths.",
            "两个任务的 embedding 方向相同就算相似，与长度无关。",
        ),
        (
            "Scale the rows to length 1; then Z Zᵀ holds the cosine of every pair.",
            "先把每一行缩放到长度 1，Z Zᵀ 里就是每一对的余弦。",
        ),
        (
            "The diagonal compares a task with itself: leave it out. Average over i < j and subtract from 1.",
            "对角线是任务与自己比较，应去掉。对 i < j 取平均，再用 1 减去。",
        ),
    ],
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
    # BEGIN SOLUTION
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    cosines = unit @ unit.T
    return float(1 - cosines[np.triu_indices(len(z), 1)].mean())
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Collect the tasks as rows of W. Which matrix says how far they spread in every direction?",
            "把任务按行排成 W。哪个矩阵能说明它们在每个方向上铺开多远？",
        ),
        (
            "Wᵀ W / B, without taking the mean away. Its eigenvalues are the spread along its eigenvectors.",
            "Wᵀ W / B，不减均值。它的特征值就是沿各特征方向铺开的程度。",
        ),
        (
            "Tasks of one subspace fill at most `rank` directions: the rank-th largest eigenvalue is the weakest.",
            "共享子空间里的任务最多占 `rank` 个方向：从大到小第 rank 个特征值，就是其中最弱的一个。",
        ),
    ],
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
    # BEGIN SOLUTION
    covariance = weights.T @ weights / len(weights)
    return float(np.linalg.eigvalsh(covariance)[-rank])
    # END SOLUTION
