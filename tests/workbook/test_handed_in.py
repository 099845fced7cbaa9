"""What is found of a submission, whatever it was packed in, and the reason where nothing is; hostile zips among them."""

from __future__ import annotations

import csv
import io
import os
import stat
import struct
import zipfile
import zlib

import pytest
from submissions import Q06

from metarec_lib.workbook.grading import archives
from metarec_lib.workbook.grading.archives import LARGEST, Unreadable, in_zip, members
from metarec_lib.workbook.grading.handed_in import handed_in
from metarec_lib.workbook.grading.reading import Files, Missing, read_exercise

WRITTEN = "def ndcg_at_k(scores, gains, k):\n    return 1.0\n"
STUB = "def ndcg_at_k(scores, gains, k):\n    raise NotImplementedError('x')\n"


def zipped(texts: dict[str, str | bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", kind) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return packed.getvalue()


def put(folder, texts):
    """Files below a folder; bytes are written as they are."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def found(place, **options):
    """By student: the file that is graded, or why there is none."""
    rows = {}
    for student in handed_in(place, **options).students:
        try:
            rows[student.name] = read_exercise(Files(student), Q06, ["ndcg_at_k"])[1]
        except Unreadable as problem:
            rows[student.name] = f"{type(problem).__name__}: {problem}"
    return rows


CANVAS = {
    f"smithanna_12_77_{Q06}-1.py": WRITTEN,
    f"leebo_LATE_13_78_{Q06}.py": WRITTEN,
    "wucy_14_79_my-work.zip": zipped({f"my-work/exercises/{Q06}.py": WRITTEN, "my-work/notebooks/q06_x.ipynb": "{}"}),
}
MOODLE = {
    "Anna Smith_99_assignsubmission_file/q06 (1).py": WRITTEN,
    "Bo Lee_98_assignsubmission_file/work.zip": zipped({f"deep/er/{Q06}.py": WRITTEN}),
    "__MACOSX/._x": "",
}
CLONES = {f"hw1-anna/exercises/{Q06}.py": WRITTEN, f"hw1-anna/solutions/{Q06}.py": WRITTEN, "hw1-anna/.git/config": "",
          f"hw1-bo/my-work/exercises/{Q06}.py": WRITTEN, f"hw1-bo/tests/exercises/test_{Q06}.py": ""}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_the_exports_of_canvas_and_moodle_are_read_unpacked_or_not(tmp_path, packed):
    for name, texts in (("canvas", CANVAS), ("moodle", {f"Course/{path}": text for path, text in MOODLE.items()})):
        put(tmp_path / name, texts)
        if packed:
            (tmp_path / f"{name}.zip").write_bytes(zipped(texts))
    end = ".zip" if packed else ""
    canvas = handed_in(tmp_path / f"canvas{end}")
    assert {student.name: (student.full_name, student.late) for student in canvas.students} == {
        "12": ("smithanna", False), "13": ("leebo", True), "14": ("wucy", False)
    }  # fmt: skip
    files = found(tmp_path / f"canvas{end}")
    assert files["12"] == f"{Q06}-1.py" and files["13"] == f"{Q06}.py"
    assert files["14"].endswith(f"my-work/exercises/{Q06}.py")
    assert [student.full_name for student in handed_in(tmp_path / f"moodle{end}").students] == ["Bo Lee", "Anna Smith"]
    assert found(tmp_path / f"moodle{end}") == {"98": f"work.zip/deep/er/{Q06}.py", "99": "q06 (1).py"}


def test_clones_are_read_and_an_id_is_taken_by_a_pattern(tmp_path):
    place = put(tmp_path / "class", CLONES)
    assert found(place, pattern="^hw1-(?P<id>.+)") == {
        "anna": f"exercises/{Q06}.py", "bo": f"my-work/exercises/{Q06}.py",
    }  # fmt: skip
    (place / "other").mkdir()
    assert handed_in(place, pattern="^hw1-(.+)").left_out == ["other"]
    with pytest.raises(ValueError, match="expected one such as"):
        handed_in(place, pattern="(")


def test_several_files_of_one_student_are_one_submission(tmp_path):
    place = put(
        tmp_path / "class", {f"a_12_77_{Q06}.py": STUB, f"a_12_79_{Q06}-1.py": WRITTEN, "a_12_78_q01_what.py": ""}
    )
    (student,) = handed_in(place).students
    _, shown, remark = read_exercise(Files(student), Q06, ["ndcg_at_k"])
    assert shown == f"{Q06}-1.py" and "which differ: graded was" in remark


def test_a_list_names_places_and_times(tmp_path):
    put(tmp_path, {"x/q06_a.py": WRITTEN, "y.zip": zipped({f"{Q06}.py": WRITTEN}), f"{Q06}.py": WRITTEN})
    with open(tmp_path / "list.csv", "w", newline="") as file:
        csv.writer(file).writerows([
            ["student", "path", "handed_in"], ["s1", "x", "2026-11-02T10:00:00+01:00"], ["s2", "y.zip", ""],
            ["s3", f"{Q06}.py", ""], ["s4", "gone", ""],
        ])  # fmt: skip
    students = handed_in(tmp_path / "list.csv").students
    assert [student.handed_in for student in students] == ["2026-11-02T10:00:00+01:00", "", "", ""]
    assert list(found(tmp_path / "list.csv").values())[:3] == ["q06_a.py", f"{Q06}.py", f"{Q06}.py"]
    assert "there is no gone" in found(tmp_path / "list.csv")["s4"]
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="columns student, path"):
        handed_in(tmp_path / "list.csv")


def test_a_list_of_another_encoding_or_with_other_separators_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "list.csv").write_bytes("student,path\n王小明,a\n".encode("gbk"))
    with pytest.raises(ValueError, match="not in UTF-8; save it as `CSV UTF-8`"):
        handed_in(tmp_path / "list.csv")
    (tmp_path / "list.csv").write_text("student;path\nanna;a\n")
    with pytest.raises(ValueError, match="and commas between them"):
        handed_in(tmp_path / "list.csv")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"Q6.py": WRITTEN}, "Q6.py"),
        ({"q06_evaluate.py.txt": WRITTEN}, "q06_evaluate.py.txt"),
        ({"anna_q06.py": WRITTEN}, "anna_q06.py"),
        ({"a/b/c/q06 (2).py": WRITTEN}, "a/b/c/q06 (2).py"),
        ({"exercises": "", "x.txt": ""}, "Missing: exercises is not a folder"),
        ({"notes.txt": ""}, "Missing: there is no folder exercises/"),
        ({"q16_x.py": WRITTEN}, f"Missing: there is no file {Q06}.py"),
        ({"exercises/q01_x.py": ""}, f"Missing: there is no file exercises/{Q06}.py"),
        ({"q06.ipynb": "{}"}, "Missing: there is a notebook and no file"),
        ({"work.rar": "x"}, "work.rar is not read: hand in a folder or a .zip"),
        ({f"solutions/{Q06}.py": WRITTEN}, "a place of the workbook's own"),
        ({f"{Q06}.py": ""}, f"Missing: {Q06}.py is empty"),
        ({f"{Q06}.py": b"\xef\xbb\xbf\r\n"}, f"Missing: {Q06}.py is empty"),
        ({f"{Q06}.py": WRITTEN.encode("utf-16")}, f"{Q06}.py"),
        ({f"{Q06}.py": "# -*- coding: gbk -*-\n# 归一化\n".encode("gbk")}, f"{Q06}.py"),
        ({f"{Q06}.py": "# 归一化\n".encode("gbk")}, "line 1 is not UTF-8 text"),
        ({"work.zip": b"PK not a zip"}, "work.zip: the zip cannot be read"),
    ],
)  # fmt: skip
def test_what_was_handed_in_is_found_or_the_reason_is_said(tmp_path, texts, expected):
    put(tmp_path / "class" / "anna", texts)
    (said,) = found(tmp_path / "class", kind="class").values()
    assert said == expected or expected.startswith(("Missing", "a ", "line", "work")) and expected in said


def test_a_text_in_another_encoding_is_graded_as_what_it_says(tmp_path):
    texts = {"a/q06.py": WRITTEN.encode("utf-16"), "b/q06.py": f"# coding: gbk\n# 归一\n{WRITTEN}".encode("gbk")}
    place = put(tmp_path / "class", texts)
    for student in handed_in(place, "class").students:
        source, _, remark = read_exercise(Files(student), Q06, ["ndcg_at_k"])
        assert "was read as" in remark
        names: dict = {}
        exec(compile(source, "q06.py", "exec"), names)
        assert names["ndcg_at_k"](0, 0, 0) == 1.0


# Hostile zips.


def hostile(member: zipfile.ZipInfo, text: bytes = WRITTEN.encode()) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text, member.compress_type)
    return packed.getvalue()


def info(name: str, mode: int = 0, kind: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr, member.compress_type, member.create_system = mode << 16, kind, 3
    return member


def encrypted() -> bytes:
    """A zip whose table says that its member is encrypted."""
    raw = bytearray(hostile(info("q06.py")))
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


def damaged() -> bytes:
    raw = bytearray(zipped({"q06.py": os.urandom(2000).hex()}))
    raw[200:260] = bytes(60)
    return bytes(raw)


def endless_table() -> bytes:
    return b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 65_000, 65_000, 64 << 20, 0, 0)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (hostile(info("../../q06.py")), "leads out of the zip"),
        (hostile(info("/etc/q06.py")), "leads out of the zip"),
        (hostile(info("q06.py", stat.S_IFLNK | 0o777), b"/etc/passwd"), "is a link"),
        (hostile(info("q06.py", stat.S_IFIFO)), "is not a file"),
        (hostile(info("q06.py"), bytes(LARGEST + 1)), "larger than 1 MB"),
        (hostile(info("q06.py", 0, zipfile.ZIP_BZIP2), bytes(1 << 20)), "packed in a way that is not read"),
        (hostile(info("q06.py", 0, zipfile.ZIP_LZMA), bytes(1 << 20)), "packed in a way that is not read"),
        (encrypted(), "is encrypted"),
        (damaged(), "cannot be read from the zip"),
        (endless_table(), "more than 20,000 files"),
        (zipped({})[:10], "it has no end"),
        (b"", "it has no end"),
    ],
)  # fmt: skip
def test_a_hostile_zip_is_not_graded_for_its_reason_and_writes_nothing(tmp_path, raw, said):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "anna.zip").write_bytes(raw)
    before = sorted(tmp_path.rglob("*"))
    assert said in found(tmp_path / "class")["anna"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bomb_is_inflated_no_further_than_the_bound(monkeypatch):
    """100 MB of zeros in 100 kB: no more than a file may have is ever inflated."""
    raw, most = zipped({"q06.py": bytes(100 << 20)}), 0
    plain = zlib.decompressobj

    class Counted:
        def __init__(self, *arguments):
            self.inner = plain(*arguments)

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def decompress(self, *arguments):
            nonlocal most
            out = self.inner.decompress(*arguments)
            most += len(out)
            return out

    monkeypatch.setattr(zipfile.zlib, "decompressobj", Counted)
    (item,) = in_zip(raw)
    with pytest.raises(Unreadable, match="larger than 1 MB"):
        item.read(LARGEST)
    assert LARGEST < most <= 3 * LARGEST


def test_zips_in_zips_are_opened_once_and_few(tmp_path):
    inner = zipped({"q06.py": WRITTEN})
    put(tmp_path / "class" / "a", {"w.zip": zipped({"v.zip": inner})})
    put(tmp_path / "class" / "b", {f"{number}.zip": inner for number in range(40)})
    files = {student.name: Files(student) for student in handed_in(tmp_path / "class", "class").students}
    with pytest.raises(Missing):
        read_exercise(files["a"], Q06)
    assert files["b"].archives == 5


def test_a_submission_of_endless_files_is_not_listed_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST", 30)
    put(tmp_path / "class" / "a", {f"{number}.txt": "" for number in range(40)})
    assert "more than 30 files" in found(tmp_path / "class", kind="class")["a"]
    with pytest.raises(Unreadable, match="more than 30 files"):
        members(zipped({str(number): "" for number in range(40)}))


def test_a_loop_of_links_ends(tmp_path):
    place = put(tmp_path / "class" / "a", {"q06.py": WRITTEN})
    (place / "again").symlink_to(place)
    assert found(tmp_path / "class", kind="class") == {"a": "q06.py"}
