"""Meta-learning for recommendation: the library behind the 31 notebooks.

Names are attached lazily: importing the package imports neither torch nor pandas.
"""

import lazy_loader

__version__ = "0.1.0"

_WHERE = {
    "data.interactions": ["Interactions"],
    "data.movielens": ["load_movielens"],
    "data.synthetic": ["World", "make_world"],
    "data.splits": ["load_data", "split_interactions", "split_users", "tuning_users"],
    "data.features": ["generate_items", "preprocess_data"],
    "data.tasks": ["PaddedRatings", "TaskBatch", "make_tasks", "pad_ratings", "pad_rows", "tasks_from_split"],
    "evaluation.metrics": ["auc", "calibration_error", "hit_rate", "mae", "mrr", "ndcg", "rmse"],
    "evaluation.protocols": ["evaluate_tasks", "score_tasks"],
    "evaluation.ranking": ["evaluate_ranking"],
    "evaluation.uncertainty": ["Comparison", "compare", "effective_sample_size", "holm", "margin"],
    "meta.anil": ["ANIL"],
    "meta.base": ["MetaLearner"],
    "meta.cavia": ["CAVIA"],
    "meta.gaussian_process": ["ItemGaussianProcess"],
    "meta.maml": ["FOMAML", "MAML"],
    "meta.matching": ["MatchingRecommender"],
    "meta.melu": ["MeLU"],
    "meta.metasgd": ["MetaSGD"],
    "meta.mixture": ["MixturePrior"],
    "meta.neural_process": ["ConditionalNeuralProcess"],
    "meta.pca": ["ProbabilisticPCA"],
    "meta.reptile": ["Reptile"],
    "meta.ridge": ["MetaLearningModel"],
    "meta.sine": ["SineRegressor", "SineTasks"],
    "meta.transformer": ["InContextTransformer"],
    "models.base": ["Recommender"],
    "models.baseline": ["BaselineRecommender", "PopularityRecommender"],
    "models.blending": ["Blend", "out_of_fold_predictions"],
    "models.content": ["ContentBasedRecommender"],
    "models.factorization": ["MatrixFactorization"],
    "models.neighbours": ["ItemKNN"],
    "models.training": ["TrainedRecommender"],
    "models.serving": ["scorer"],
    "models.storage": ["load_model"],
    "workbook.lessons": ["Minus", "claim", "load_study", "seed", "study_rows", "what_was_measured"],
    "workbook.practice": ["check", "hint", "mine"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["plots"], submod_attrs=_WHERE)
