"""Graded tests of q15. Rounding against its bound, pruning against a loop, the loss against torch's."""

import torch

from metarec_lib.workbook import assert_close, assert_equal, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


@graded("quantize_int8", core=True)
def test_int8_by_hand(yours):
    codes, scale = yours.quantize_int8(tensor([[1.27, -0.504], [-25.4, 5.0], [127.0, 2.5]]))
    assert_close(
        scale,
        tensor([0.01, 0.2, 1.0]),
        cause=(
            "one scale a row, its largest absolute value over 127; the code is the nearest whole number",
            "每行一个缩放系数，即该行最大绝对值除以 127；编码取最近的整数",
        ),
    )
    assert_close(
        codes.double(),
        tensor([[127.0, -50.0], [-127.0, 25.0], [127.0, 2.0]]),
        cause=(
            "one scale a row, its largest absolute value over 127; round as torch.round does (2.5 gives 2)",
            "每行一个缩放系数，即该行最大绝对值除以 127；取整与 torch.round 一致（2.5 得 2）",
        ),
    )


@graded("quantize_int8", core=True)
def test_int8_is_half_a_step_away(yours, rng):
    table = draw(rng, 6, 9) * torch.as_tensor(10.0 ** rng.integers(-3, 3, size=(6, 1)))
    codes, scale = yours.quantize_int8(table)
    top = torch.stack([max(abs(w) for w in row) for row in table])
    assert_close(
        scale,
        top / 127,
        cause=(
            "rows of different size need scales of their own, of the largest absolute value, negative or not",
            "各行大小不同，需要各自的缩放系数；取绝对值最大的数，无论正负",
        ),
    )
    error = (codes.double() * (top / 127)[:, None] - table).abs() / (top / 254)[:, None]
    assert_close(
        (error > 1 + 1e-9).sum(),
        0,
        cause=(
            "rows of different size need scales of their own, of the largest absolute value, negative or not",
            "各行大小不同，需要各自的缩放系数；取绝对值最大的数，无论正负",
        ),
    )
    assert_close(
        codes.double().abs().amax(1),
        torch.full((6,), 127.0, dtype=torch.float64),
        cause=(
            "rows of different size need scales of their own, of the largest absolute value, negative or not",
            "各行大小不同，需要各自的缩放系数；取绝对值最大的数，无论正负",
        ),
    )


@graded("quantize_int8", core=True)
def test_int8_takes_one_byte(yours):
    codes, _ = yours.quantize_int8(tensor([[1.0, 2.0, -3.0]]))
    assert_close(
        codes.element_size(),
        1,
        cause=("the codes must be torch.int8, one byte each", "编码必须是 torch.int8，每个一字节"),
    )


@graded("quantize_int8", core=True)
def test_int8_of_a_row_of_zeros(yours):
    codes, scale = yours.quantize_int8(tensor([[0.0, 0.0], [2.54, 0.0]]))
    assert_close(
        scale,
        tensor([1.0, 0.02]),
        cause=("a row of zeros divides by zero: its scale is 1", "全零的行会除以零：缩放系数应为 1"),
    )
    assert_close(
        codes.double(),
        tensor([[0.0, 0.0], [127.0, 0.0]]),
        cause=("a row of zeros divides by zero: its scale is 1", "全零的行会除以零：缩放系数应为 1"),
    )


@graded("dequantize_int8", core=True)
def test_back_by_hand(yours):
    codes = torch.tensor([[127, -50, 0], [-127, 1, 64]], dtype=torch.int8)
    assert_close(
        yours.dequantize_int8(codes, tensor([0.01, 2.0])),
        tensor([[1.27, -0.5, 0.0], [-254.0, 2.0, 128.0]]),
        cause=("scale · code, each row by its own scale", "scale · code，每行用自己的缩放系数"),
    )


@graded("dequantize_int8", core=True)
def test_back_is_the_loop(yours, rng):
    codes = torch.as_tensor(rng.integers(-127, 128, size=(9, 9)), dtype=torch.int8)
    scale = torch.as_tensor(rng.uniform(0.1, 2, size=9))
    expected = torch.stack([torch.stack([scale[r] * float(codes[r, c]) for c in range(9)]) for r in range(9)])
    assert_close(
        yours.dequantize_int8(codes, scale),
        expected,
        cause=("a square table hides it: the scale belongs to the row", "方阵里看不出来：缩放系数属于行，不属于列"),
    )
    got = yours.dequantize_int8(codes, scale)
    assert_equal(
        str(got.dtype),
        "torch.float64",
        cause=("the table has the type of `scale`, here float64", "还原出的表与 scale 同类型，这里是 float64"),
    )


@graded("magnitude_prune", core=True)
def test_pruning_by_hand(yours):
    table = tensor([[3.0, -1.0, 0.5], [2.0, -4.0, 0.1]])
    assert_close(
        yours.magnitude_prune(table, 3),
        tensor([[3.0, 0.0, 0.0], [2.0, -4.0, 0.0]]),
        cause=(
            "the largest by absolute value, with their sign, over the whole table",
            "按绝对值选最大的，保留正负号，在整张表上比较",
        ),
    )


@graded("magnitude_prune", core=True)
def test_pruning_is_the_loop(yours, rng):
    table = draw(rng, 5, 6)
    table[int(rng.integers(5))] *= 10  # one row holds most of the large entries
    keep = int(rng.integers(5, 20))
    expected, left = torch.zeros_like(table), table.clone()
    for _ in range(keep):
        r, c = divmod(int(left.abs().argmax()), 6)
        expected[r, c], left[r, c] = table[r, c], 0.0
    assert_close(
        yours.magnitude_prune(table, keep),
        expected,
        cause=("one threshold for all rows; exactly `keep` entries stay", "所有行用同一个门槛；恰好留下 keep 个"),
    )


