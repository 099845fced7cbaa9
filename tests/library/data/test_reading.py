"""Files as people have them: each known format in a few lines made here, and what is said of the others."""

import gzip
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from metarec_lib import Interactions, read_ratings
from metarec_lib.cli import main
from metarec_lib.data.reading import read_command

ML = {
    "ratings.dat": "1::122::5::838985046\n1::0185::4.5::838983525\n2::122::0.5::838983392\n",
    "movies.dat": "122::Boomerang (1992)::Comedy|Romance\n0185::Net, The (1995)::Action\n",
}
TEN = {name: text.replace("0185", "185") for name, text in ML.items()}
LATEST = {
    "ratings.csv": "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n1,1029,3.0,1260759179\n2,31,5.0,835355493\n",
    "movies.csv": "movieId,title,genres\n31,Dangerous Minds (1995),Drama\n1029,Dumbo (1941),Animation|Children\n",
}
K100 = {
    "u.data": "196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
    "u.user": "196|49|M|writer|55105\n186|39|F|executive|00000\n",
    "u.item": "".join(
        f"{i}|{t} (1997)|24-Jan-1997||url|" + "|".join(["0"] * 18 + ["1"]) + "\n"
        for i, t in ((242, "Kolya"), (302, "L.A."))
    ),
}
M1 = {
    "ratings.dat": "1::1193::5::978300760\n2::1193::3::978302109\n",
    "users.dat": "1::F::1::10::48067\n2::M::56::16::70072\n",
    "movies.dat": "1193::Cuckoo's Nest (1975)::Drama\n",
}
HEX = "00000c289a1829a808ac09c00daf10bc3c4e223b", "00001411dc427966b17297bf4d69e7e193135d89"


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


