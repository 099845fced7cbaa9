"""Named wrong answers of q26."""

import numpy as np

from metarec_lib.workbook import mistake


def _gradient(x, y, mask, weights):
    return np.einsum("bkd,bk->bd", x, (x @ weights - y) * mask)


def _unit(gradient):
    length = np.linalg.norm(gradient, axis=1, keepdims=True)
    return gradient / np.where(length > 0, length, 1)


@mistake("support_gradient_embedding")
def points_downhill(x, y, mask, weights):
    """You returned the direction of the step, −∇L; asked is the gradient itself.

    你返回的是下降的方向 −∇L；要的是梯度本身。
    """
    return -_unit(_gradient(x, y, mask, weights))


@mistake("support_gradient_embedding")
def takes_the_gradient_at_zero(x, y, mask, weights):
    """You took the gradient at w = 0: it must be taken at the shared initial weights.

    你在 w = 0 处取了梯度：应在共享的初始化参数处取。
    """
    return _unit(_gradient(x, y, mask, 0 * weights))


@mistake("support_gradient_embedding")
def counts_padded_rows(x, y, mask, weights):
    """Padded rows are in your gradient: multiply the residuals by the mask.

    你的梯度里混进了填充行：残差要乘以 mask。
    """
    return _unit(_gradient(x, y, np.ones_like(mask), weights))


@mistake("support_gradient_embedding")
def divides_zero_by_zero(x, y, mask, weights):
    """A task without a gradient became NaN: leave a row of length 0 as zeros.

    没有梯度的任务变成了 NaN：长度为 0 的行应保持全零。
    """
    gradient = _gradient(x, y, mask, weights)
    with np.errstate(all="ignore"):
        return gradient / np.linalg.norm(gradient, axis=1, keepdims=True)


@mistake("support_gradient_embedding")
def keeps_the_length(x, y, mask, weights):
    """You did not divide by the length: users with large errors would count as more different.

    你没有除以长度：误差大的用户会显得更“不同”。
    """
    return _gradient(x, y, mask, weights)


@mistake("support_gradient_embedding")
def divides_by_one_length(x, y, mask, weights):
    """You divided all rows by one length: each task has its own.

    你用同一个长度去除所有行：每个任务应除以自己的长度。
    """
    gradient = _gradient(x, y, mask, weights)
    return gradient / max(np.linalg.norm(gradient), 1e-12)


@mistake("support_gradient_embedding")
def divides_by_the_sum(x, y, mask, weights):
    """You divided by the sum of absolute values; asked is the Euclidean length.

    你除的是绝对值之和；要的是欧氏长度。
    """
    gradient = _gradient(x, y, mask, weights)
    length = np.abs(gradient).sum(axis=1, keepdims=True)
    return gradient / np.where(length > 0, length, 1)


def _cosines(z):
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    return unit @ unit.T


@mistake("pairwise_diversity")
def compares_tasks_with_themselves(z):
    """The diagonal is in your mean: a task is not compared with itself.

    你的均值里含有对角线：任务不与自己比较。
    """
    return float(1 - _cosines(z).mean())


@mistake("pairwise_diversity")
def forgets_to_scale(z):
    """You averaged inner products; divide each row by its length first, so that only directions count.

    你对内积取了平均；应先把每一行除以自己的长度，只看方向。
    """
    return float(1 - (z @ z.T)[np.triu_indices(len(z), 1)].mean())


@mistake("pairwise_diversity")
def returns_the_similarity(z):
    """You returned the mean cosine, which is similarity: subtract it from 1.

    你返回的是余弦的均值，那是相似度：要用 1 减去它。
    """
    return float(_cosines(z)[np.triu_indices(len(z), 1)].mean())


@mistake("pairwise_diversity")
def takes_opposite_for_alike(z):
    """You took absolute cosines: tasks that pull in opposite directions are as different as can be.

    你取了余弦的绝对值：方向相反的任务恰恰是最不同的。
    """
    return float(1 - np.abs(_cosines(z))[np.triu_indices(len(z), 1)].mean())


