"""How many small changes of the solutions the graded tests notice: `python tests/workbook/mutation.py [q06 …]`.

Each mutant changes one place of one function: an operator, a comparison, a constant, an argument, a slice, a branch or a
whole statement. Printed are the score of each function and the mutants that pass every test: a gap, unless EQUIVALENT
names them with the reason why they are no mistake.
"""

import ast
import copy
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from metarec_lib.workbook.core.places import content
from metarec_lib.workbook.exercises import plain_text, read_solution
from metarec_lib.workbook.exercises.judging import judge
from metarec_lib.workbook.exercises.manifest import stems

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip

WORDS = {"mean": "sum", "sum": "mean"}
EQUIVALENT = {
    "esmm_loss": {
        "clicked, converted = (clicked.to((0 * click_logit).dtype), converted.to(click_logit.dtype))": "takes the type",
        "clicked, converted = (clicked.to(click_logit.dtype), converted.to((0 * click_logit).dtype))": "takes the type",
    },
    "kmeans_step": {
        "member = torch.nn.functional.one_hot(labels, len(0 * centres)).double()": "takes only the length",
        "labels = ((points[:, None] - centres) ** 2).mean(2).argmin(1)": "the same order",
    },
    "denoising_loss": {
        "hidden = torch.tanh(given / torch.where(length > 0, length, 2) @ encode)": "divides zeros",
        "hidden = torch.tanh(given / torch.where(length > 1, length, 1) @ encode)": "a length of 1 either way",
    },
    "dpp_greedy": {
        "kernel, chosen = (kernel, [])": "rounding alone",
        "d, rows = (kernel.diagonal(), torch.zeros(0, len(kernel)))": "rounding alone",
        "d, rows = (kernel.diagonal(), torch.zeros(1, len(kernel)).double())": "a row of zeros explains nothing",
        "d, rows = (kernel.diagonal(), torch.zeros(0, len(0 * kernel)).double())": "takes only the length",
        "d[chosen] = -1": "not above the border either way",
        "pass": "what is left of a chosen item is 0 without rounding",
    },
    "mixture_responsibilities": {
        "covariance = scale ** 2 * X @ X.T + noise ** 2 * torch.eye(len(y))": "rounds the noise alone",
        "covariance = scale ** 2 * X @ X.T + noise ** 2 * torch.eye(len(0 * y), dtype=X.dtype)": "takes only the length",
        "covariance = scale ** 2 * X @ X.T + noise ** 2 * torch.eye(len(y), dtype=(0 * X).dtype)": "takes only the type",
        "return torch.softmax(torch.log(share) - fit / 2, dim=-1)": "one dimension",
    },
    "logdet_diversity": {
        "return -torch.logdet(torch.eye(len(0 * Z)) + Z @ Z.T)": "takes only the length",
    },
    "sampled_softmax_loss": {
        "return (torch.logsumexp(logits, dim=1) - first.squeeze(0)).mean()": "all pairs have the same mean difference",
    },
    "early_stopping": {
        "for update, error in zip(updates, errors):": "both have T entries",
        "for update, error in zip(updates, errors, strict=False):": "both have T entries",
    },
    "past_only_mean": {
        "before = before.to((0 * values).dtype)": "takes only the type",
    },
    "hypergradient": {
        "system = X.T @ X + strength * torch.eye(len((0 * X).T), dtype=X.dtype)": "takes only the length",
        "system = X.T @ X + strength * torch.eye(len(X.T), dtype=(0 * X).dtype)": "takes only the type",
        "system = X.T @ X + strength * torch.eye(len(X.T))": "rounds the strength alone",
    },
    "prune_decision": {
        "rung = len(0 * current) - 1": "takes only the length",
        "if len(0 * current) <= warm_up or len(reached) < max(least, 1):": "takes only the length",
        "return current[-1] > torch.quantile(reached.double(), 0.5)": "a truth value either way",
    },
    "expected_improvement": {
        "z = gain / torch.where(std >= 0, std, 1.0)": "the guarded value is not used",
        "z = gain / torch.where(std > 0, std, 2.0)": "the guarded value is not used",
        "z = gain / torch.where(std > -1, std, 1.0)": "the guarded value is not used",
    },
    "successive_halving": {
        "left = torch.arange((0 * losses).shape[1])": "takes only the shape",
        "reached = torch.zeros(losses.shape[1])": "whole numbers either way",
        "reached = torch.zeros((0 * losses).shape[1], dtype=torch.int64)": "takes only the shape",
        "left = left[torch.argsort(row[left])[:1 if last else max(1, len(left) // eta)]]": "short lists are sorted stably",
        "last = rung == len(0 * losses) - 1": "takes only the length",
        "left = left[torch.argsort(row[left], stable=False)[:1 if last else max(1, len(left) // eta)]]": "the same",
    },
    "rank_by_neighbour_tasks": {
        "spread = features.double().std(0)": "one factor for all features changes no order",
        "spread = features.double().std(0, unbiased=True)": "one factor for all features changes no order",
        "away = torch.where(spread >= 0, (features - target) / torch.where(spread > 0, spread, 1.0), 0.0)": "a constant",
        "away = torch.where(spread > -1, (features - target) / torch.where(spread > 0, spread, 1.0), 0.0)": "a constant",
        "away = torch.where(spread > 0, (features - target) / torch.where(spread >= 0, spread, 1.0), 0.0)": "not used",
        "away = torch.where(spread > 0, (features - target) / torch.where(spread > 0, spread, 2.0), 0.0)": "not used",
        "away = torch.where(spread > 0, (features - target) / torch.where(spread > -1, spread, 1.0), 0.0)": "not used",
        "near = losses[torch.argsort((away ** 2).sum(1))[:k]]": "short lists are sorted stably",
        "near = losses[torch.argsort((away ** 2).mean(1), stable=True)[:k]]": "the same order",
        "near = losses[torch.argsort((away ** 2).sum(1), stable=False)[:k]]": "short lists are sorted stably",
        "equal = (near[:, None, :] == near[:, :, None]).sum(1)": "symmetric",
        "return torch.argsort((lower + (equal + 1) / 2).mean(0))": "short lists are sorted stably",
        "return torch.argsort((lower + (equal + 1) / 2).sum(0), stable=True)": "the same order",
        "return torch.argsort((lower + (equal + 1) / 2).mean(0), stable=False)": "short lists are sorted stably",
        "return torch.argsort((lower + equal / 2).mean(0), stable=True)": "the same order",
        "return torch.argsort((lower + (equal - 1) / 2).mean(0), stable=True)": "the same order",
        "return torch.argsort((lower + (equal + 2) / 2).mean(0), stable=True)": "the same order",
        "return torch.argsort((lower + (equal + 0) / 2).mean(0), stable=True)": "the same order",
    },
    "fgsm_perturbation": {
        "return epsilon * gradient / torch.where(length > 0, length, 2.0)": "zero divided by any number",
    },
    "apr_loss": {
        "fixed = [row.requires_grad_() for row in rows]": "the values and gradients are the same",
        "change = [torch.nn.functional.normalize(g, eps=2e-300) for g in torch.autograd.grad(bpr(*fixed), fixed)]": "tiny",
        "return bpr(*rows) + weight * bpr(*(row + epsilon * way for row, way in zip(rows, change)))": "equally long",
        "return bpr(*rows) + weight * bpr(*(row + epsilon * way for row, way in zip(rows, change, strict=False)))": "same",
    },
    "worst_rating_change": {
        "ends = torch.tensor([low, high], dtype=(0 * errors).dtype)": "takes only the type",
        "change = ends - ratings.to((0 * errors).dtype)[:, None]": "takes only the type",
        "best = (moved ** 2).mean(0).flatten().argmax()": "the checker takes a 0-d tensor as a number",
        "best = int((moved ** 2).mean(0).argmax())": "argmax flattens",
        "best = int((moved ** 2).sum(0).flatten().argmax())": "the largest sum is the largest mean",
        "return (best // 2, ends[best % 2])": "the checker takes a 0-d tensor as a number",
    },
    "huber_weights": {
        "count = mask.sum(1, keepdim=True).to(residuals.dtype)": "a user without ratings has only padding",
        "count = mask.sum(1, keepdim=True).clamp(min=1).to((0 * residuals).dtype)": "takes only the type",
        "count = mask.sum(1, keepdim=True).clamp(min=0).to(residuals.dtype)": "a user without ratings has only padding",
        "return torch.where(size >= c, c / size, torch.ones_like(size)).masked_fill(~mask, 0.0)": "1 either way",
    },
    "crop": {
        "length = max(1, math.ceil(share * len(history) - 2e-09))": "as small",
        "length = max(1, math.ceil(share * len(0 * history) - 1e-09))": "takes only the length",
        "first = round(start * (len(0 * history) - length))": "takes only the length",
    },
    "sliding_prefixes": {
        "count = max(len(0 * history) - 1, 0)": "takes only the length",
        "prefixes[t - 1, 0 * longest - len(part):] = part": "a place counted from the end",
    },
    "noise_as_ridge": {
        "ridge = len(x) * std ** 2 * torch.eye(x.shape[1])": "loses the eighth digit",
        "ridge = len(0 * x) * std ** 2 * torch.eye(x.shape[1], dtype=x.dtype)": "takes only the length",
        "ridge = len(x) * std ** 2 * torch.eye((0 * x).shape[1], dtype=x.dtype)": "takes only the width",
        "ridge = len(x) * std ** 2 * torch.eye(x.shape[1], dtype=(0 * x).dtype)": "takes only the type",
    },
    "kernel_shap_weights": {
        "if any((s < -1 or s > n for s in sizes)):": "math.comb refuses -1 itself",
        "return [float('inf') if s in (n, 0) else (n - 1) / (comb(n, s) * s * (n - s)) for s in sizes]": "the same",
    },
    "integrated_gradients": {
        "total = torch.zeros_like(0 * x)": "takes only the shape of its argument",
        "total = total + torch.autograd.grad(model(point), point)[-1]": "there is one gradient",
        "return (x - baseline) * total / steps": "the checker takes the numbers alone",
    },
    "cached_attention_step": {
        "logits = (keys @ query.unsqueeze(2)).squeeze(2) / (0 * query).shape[1] ** 0.5": "takes only the width",
    },
    "residual_quantize": {"code = ((rest.unsqueeze(1) - book) ** 2).mean(2).argmin(1)": "the same order"},
    "l2_sp_penalty": {
        "shared, new = (weights & source.keys(), weights.keys() - source.keys())": "a view of keys meets any names",
        "shared, new = (weights.keys() & source, weights.keys() - source.keys())": "a view of keys meets any names",
        "shared, new = (weights.keys() & source.keys(), weights - source.keys())": "a view of keys meets any names",
        "shared, new = (weights.keys() & source.keys(), weights.keys() - source)": "a view of keys meets any names",
        "return alpha / 2 * moved + beta / 2 * fresh": "a tensor but where there are no names",
    },
    "steps_as_ridge": {
        "eigenvalues, v = torch.linalg.eigh(x.T @ x / len(0 * x))": "takes only the length",
        "downhill = v.T @ (x.T @ (y - x @ w)) / len(0 * x)": "takes only the length",
    },
    "change_point_posterior": {
        "residual, n = (ratings - mean, np.arange(len(0 * ratings)))": "takes only the length",
        "for size, s in ((len(ratings) - n, total - before), (n, before)):": "a sum in another order",
        "for size, s in ((n, before), (len(0 * ratings) - n, total - before)):": "takes only the length",
    },
    "emcdr_mapping": {"ridge = torch.full_like(z[-1], decay).diag()": "takes only the shape of a row"},
    "conditional_prior": {"d = len(0 * source)": "takes only the length"},
    "personalised_bridge": {
        "weights = torch.softmax((history @ attention).masked_fill(~mask, -torch.inf), dim=-1)": "one dimension",
    },
    "magnitude_prune": {
        "kept = torch.zeros_like(0 * table).flatten()": "takes only the shape",
        "return kept.reshape((0 * table).shape)": "takes only the shape",
    },
    "prior_strength": {
        "between = user_means.var() - within_variance / ratings_per_user": "a tensor counts as a number"
    },
    "fit_power_law": {"return (np.exp(y.mean() - slope * x.mean()), -slope)": "a NumPy number counts as a float"},
    "samples_to_reach": {
        "return k[0]": "a NumPy number counts as a float",
        "return k0 + (e0 - target) / (e0 - e1) * (k1 - k0)": "a NumPy number counts as a float",
    },
    "snips_estimate": {
        "total = weights.sum()": "a tensor counts as a number",
        "return ((weights * rewards).sum() / total, total ** 2 / float((weights ** 2).sum()))": "the same",
        "return (float((weights * rewards).sum()) / total, total ** 2 / (weights ** 2).sum())": "the same",
    },
    "transfer_ratio": {
        "room = without.mean() - ceiling.mean()": "a tensor counts as a number",
        "return (with_transfer.mean() - ceiling.mean()) / room": "the same",
    },
    "gated_distillation_loss": {
        "gate = (source_error < target_error)[group].to((0 * student).dtype)": "takes only the type",
    },
    "ftml_step": {
        "start = start.requires_grad_()": "the learner is told that an argument changed; the step is the same"
    },
    "support_gradient_embedding": {
        "return gradient / np.where(length > 0, length, 2.0)": "zero divided by any number",
    },
    "inner_step": {
        "if not (0 * weights).requires_grad:": "asks the same",
        "weights = weights.requires_grad_()": "the learner is told that an argument changed; the step is the same",
    },
    "maml_outer_loss": {
        "total = (0 * weights).new_zeros(())": "takes only the dtype of its argument",
        "for support, query in zip(support_losses, query_losses):": "the lists are equally long",
        "for support, query in zip(support_losses, query_losses, strict=False):": "the lists are equally long",
    },
    "scaled_dot_product_attention": {
        "logits = query @ key.T / (0 * query).shape[1] ** 0.5": "takes only the length of its argument",
    },
    "softmax_with_sink": {
        "column = (0 * logits).new_full((len(logits), 1), sink)": "takes only the dtype of its argument",
        "column = logits.new_full((len(0 * logits), 1), sink)": "takes only the length of its argument",
    },
    "linucb_scores": {
        "gram = torch.eye(items.shape[1]) + rated.T @ rated": "an identity is exact in any type",
        "gram = torch.eye((0 * items).shape[1], dtype=items.dtype) + rated.T @ rated": "takes only the width",
        "gram = torch.eye(items.shape[1], dtype=(0 * items).dtype) + rated.T @ rated": "takes only the type",
        "weights = torch.linalg.solve(gram, rated.T @ ratings.to((0 * items).dtype))": "the same",
    },
    "pairwise_diversity": {
        "return 1 - cosines[np.triu_indices(len(z), 1)].mean()": "a NumPy number counts as a float",
        "return float(1 - cosines[np.triu_indices(len(0 * z), 1)].mean())": "takes only the length",
    },
    "smallest_task_eigenvalue": {
        "covariance = weights.T @ weights / len(0 * weights)": "takes only the length",
        "return np.linalg.eigvalsh(covariance)[-rank]": "a NumPy number counts as a float",
    },
    "lora_forward": {"return x @ weight.mT + alpha / (0 * a).shape[1] * change": "takes only the shape"},
    "merge_lora": {"return weight + alpha / (0 * a).shape[0] * b @ a": "takes only the shape"},
    "loo_residuals": {
        "hat = x @ np.linalg.solve(x.T @ x + strength * np.eye((0 * x).shape[1]), x.T)": "takes only the shape",
    },
    "partial_pooling": {
        "own = torch.where(counts > 0, means, torch.zeros_like(0 * means))": "takes only the shape of its argument",
    },
    "beta_prior": {
        "m = rates.mean()": "a tensor without dimensions counts as a number",
        "between = rates.var(unbiased=False) - (m * (1 - m) / shows).mean().item()": "the same",
        "between = rates.var(unbiased=False).item() - (m * (1 - m) / shows).mean()": "the same",
    },
    "gauc": {
        "rows, total = (0.0, 0)": "0 and 0.0 are the same number",
        "total, rows = (0, 0.0)": "the same",
        "total += len(own) * ((gap > 0).double() + 0.5 * (gap == 0).double()).mean()": "a tensor counts as a number",
        "total += len(own) * ((gap > 0) + 0.5 * (gap == 0).double()).mean().item()": "a sum with a float is one",
        "total += len(own) * ((gap > 0).double() + 0.5 * (gap == 0)).mean().item()": "half a truth value is a float",
    },
    "out_of_fold_predictions": {
        "predictions = np.empty(len(0 * ratings))": "takes only the length of its argument",
        "for f in fold:": "predicts a fold anew for each of its ratings",
    },
    "stacking_weights": {
        f"weights = np.linalg.solve(gram + strength * np.eye(gram.shape[{a}]), np.ones(gram.shape[{b}]))": "it is square"
        for a, b in ((0, 1), (0, -1), (1, 0), (-1, 0))
    },
    "ndcg_at_k": {
        "order = np.argsort(-scores)": "inside a tie the order does not matter",
        "order = np.argsort(-scores, kind='stable?')": "numpy reads the first letter",
        "_, group = np.unique(scores[order], return_inverse=True)": "the groups need no order",
        "discount = 2 / np.log2(np.arange(len(scores)) + 2)": "the factor cancels",
        "discount = 1 / np.log2(np.arange(len(0 * scores)) + 2)": "takes only the length of its argument",
        "return float(averaged @ discount / ideal)": "0 / 0 is NaN",
        "return float(averaged @ discount / ideal) if ideal >= 0 else float('nan')": "0 / 0 is NaN",
        "return float(averaged @ discount / ideal) if ideal > -1 else float('nan')": "0 / 0 is NaN",
        "return averaged @ discount / ideal if ideal > 0 else float('nan')": "a numpy float is a float",
    },
    "paired_bootstrap": {
        "return (difference.mean(), float(low), float(high))": "a numpy float is a float",
        "return (float(difference.mean()), low, float(high))": "a numpy float is a float",
        "return (float(difference.mean()), float(low), high)": "a numpy float is a float",
    },
    "user_split_without_leakage": {
        "order = np.argsort(users, kind='stable?')": "numpy reads the first letter",
        "place = np.empty(len(users))": "a place compares with k as a float too",
        "place = np.empty(len(0 * users), dtype=int)": "takes only the length of its argument",
        "place[order] = np.arange(len(0 * users)) - np.searchsorted(ordered, ordered)": "takes only the length",
    },
    "ridge_adapt": {
        "a = np.linalg.solve(z @ z.T + noise ** 2 * np.eye(len(0 * x)), residual)": "takes only the length of its argument"
    },
    "serve": {"order = np.argsort(-scores, kind='stable?')": "numpy reads the first letter"},
}