GOODREADS = dict(user_id="8842281e1d1347389f2ab93d60773d4d", date_added="Sun Jul 30 07:44:10 -0700 2017")
# name, content, [(user, item, rating, timestamp)], scale
FILES = {
    "Amazon 2014": (
        "ratings_Beauty.csv",
        "A39HTATAQ9V7YF,0205616461,5.0,1369699200\nA3JM6GV9MNOF9X,B0002ZAMVO,3.0,1355443200\n",
        [("A39HTATAQ9V7YF", "0205616461", 5, 1369699200), ("A3JM6GV9MNOF9X", "B0002ZAMVO", 3, 1355443200)], (1, 5),
    ),
    "Amazon 2018": (
        "All_Beauty.csv",
        "0143026860,A1V6B6TNIC10QE,1.0,1424304000\nB0002ZAMVO,A2F5GHSXFQ0W6J,4.0,1418860800\n",
        [("A1V6B6TNIC10QE", "0143026860", 1, 1424304000), ("A2F5GHSXFQ0W6J", "B0002ZAMVO", 4, 1418860800)], (1, 5),
    ),
    "Amazon JSON": (
        "reviews.json",
        lines({"reviewerID": "A1", "asin": "0000013714", "reviewText": 'say "x",\n', "overall": 4.0, "unixReviewTime": 1388534400},
              {"reviewerID": "007", "asin": "7", "overall": 5.0, "unixReviewTime": 1388534401}),
        [("A1", "0000013714", 4, 1388534400), ("007", "7", 5, 1388534401)], (1, 5),
    ),
    "Amazon 2023": (
        "All_Beauty.jsonl",
        lines({"rating": 5.0, "asin": "B01", "parent_asin": "B00YQ6X8EO", "user_id": "AGKH", "timestamp": 1588687728923}),
        [("AGKH", "B00YQ6X8EO", 5, 1588687728923)], (1, 5),
    ),
    "Yelp": (
        "yelp_academic_dataset_review.json",
        lines({"review_id": "r", "user_id": "mh_-eMZ6K5RLWhZyISBhwA", "business_id": "XQfwVwDr-v0ZS3_CbbE5Xw", "stars": 3.0,
               "text": "…", "date": "2018-07-07 22:09:11"}),
        [("mh_-eMZ6K5RLWhZyISBhwA", "XQfwVwDr-v0ZS3_CbbE5Xw", 3, 1531001351)], (1, 5),
    ),
    "Goodreads JSON": (
        "goodreads_interactions.json",
        lines({**GOODREADS, "book_id": "024", "rating": 5}, {**GOODREADS, "book_id": "25", "rating": 0}),
        [(GOODREADS["user_id"], "024", 5, 1501425850)], (1, 5),
    ),
    "Goodreads CSV": (
        "goodreads_interactions.csv",
        "user_id,book_id,is_read,rating,is_reviewed\n0,948,1,5,0\n0,947,1,0,1\n1,946,0,3,0\n",
        [(0, 948, 5, 0), (1, 946, 3, 0)], (1, 5),
    ),
    "Book-Crossing": (
        "BX-Book-Ratings.csv",
        '"User-ID";"ISBN";"Book-Rating"\n"276725";"034545104X";"0"\n"276726";"0155061224";"5"\n"2767Zoë";"01\\"5";"10"\n',
        [("276726", "0155061224", 5, 0), ("2767Zoë", '01"5', 10, 0)], (1, 10),
    ),
    "Netflix": (
        "combined_data_1.txt", "1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n2:\n1488844,4,2005-10-19\n",
        [(1488844, 1, 3, 1125964800), (822109, 1, 5, 1115942400), (1488844, 2, 4, 1129680000)], (1, 5),
    ),
    "RecBole": (
        "x.inter", "user_id:token\titem_id:token\trating:float\ttimestamp:float\n007\t7\t4.0\t30.0\n7\t7\t2.5\t20.0\n",
        [("007", 7, 4, 30), ("7", 7, 2.5, 20)], (2.5, 4),
    ),
    "u.data alone": ("u.data", K100["u.data"], [(196, 242, 3, 881250949), (186, 302, 3, 891717742)], (3, 3)),
    "ratings.dat alone": (
        "ratings.dat", ML["ratings.dat"],
        [("1", "122", 5, 838985046), ("1", "0185", 4.5, 838983525), ("2", "122", 0.5, 838983392)], (0.5, 5),
    ),
    "ratings.csv alone": (
        "ratings.csv", LATEST["ratings.csv"], [(1, 31, 2.5, 1260759144), (1, 1029, 3, 1260759179), (2, 31, 5, 835355493)], (2.5, 5),
    ),
    "decimal comma": (
        "noten.csv", "User;Item;Date;Rating\nanna;x;2020-01-02;4,5\nbert;x;2020-01-03;2\n",
        [("anna", "x", 4.5, 1577923200), ("bert", "x", 2, 1578009600)], (2, 4.5),
    ),
    "an index without a name": (
        "pandas.csv", ",user_id,item_id,rating\n0,a,x,1\n1,b,x,5\n", [("a", "x", 1, 0), ("b", "x", 5, 0)], (1, 5),
    ),
    "Latin-1": ("l.csv", "user,item,rating\nZoë,é,3\nb,é,5\n".encode("latin-1"), [("Zoë", "é", 3, 0), ("b", "é", 5, 0)], (3, 5)),
    "UTF-16": ("u.csv", "user,item,rating\nZoë,片,3\nb,片,5\n".encode("utf-16"), [("Zoë", "片", 3, 0), ("b", "片", 5, 0)], (3, 5)),
    "a mark in front": (
        "b.csv", "user_id,item_id,rating\nNA,片,3\nb,片,5\n".encode("utf-8-sig"), [("NA", "片", 3, 0), ("b", "片", 5, 0)], (3, 5),
    ),
}  # fmt: skip


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode("latin-1" if name.startswith("BX") else "utf-8")
    )
    return path


