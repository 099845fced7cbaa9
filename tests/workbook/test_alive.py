"""The sign of life of a cell that computes for long."""

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = [
    "from metarec_lib import seed\nseed()",
    "import time\ntime.sleep(2.2)\nprint('done')",
    "print('at once')",
    "from tqdm import tqdm\nwith tqdm(range(2), file=__import__('io').StringIO()) as bar:\n    time.sleep(2)",
]


@pytest.fixture
def run(monkeypatch, tmp_path):
    def run(**variables):
        monkeypatch.delenv("METAREC_WORK", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])
        seen = []
        client = NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}})
        process = client.process_message

        def watched(msg, cell, index):
            if msg["msg_type"] in ("display_data", "update_display_data"):
                seen.append((index, msg["content"]["data"]["text/plain"]))
            return process(msg, cell, index)

        client.process_message = watched
        client.execute()
        return seen, [cell.outputs for cell in book.cells]

    return run


def test_a_long_cell_shows_a_bar_until_it_ends_and_others_none(run):
    seen, outputs = run(METAREC_LANG="zh")
    assert seen[0] == (1, "正在计算，2 秒") and seen[-1] == (1, "")
    assert {index for index, _ in seen} == {1}
    bar = next(out for out in outputs[1] if out.output_type == "display_data")
    assert bar.data["text/html"] == "" and outputs[2][0].text == "at once\n"
    assert not [out for out in outputs[3] if out.output_type == "display_data"]


def test_nothing_is_shown_where_a_lesson_is_built(run):
    seen, outputs = run(METAREC_WORK="solutions")
    assert seen == [] and len(outputs[1]) == 1
