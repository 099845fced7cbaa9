"""What tests of the library share."""

import importlib.util
import os
from collections.abc import Callable

import pytest

from metarec_lib.data.pretrained import available

PACKAGES = {"encoder": (), "llm": ("gguf", "tokenizers")}


@pytest.fixture(scope="session")
def need() -> Callable[[str], None]:
    """Go on where a pretrained model can run here; else skip, for a user, or fail, where the variable CI is set."""

    def check(name: str) -> None:
        missing = [package for package in PACKAGES[name] if importlib.util.find_spec(package) is None]
        if available(name) and not missing:
            return
        lacks = f"pip install {' '.join(missing)}" if missing else f"metarec data {name}"
        message = f"the pretrained model {name!r} is not here: run `{lacks}`"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)

    return check