def rows_of(data):
    as_written = data.ratings[["user_id", "item_id", "rating", "timestamp"]]
    return [tuple(map(str, row[:2])) + row[2:] for row in as_written.itertuples(index=False, name=None)]


@pytest.mark.parametrize("kind", FILES)
def test_a_known_file(tmp_path, capsys, kind):
    name, content, expected, scale = FILES[kind]
    data = read_ratings(put(tmp_path, name, content))
    assert sorted(rows_of(data)) == sorted((str(u), str(i), float(r), t) for u, i, r, t in expected)
    assert data.scale == scale
    said = capsys.readouterr().out
    assert said.startswith(f"read_ratings: {name}: ") and said.count("\n") == 1 and repr(data) in said


@pytest.mark.parametrize("pack", ["gz", "zip", "zip in a folder", "folder"])
def test_packed(tmp_path, pack):
    name, content, expected, _ = FILES["Book-Crossing"]
    content = content.encode("latin-1")
    path = tmp_path / "BX.zip"
    if pack == "gz":
        path = put(tmp_path, name + ".gz", gzip.compress(content))
    elif pack == "folder":
        path = put(tmp_path / "bx", name, content).parent
        put(path, "BX-Books.csv", b'"ISBN";"Book-Title"\n')
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("BX/" + name if "folder" in pack else name, content)
            archive.writestr("BX-Books.csv", '"ISBN";"Book-Title"\n')
    assert len(read_ratings(path, quiet=True)) == len(expected)


@pytest.mark.parametrize(
    ("files", "scale", "titles"),
    [
        (TEN, (0.5, 5), ["Boomerang", "The Net"]), (LATEST, (0.5, 5), ["Dangerous Minds", "Dumbo"]),
        (K100, (1, 5), ["Kolya", "L.A."]), (M1, (1, 5), ["Cuckoo's Nest"]),
    ],
    ids=["10M", "20M and later", "100K", "1M"],
)  # fmt: skip
@pytest.mark.parametrize("zipped", [False, True])
def test_movielens(tmp_path, capsys, files, scale, titles, zipped):
    for name, content in files.items():
        put(tmp_path / "ml", name, content)
    path = tmp_path / "ml"
    if zipped:
        path = tmp_path / "ml.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(f"ml/{name}", content)
    data = read_ratings(path)
    assert data.scale == scale and data.items["title"].tolist() == titles and len(data.genres)
    assert "MovieLens, with its table of items" in capsys.readouterr().out


def test_jester(tmp_path, capsys):
    table = np.full((3, 26), 99.0)
    table[0, [1, 5]], table[1, [2]], table[2, [25]] = (-9.5, 3.25), -0.0, 10
    table[:, 0] = [2, 1, 1]
    path = tmp_path / "jester.csv"
    pd.DataFrame(table).to_csv(path, index=False, header=False)
    data = read_ratings(path)
    assert rows_of(data) == [("1", "1", -9.5, 0), ("1", "5", 3.25, 0), ("2", "2", 0, 0), ("3", "25", 10, 0)]
    assert data.scale == (-10, 10) and data.like == 5 and "99 is not rated" in capsys.readouterr().out
    table[0, 0] = 7
    pd.DataFrame(table).to_csv(path, index=False, header=False)
    with pytest.raises(ValueError, match="looks like Jester, but its first column"):
        read_ratings(path)


