"""Where a learner's code runs: a child process, forked from a warm one, in the jail when it is graded."""

import lazy_loader

_WHERE = {
    "child": ["Session"],
    "harness.codec": ["Given", "Unsupported", "dumps", "loads"],
    "harness.__main__": ["end_with_parent"],
    "harness.running": ["ADDRESS", "Submission", "call"],
    "jail": ["missing_walls"],
    "starters": ["USUAL", "starter"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["child"], submod_attrs=_WHERE)
