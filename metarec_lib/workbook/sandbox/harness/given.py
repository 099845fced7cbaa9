"""Callables and small models that tests hand to a learner's function: `given("linear", weights=[...])`.

They are built on the learner's side from a name and plain options, so that no code crosses between the processes.
Each works on numpy arrays and on torch tensors alike unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

REGISTRY: dict[str, Callable[..., Any]] = {}


def register(builder: Callable[..., Any]) -> Callable[..., Any]:
    """Add a builder under its own name (a final underscore is dropped)."""
    REGISTRY[builder.__name__.rstrip("_")] = builder
    return builder


def build(name: str, options: dict[str, Any]) -> Any:
    """What `given(name, **options)` stands for. Raises ValueError for an unknown name."""
    if name not in REGISTRY:
        raise ValueError(f"got given({name!r}); expected one of: {', '.join(sorted(REGISTRY))}")
    return REGISTRY[name](**options)


@register
def linear(weights: Any, bias: Any = 0.0) -> Callable[[Any], Any]:
    """x (N, D) ↦ x @ weights + bias, weights (D,) or (D, H)."""
    return lambda x: x @ weights + bias


@register
def functional_linear() -> Callable[[Any, Any], Any]:
    """(params, x) ↦ x @ params["weight"] + params["bias"]: a model whose parameters are an argument."""
    return lambda params, x: x @ params["weight"] + params["bias"]


@register
def quadratic(centre: Any, scale: Any = 1.0) -> Callable[[Any], Any]:
    """params ↦ Σ scale · (params − centre)²: a loss with gradient 2 · scale · (params − centre); scale: a number or (D,)."""
    return lambda params: (scale * (params - centre) ** 2).sum()


@register
def power(centre: Any, exponent: int) -> Callable[[Any], Any]:
    """params ↦ Σ (params − centre)^exponent: from exponent 3 on a loss whose Hessian depends on where one stands."""
    return lambda params: ((params - centre) ** exponent).sum()


@register
def quadratic_form(weights: Any, matrix: Any) -> Callable[[Any], Any]:
    """x (D,) or (N, D) ↦ x · weights + x' matrix x: a model whose inputs act together; weights (D,), matrix (D, D)."""
    return lambda x: x @ weights + ((x @ matrix) * x).sum(-1)


@register
def mse() -> Callable[[Any, Any], Any]:
    """(prediction, target) ↦ mean (prediction − target)²."""
    return lambda prediction, target: ((prediction - target) ** 2).mean()


@register
def mean_predictor() -> MeanPredictor:
    """A model that predicts the mean of what it was fitted on."""
    return MeanPredictor()


@register
def ridge(strength: float = 1.0) -> Ridge:
    """Linear regression with a penalty on its weights, numpy only."""
    return Ridge(strength)


class MeanPredictor:
    """fit(X, y) keeps the mean of y; predict(X) (N, …) returns it N times. As in scikit-learn, N is at least 1."""

    def fit(self, X: Any, y: Any) -> MeanPredictor:
        _require_rows(X)
        self.mean_ = y.mean()
        return self

    def predict(self, X: Any) -> Any:
        _require_rows(X)
        if isinstance(X, np.ndarray):
            return np.full(len(X), float(self.mean_))
        return X.new_full((len(X),), float(self.mean_))


class Ridge:
    """w = (XᵀX + λI)⁻¹ Xᵀy, without an intercept; X (N, D), y (N,)."""

    def __init__(self, strength: float) -> None:
        self.strength = strength

    def fit(self, X: np.ndarray, y: np.ndarray) -> Ridge:
        self.weights_ = np.linalg.solve(X.T @ X + self.strength * np.eye(X.shape[1]), X.T @ y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return X @ self.weights_


def _require_rows(X: Any) -> None:
    if len(X) == 0:
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required")