CLICKS = {
    "HetRec": ("user_artists.dat", "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n3\t51\t1\n",
               [(2, 51, 13883), (2, 52, 11690), (3, 51, 1)]),
    "360K": ("plays.tsv", f"{HEX[0]}\t3bd73256\tbetty \"x\" blowtorch\t2137\n{HEX[0]}\t\tnan\t3\n{HEX[1]}\tf2fb0ff0\tnan\t2\n",
             [(HEX[0], 'betty "x" blowtorch', 2137), (HEX[0], "nan", 3), (HEX[1], "nan", 2)]),
    "1K": ("events.tsv", "user_000001\t2009-05-04T23:08:57Z\tid\tDeep Dish\t\tx\nuser_000001\t2009-05-04T13:54:10Z\tid\tDeep Dish\t\ty\n",
           [("user_000001", "Deep Dish", 2)]),
    "plain": ("clicks.csv", "visitorid,itemid,timestamp\n7,1,1433221332117\n7,1,1433221332118\n8,007,1433221332119\n",
              [(7, "1", 2), (8, "007", 1)]),
    "without names": ("pairs.txt", "u1 i1\nu2 i1\nu2 i1\n".replace(" ", "\t"), [("u1", "i1", 1), ("u2", "i1", 2)]),
}  # fmt: skip


@pytest.mark.parametrize("kind", CLICKS)
def test_clicks(tmp_path, capsys, kind):
    name, content, expected = CLICKS[kind]
    data = read_ratings(put(tmp_path, name, content))
    found = data.ratings[["user_id", "item_id", "count"]].itertuples(index=False, name=None)
    assert sorted((str(u), str(i), n) for u, i, n in found) == sorted((str(u), str(i), n) for u, i, n in expected)
    assert data.implicit and ", clicks)" in capsys.readouterr().out


def test_the_latest_of_a_pair_stays(tmp_path, capsys):
    rows = "user_id,item_id,rating,timestamp\n1,1,5,9\n1,1,2,3\n1,2,4,3\n1,2,1,3\n"
    assert rows_of(read_ratings(put(tmp_path, "r.csv", rows))) == [("1", "1", 5, 9), ("1", "2", 1, 3)]
    assert "2 ratings of a pair that was rated again later are left out" in capsys.readouterr().out


def test_what_is_guessed_is_said_and_can_be_overridden(tmp_path, capsys):
    path = put(tmp_path, "r.txt", "a|x|1\nb|x|5\n")
    read_ratings(path)
    said = capsys.readouterr().out
    assert "separator '|', utf-8, no header; taken as user_id, item_id, rating" in said
    data = read_ratings(path, names=["item", "user", "stars"], scale=(0, 10), like=5, name="mine")
    assert repr(data) == "Interactions(mine: 2 ratings, 1 users, 2 items, scale 0 to 10)" and data.like == 5
    assert "item is item_id, user is user_id, stars is rating" in capsys.readouterr().out
    odd = put(tmp_path, "odd.txt", "ä#x#3\nb#x#4\n".encode("cp1252"))
    data = read_ratings(odd, sep="#", encoding="cp1252", quiet=True)
    assert rows_of(data) == [("ä", "x", 3, 0), ("b", "x", 4, 0)] and not capsys.readouterr().out
    skipped = read_ratings(
        put(tmp_path, "h.csv", "kunde,ware,note\n1,2,3\n1,3,4\n"), names=["user_id", "item_id", "rating"]
    )
    assert rows_of(skipped) == [("1", "2", 3, 0), ("1", "3", 4, 0)]


