"""One sentence for the learner, in their language, for whatever goes wrong when their code runs."""

from __future__ import annotations

import re
import signal
import sys
from typing import Any

from metarec_lib.workbook.core import pick, spaced


def explain(error: dict[str, Any], call: str, function: str) -> str:
    """One sentence for an error of the learner's side, in the reader's language."""
    kind, where = error["kind"], _where(error)
    if error.get("loading"):
        return explain_loading(error)
    if kind == "stub":
        return pick((f"{function} is not written yet{where}", f"{function} 还没有写{where}"))
    if kind == "missing":
        return _no_function(error, function)
    said, called = error.get("message", ""), pick((f"called {call}, ", f"调用 {call}，"))
    if kind == "arguments":
        return called + pick(
            (f"but the function does not take these arguments: {said}", f"但函数不接受这些参数：{said}")
        )
    if kind == "value":
        return called + pick((f"got {said}", f"得到{spaced(_translated(said))}"))
    if kind == "exit":
        return called + pick((
            f"and it ended the program (sys.exit, exit or quit){where}; return a value instead",
            f"程序被它结束了（sys.exit、exit 或 quit）{where}；应返回一个值",
        ))  # fmt: skip
    if kind == "exception":
        return called + pick(("and it raised ", "抛出了 ")) + f"{error['type']}: {said}{where}{_cure(error)}"
    return called + pick(("and ", "")) + _ended(error)


# What the learner's side says of a value, which knows no language: its words, and the same in Chinese.
SAID = (
    (r"an? `(.+?)` through which no gradient flows, .*", r"`\1`，但梯度传不过去；应为用 torch 由参数算出的张量："
     "`.item()`、`.detach()`、`.data`、numpy 和 torch.no_grad() 都会截断梯度"),
    (r"a tensor through which no gradient flows, .*", "张量，但梯度传不过去；应由参数用 torch 算出："
     "`.item()`、`.detach()`、`.data`、numpy 和 torch.no_grad() 都会截断梯度"),
    (r"an? `(.+?)`, expected a number, .*: return (.+)", r"`\1`；应为数、文本、列表、元组、字典、数组或张量，请返回 \2"),
    (r"an? `(.+?)`, expected a number, .*", r"`\1`；应为数、文本、列表、元组、字典、数组或张量"),
    (r"a numpy array of dtype (.+), expected .*", r"dtype 为 \1 的 numpy 数组；应为数值或布尔数组，且各行等长"),
)  # fmt: skip


def _translated(said: str) -> str:
    """The Chinese for what the learner's side says of a value; as it is where it says something rare."""
    matches = ((re.fullmatch(pattern, said, re.DOTALL), chinese) for pattern, chinese in SAID)
    return next((match.expand(chinese) for match, chinese in matches if match), said)


def _no_function(error: dict[str, Any], function: str) -> str:
    found = error.get("type", "NoneType")
    if found == "NoneType":
        return pick((
            f"{function}: there is no function of that name in the file; keep the names of the exercise file",
            f"{function}：文件里没有这个名字的函数；请保留练习文件中的函数名",
        ))  # fmt: skip
    return pick((
        f"{function}: it is a {found}, not a function in the file; keep the names of the exercise file",
        f"{function}：文件里它是 {found}，不是函数；请保留练习文件中的函数名",
    ))  # fmt: skip


def explain_loading(error: dict[str, Any]) -> str:
    """One sentence for a file that could not be run at all, in the reader's language."""
    kind, where = error["kind"], _where(error)
    if kind == "file":
        return error["message"]
    if kind == "syntax":
        said = f"{error['message']}{where}"
        return pick((f"the file is not valid Python: {said}", f"文件不是合法的 Python：{said}")) + _cure(error)
    if kind == "exit":
        return pick((
            f"the file ends the program while it is loaded (sys.exit, exit or quit){where}; remove that line",
            f"文件在加载时就结束了程序（sys.exit、exit 或 quit）{where}；请删掉这一行",
        ))  # fmt: skip
    if kind in ("exception", "stub", "arguments"):
        said = f"{error['type']}: {error['message']}{where}{_cure(error)}"
        return pick((f"the file fails while it is loaded: {said}", f"文件加载失败：{said}"))
    return pick(("while the file was loaded, ", "加载文件时，")) + _ended(error)


IMPORTS = {
    "np": "import numpy as np", "numpy": "import numpy", "torch": "import torch", "Tensor": "from torch import Tensor",
    "nn": "from torch import nn", "F": "import torch.nn.functional as F",
}  # fmt: skip


def _cure(error: dict[str, Any]) -> str:
    """What to do about an error whose own words mislead: a missing import, a tab among blanks."""
    return cure_of(error.get("type", ""), error.get("message", ""), error.get("text", ""))


def cure_of(kind: str, said: str, text: str) -> str:
    """What to do about an error by its type, its message and the line of code where it arose; empty where that is plain."""
    if kind == "NameError" and said.startswith("name '"):
        name = said.split("'")[1]
        line = IMPORTS.get(name) or (f"import {name}" if name in sys.stdlib_module_names else "")
        return pick((f"; write `{line}` at the top of the file", f"；请在文件开头写上 `{line}`")) if line else ""
    if kind == "TabError" or (kind == "IndentationError" and "\t" in text):
        return pick((
            "; a line begins with a tab where the others begin with blanks: indent with four blanks",
            "；有的行用制表符缩进，有的行用空格缩进：请统一用四个空格",
        ))  # fmt: skip
    return ""


def _where(error: dict[str, Any]) -> str:
    if not error.get("line"):
        return ""
    text = f"`{error['text'].strip()}`" if error.get("text") and error["kind"] != "stub" else ""
    english, chinese = (f": {text}", f"：{text}") if text else ("", "")
    return pick((f" (line {error['line']}{english})", f"（第 {error['line']} 行{chinese}）"))


def _ended(error: dict[str, Any]) -> str:
    """How the child ended, or what it sent that is no reply."""
    kind, status = error["kind"], error.get("status", 0)
    if kind == "time":
        return pick((
            f"it did not finish in {error['seconds']:g} seconds: is there a loop that never ends?",
            f"{error['seconds']:g} 秒内没有结束：是不是有死循环？",
        ))  # fmt: skip
    if kind == "output":
        return pick((
            "it printed without end: is there a print in a loop that never ends?",
            "它不停地打印：死循环里是不是有 print？",
        ))  # fmt: skip
    if kind == "start":
        said = error["message"]
        return pick((f"its process could not be started: {said}", f"无法启动它的进程：{said}"))
    if kind == "protocol":
        return pick((
            "its process sent something that is no answer; only what a function returns counts",
            "它的进程发来的不是答案；只有函数的返回值才算数",
        ))  # fmt: skip
    return _crashed(status)


def _crashed(status: int) -> str:
    if status == -signal.SIGSEGV:
        return pick((
            "Python itself crashed (segmentation fault): is there a recursion without an end?",
            "Python 自身崩溃了（段错误）：是不是有没有终点的递归？",
        ))  # fmt: skip
    if hasattr(signal, "SIGXCPU") and status == -signal.SIGXCPU:
        return pick(("it used more processor time than is allowed", "它用的处理器时间超过了上限"))
    return pick((
        "its process ended without an answer: was it killed, out of memory, or ended by os._exit?",
        "它的进程没有给出答案就结束了：是被杀掉、内存不够，还是调用了 os._exit？",
    ))  # fmt: skip