@graded("magnitude_prune", core=True)
def test_pruning_among_equals(yours):
    table = tensor([[1.0, -2.0, 2.0], [2.0, -1.0, 5.0]])
    assert_close(
        yours.magnitude_prune(table, 3),
        tensor([[0.0, -2.0, 2.0], [0.0, 0.0, 5.0]]),
        cause=("of equal ones the first stay: sort stably", "相同时先出现者保留：要用稳定排序"),
    )
    ones = torch.ones(30, 30, dtype=torch.float64)
    expected = torch.zeros(30, 30, dtype=torch.float64)
    expected.view(-1)[:100] = 1.0
    assert_close(
        yours.magnitude_prune(ones, 100),
        expected,
        cause=("of equal ones the first stay: sort stably", "相同时先出现者保留：要用稳定排序"),
    )


@graded("magnitude_prune", core=True)
def test_pruning_nothing_and_everything(yours):
    table = tensor([[1.0, -2.0], [0.5, 3.0]])
    assert_close(
        yours.magnitude_prune(table, 0),
        torch.zeros(2, 2, dtype=torch.float64),
        cause=("keep may be 0, or more than there are", "keep 可以是 0，也可以超过元素个数"),
    )
    assert_close(
        yours.magnitude_prune(table, 9),
        table,
        cause=("keep may be 0, or more than there are", "keep 可以是 0，也可以超过元素个数"),
    )


@graded("distillation_loss", core=True)
def test_the_loss_by_hand(yours):
    student, teacher = tensor([[0.0, 0.0]]), tensor([[0.2, 0.0]])
    t = torch.softmax(tensor([2.0, 0.0]), 0)  # 0.2 / 0.1
    kl = float((t * torch.log(t / 0.5)).sum())
    got = yours.distillation_loss(student, teacher, tensor([[1.0, 0.0]]), 0.25, 0.1)
    assert_close(
        got,
        0.75 * torch.log(tensor(2.0)) + 0.25 * kl,
        cause=(
            "weight stands at the KL, 1 − weight at the likes; the temperature divides the teacher's scores alone",
            "weight 乘 KL，1 − weight 乘喜欢的交叉熵；温度只除教师的得分",
        ),
    )


@graded("distillation_loss", core=True)
def test_the_loss_is_torchs(yours, rng):
    student, teacher = 2 * draw(rng, 4, 7), draw(rng, 4, 7)
    likes = torch.as_tensor(rng.random((4, 7)) < 0.3).double()
    likes[torch.arange(4), torch.as_tensor(rng.integers(7, size=4))] = 1.0
    likes[0, :5] = 1.0
    log_s = student.log_softmax(1)
    soft = torch.nn.functional.kl_div(log_s, (teacher / 0.3).softmax(1), reduction="batchmean")
    hard = torch.stack([-log_s[u][likes[u] > 0].mean() for u in range(4)]).mean()
    assert_close(
        yours.distillation_loss(student, teacher, likes, 0.6, 0.3),
        0.4 * hard + 0.6 * soft,
        cause=(
            "KL from the teacher to the student, summed over items; likes averaged within each user, then over users",
            "KL 从教师到学生，对物品求和；喜欢先在用户内取平均，再对用户取平均",
        ),
    )


@graded("distillation_loss", core=True)
def test_only_the_student_learns(yours, rng):
    student, teacher = draw(rng, 3, 5), draw(rng, 3, 5)
    likes = torch.eye(3, 5, dtype=torch.float64)
    to_student, to_teacher = yours.grad("distillation_loss", student, teacher, likes, 0.5, 0.2, wrt=[0, 1])
    p, t = student.softmax(1), (teacher / 0.2).softmax(1)
    assert_close(
        to_student,
        (p - 0.5 * likes - 0.5 * t) / 3,
        cause=(
            "the gradient runs to the student and not to the teacher: detach",
            "梯度只传给学生，不传给教师：用 detach",
        ),
    )
    if to_teacher is not None:
        assert_close(
            to_teacher,
            torch.zeros(3, 5, dtype=torch.float64),
            cause=(
                "the gradient runs to the student and not to the teacher: detach",
                "梯度只传给学生，不传给教师：用 detach",
            ),
        )


@graded("distillation_loss", core=True)
def test_where_a_softmax_is_zero(yours):
    sure, flat, likes = (
        tensor([[500.0, 0.0, -500.0]]),
        torch.zeros(1, 3, dtype=torch.float64),
        tensor([[0.0, 1.0, 0.0]]),
    )
    got = yours.distillation_loss(flat, sure, likes, 1.0, 0.1)
    assert_close(
        got,
        torch.log(tensor(3.0)),
        cause=(
            "log of a softmax that is 0 gives NaN or infinity: use log_softmax",
            "对等于 0 的 softmax 取 log 得到 NaN 或无穷：用 log_softmax",
        ),
    )
    got = yours.distillation_loss(2 * sure, sure, likes, 0.25, 0.1)  # a sure student: its −log is 1000
    assert_close(
        got,
        tensor(750.0),
        cause=(
            "log of a softmax that is 0 gives NaN or infinity: use log_softmax",
            "对等于 0 的 softmax 取 log 得到 NaN 或无穷：用 log_softmax",
        ),
    )