def changed(node: ast.AST, parameters: set[str]) -> list[ast.AST]:
    """What one node can be turned into."""
    found: list[ast.AST] = []
    if isinstance(node, ast.BinOp):
        found += [node.left, node.right]
        if other := OPERATORS.get(type(node.op)):
            found.append(ast.BinOp(node.left, other(), node.right))
    elif isinstance(node, ast.Compare):
        found += [ast.Compare(node.left, [COMPARISONS[type(op)]()], node.comparators) for op in node.ops]
    elif isinstance(node, ast.UnaryOp):
        found.append(node.operand)
    elif isinstance(node, ast.Constant):
        found += [ast.Constant(value) for value in _constants(node.value)]
    elif isinstance(node, ast.Call):
        found += _calls(node)
    elif isinstance(node, ast.Slice):
        found += _slices(node)
    elif isinstance(node, ast.Attribute) and node.attr in WORDS:
        found.append(ast.Attribute(node.value, WORDS[node.attr], node.ctx))
    elif isinstance(node, ast.IfExp):
        found += [node.body, node.orelse]
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
        found.append(ast.Tuple([node.elts[1], node.elts[0], *node.elts[2:]], node.ctx))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in parameters:
        found.append(ast.BinOp(ast.Constant(0), ast.Mult(), node))
    return found