REFUSED = {
    "other names": ("a.csv", "kunde,ware,note\n1,2,3\n", "separator ',', utf-8, header kunde, ware, note.*no column item_id and user_id"),
    "no names and too many": ("b.csv", "1,2,3,4,5\n2,3,4,5,6\n", "no header; the first line is '1,2,3,4,5'; no names. Pass names="),
    "no names and no numbers": ("c.csv", "a,b,c\nd,e,f\n", "no names. Pass names="),
    "more fields than names": ("d.csv", "user_id,item_id,rating\n1,10,5,99\n1,11,4,98\n", "got 4 fields in .*but 3 names"),
    "JSON of another kind": ("e.json", '{"who": 1, "what": 2}\n', r"JSON lines with the keys \['who', 'what'\]"),
    "empty": ("f.csv", "", "empty file"),
    "Excel": ("g.xls", b"\xd0\xcf\x11\xe0 and so on", "save it as CSV"),
    "Parquet": ("h.csv", b"PAR1 and so on", "pandas.read_parquet"),
    "a missing rating": ("i.csv", "user_id,item_id,rating\n1,2,NA\n1,3,4\n", "1 of 2 values are no finite numbers.*nan in row 0"),
    "units mixed": ("j.csv", "user,item,rating,ts\n1,2,3,1112486027\n1,3,3,1112486027000\n", "times are in different units"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_with_what_was_seen(tmp_path, kind):
    name, content, words = REFUSED[kind]
    with pytest.raises(ValueError, match=f"^read_ratings: .*{words}"):
        read_ratings(put(tmp_path, name, content))


def test_many_files_and_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="read_ratings: got .*none.csv"):
        read_ratings(tmp_path / "none.csv")
    for name in ("a.csv", "b.csv"):
        put(tmp_path / "two", name, "1,2,3\n")
    with pytest.raises(ValueError, match="two holds a.csv, b.csv; expected one file of ratings"):
        read_ratings(tmp_path / "two")
    first, second = (FILES["Netflix"][1].replace("1:", f"{i}:").replace("2:", f"{i + 1}:") for i in (1, 8))
    put(tmp_path / "netflix", "combined_data_1.txt", first)
    data = read_ratings(put(tmp_path / "netflix", "combined_data_2.txt", second).parent, quiet=True)
    assert len(data) == 6 and sorted(data.items["item_id"]) == [1, 2, 8, 9]


# -- the command ----------------------------------------------------------------------------------------------------------
def run(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([*map(str, arguments)])
    return capsys.readouterr(), end.value.code


def test_the_command_says_what_is_there_and_writes_it(tmp_path, capsys):
    name, content, expected, _ = FILES["Book-Crossing"]
    out, status = run(capsys, "data", "--from", put(tmp_path, name, content), "--out", tmp_path / "plain.csv")
    assert (
        status == 0 and "left out 1 of 3 rows with the rating 0" in out.out and "5: 1, 10: 1; a like is 7.75" in out.out
    )
    again = Interactions.from_csv(tmp_path / "plain.csv")
    assert rows_of(again) == [(u, i, r, t) for u, i, r, t in expected]
    options = ("--sep", "#", "--encoding", "cp1252", "--columns", "item,user,rating")
    out, status = run(capsys, "data", "--from", put(tmp_path, "odd.txt", "ä#x#3\nb#x#4\n".encode("cp1252")), *options)
    assert status == 0 and "1 users, 2 items" in out.out


def test_wrong_usage_of_the_command(tmp_path, capsys):
    path = put(tmp_path, "r.csv", "kunde,ware,note\n1,2,3\n")
    out, status = run(capsys, "data", "--from", path)
    assert status == 1 and "no column item_id and user_id" in out.err and "Pass --columns user_id,..." in out.err
    out, status = run(capsys, "data", "--from", put(tmp_path, "four.csv", "user,item,rating\n1,2,3,4\n"))
    assert status == 1 and "Pass --columns A,B,... for all columns" in out.err
    out, status = run(capsys, "data", "--from", put(tmp_path, "left.csv", "user,item,rating\n1,2,3\n1,3,99\n1,4,5\n"))
    assert status == 0 and out.err.startswith("warning: left: 1 of 3 ratings are 99")
    for arguments in (("ml-100k", "--from", path), ("--sep", ";"), ("--out", "x.csv")):
        out, status = run(capsys, "data", *arguments)
        assert status == 2 and "--from" in out.err


def test_the_commonest_ratings_are_shown(tmp_path, capsys):
    rows = "".join(f"1,{i},{i % 30}\n" for i in range(90))
    assert read_command(str(put(tmp_path, "many.csv", "user_id,item_id,rating\n" + rows))) == 0
    assert "ratings (the commonest): 0: 3, 1: 3" in capsys.readouterr().out