@mistake("pairwise_diversity")
def merges_equal_tasks(z):
    """You dropped equal rows: two users with the same embedding are still two tasks.

    你去掉了重复的行：embedding 相同的两个用户仍是两个任务。
    """
    z = np.unique(z, axis=0)
    return float(1 - _cosines(z)[np.triu_indices(len(z), 1)].mean()) if len(z) > 1 else 0.0


@mistake("pairwise_diversity")
def cuts_whole_numbers(z):
    """You wrote unit vectors into an array made like `z`: where its values are integers the fractions are lost.

    你按 `z` 的类型新建了数组来装单位向量，`z` 是整数时小数会被截断。
    """
    unit = np.empty_like(z)
    unit[:] = z / np.linalg.norm(z, axis=1, keepdims=True)
    return float(1 - (unit @ unit.T)[np.triu_indices(len(z), 1)].mean())


@mistake("pairwise_diversity")
def compares_neighbours_only(z):
    """You compared each task with the next one only: every pair counts.

    你只比较了相邻的任务：每一对都要算。
    """
    return float(1 - np.diag(_cosines(z), 1).mean())


@mistake("smallest_task_eigenvalue")
def takes_the_mean_away(weights, rank):
    """You took the mean of the tasks away: a direction that all tasks share is then missing, though it is learned.

    你减掉了任务的均值：所有任务共有的方向就不见了，可它是学得到的。
    """
    centred = weights - weights.mean(axis=0)
    return float(np.linalg.eigvalsh(centred.T @ centred / len(weights))[-rank])


@mistake("smallest_task_eigenvalue")
def counts_equal_tasks_once(weights, rank):
    """You dropped equal rows: two tasks with the same weights are still two tasks.

    你去掉了相同的行：参数相同的两个任务仍是两个任务。
    """
    kept = np.unique(weights, axis=0)
    return float(np.linalg.eigvalsh(kept.T @ kept / len(kept))[-rank])


@mistake("smallest_task_eigenvalue")
def forgets_the_number_of_tasks(weights, rank):
    """You did not divide by the number of tasks: more tasks of the same kind would count as more diverse.

    你没有除以任务数：同样的任务多了，就会显得更多样。
    """
    return float(np.linalg.eigvalsh(weights.T @ weights)[-rank])


@mistake("smallest_task_eigenvalue")
def takes_the_smallest_of_all(weights, rank):
    """You took the smallest of all D eigenvalues, 0 as soon as the subspace is smaller than D: take the rank-th largest.

    你取的是全部 D 个特征值里最小的，子空间小于 D 时它总是 0：应取从大到小的第 rank 个。
    """
    return float(np.linalg.eigvalsh(weights.T @ weights / len(weights))[0])


@mistake("smallest_task_eigenvalue")
def takes_the_singular_value(weights, rank):
    """You returned a singular value of W: the eigenvalue of Wᵀ W / B is its square divided by B.

    你返回的是 W 的奇异值：Wᵀ W / B 的特征值是它的平方除以 B。
    """
    values = np.linalg.svd(weights, compute_uv=False)
    return float(values[rank - 1]) if rank <= len(values) else 0.0


@mistake("smallest_task_eigenvalue")
def needs_as_many_tasks_as_directions(weights, rank):
    """You took eigenvalues of W Wᵀ, which has only B of them: with fewer tasks than `rank` the answer is 0.

    你用的是 W Wᵀ，它只有 B 个特征值：任务数少于 rank 时答案是 0。
    """
    return float(np.linalg.eigvalsh(weights @ weights.T / len(weights))[-rank])


@mistake("smallest_task_eigenvalue")
def divides_by_the_inputs(weights, rank):
    """You divided by the number of inputs D: the mean is over the B tasks.

    你除的是输入的维数 D：应对 B 个任务取平均。
    """
    return float(np.linalg.eigvalsh(weights.T @ weights / weights.shape[1])[-rank])