def _constants(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    return [2 * value] if isinstance(value, float) else [f"{value}?"] if isinstance(value, str) else []


def _calls(node: ast.Call) -> list[ast.AST]:
    """The call without one of its arguments, and its first argument or its object alone."""
    parts = range(len(node.args)) if len(node.args) > 1 else ()
    found: list[ast.AST] = [ast.Call(node.func, node.args[:at] + node.args[at + 1 :], node.keywords) for at in parts]
    words = range(len(node.keywords))
    found += [ast.Call(node.func, node.args, node.keywords[:at] + node.keywords[at + 1 :]) for at in words]
    return found + (node.args[:1] or ([node.func.value] if isinstance(node.func, ast.Attribute) else []))


def _slices(node: ast.Slice) -> list[ast.AST]:
    found: list[ast.AST] = [ast.Slice()]
    for name in ("lower", "upper"):
        if bound := getattr(node, name):
            parts = {"lower": node.lower, "upper": node.upper, "step": node.step}
            found.append(ast.Slice(**{**parts, name: ast.BinOp(bound, ast.Add(), ast.Constant(1))}))
    return found


def mutants(function: ast.FunctionDef) -> Iterator[ast.FunctionDef]:
    """Every function that differs in one place of the body; what an error says is not graded."""
    parameters = {item.arg for item in function.args.args}
    nodes = [node for statement in function.body[1:] for node in ast.walk(statement)]  # the docstring is the first
    said = {id(part) for node in nodes if isinstance(node, ast.Raise) for part in ast.walk(node)}
    nodes = [node for node in nodes if id(node) not in said]
    places = [(at, number) for at, node in enumerate(nodes) for number in range(len(changed(node, parameters)))]
    for at, number in places:
        yield _replaced(function, nodes[at], changed(nodes[at], parameters)[number])
    for node in nodes:
        if isinstance(node, (ast.Assign, ast.Expr, ast.If)):
            yield _replaced(function, node, ast.Pass())


def _replaced(function: ast.FunctionDef, old: ast.AST, new: ast.AST) -> ast.FunctionDef:
    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return copy.deepcopy(new) if node is old else super().visit(node)

    memo = {id(old): old}  # the one node that the copy shares
    return ast.fix_missing_locations(Replace().visit(copy.deepcopy(function, memo)))


def survivors(stem: str, name: str, folder: Path) -> tuple[int, list[str]]:
    """The number of mutants of a function, and the changed lines of those that pass all tests."""
    source = plain_text(content("solutions", f"{stem}.py"))
    tree = ast.parse(source)
    function = next(node for node in tree.body if getattr(node, "name", "") == name)
    lines, seen, alive = ast.unparse(function).splitlines(), {ast.unparse(function)}, []
    for mutant in mutants(function):
        text = ast.unparse(mutant)
        if text in seen:
            continue
        seen.add(text)
        (folder / f"{stem}.py").write_text(f"{source}\n\n{text}\n", encoding="utf-8")
        if all(judge(stem, folder, name, way="in-process").functions[0].tests.values()):
            different = [new for new in text.splitlines() if new not in lines]
            alive.append(" | ".join(line.strip() for line in different) or "a line dropped")
    return len(seen) - 1, alive


def main(questions: list[str]) -> int:
    """Print a line a function and the sum; the exit status is 1 where a mutant passes that EQUIVALENT does not name."""
    noticed = counted = equivalent = 0
    with tempfile.TemporaryDirectory() as folder:
        for stem in stems():
            if questions and stem[:3] not in questions:
                continue
            for item in read_solution(content("solutions", f"{stem}.py")):
                count, alive = survivors(stem, item.name, Path(folder))
                same = [line for line in alive if line in EQUIVALENT.get(item.name, {})]
                gaps, count = [line for line in alive if line not in same], count - len(same)
                print(
                    f"{stem[:3]} {item.name}: {count - len(gaps)} of {count} noticed, {len(same)} more are equivalent"
                )
                print("".join(f"    {line}\n" for line in gaps), end="", flush=True)
                noticed, counted, equivalent = noticed + count - len(gaps), counted + count, equivalent + len(same)
    share = noticed / counted if counted else 0
    print(f"in all, {noticed} of {counted} noticed ({share:.1%}), {equivalent} more are equivalent")
    return int(noticed < counted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
