"""Real data that ship: unchanged, within the size that Colab should install, as published."""

import gzip
import hashlib

import numpy as np
import pytest
from scipy.spatial import KDTree
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import cohen_kappa_score, f1_score, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from book_ext.editions import ROOT
from course_lib import datasets

DATA = ROOT / "course_lib" / "data"


def _sums():
    lines = (DATA / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name.removeprefix("./"): digest for digest, name in (line.split() for line in lines)}


def test_every_file_is_the_one_whose_origin_was_checked():
    files = {p.relative_to(DATA).as_posix(): p for p in DATA.rglob("*") if p.is_file()}
    own = {"README.md", "SHA256SUMS", "credits.toml"}
    assert set(files) - own == set(_sums()), "name new files in course_lib/data/SHA256SUMS"
    for name, digest in _sums().items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest, name


def test_every_folder_is_credited():
    credits = (DATA / "README.md").read_text(encoding="utf-8")
    for folder in (p for p in DATA.iterdir() if p.is_dir()):
        assert f"`{folder.name}/" in credits, f"{folder.name}: origin and license in data/README.md"


def test_colab_installs_at_most_15_megabytes_of_data():
    assert sum(p.stat().st_size for p in DATA.rglob("*") if p.is_file()) <= 15e6


def test_ecg_readers_as_published():
    """Ribeiro et al. 2020, Table 2: F1 of the network, residents and students."""
    ecg = datasets.ecg_readings()
    published = {
        "network": [0.897, 0.944, 1, 0.882, 0.870, 0.960],
        "cardiology residents": [0.776, 0.917, 0.947, 0.882, 0.769, 0.882],
        "emergency residents": [0.719, 0.852, 0.912, 0.848, 0.696, 0.946],
        "medical students": [0.732, 0.928, 0.915, 0.750, 0.706, 0.873],
    }
    for who, f1 in published.items():
        got = f1_score(ecg.y_true, ecg.readers[who], average=None)
        np.testing.assert_allclose(got, f1, atol=5.1e-4)
    kappa = [
        cohen_kappa_score(one, other)
        for one, other in zip(
            ecg.readers["cardiologist 1"].T, ecg.readers["cardiologist 2"].T, strict=True
        )
    ]
    np.testing.assert_allclose(kappa, [0.741, 0.955, 0.964, 0.844, 0.831, 0.902], atol=5.1e-4)
    assert len(ecg.age) == len(ecg.sex) == len(ecg.scores) == 827
    assert set(ecg.sex) == {"F", "M"}
    assert ecg.scores.min() >= 0
    assert ecg.scores.max() <= 1


def test_record_100_has_the_checksum_of_its_header():
    record = datasets.mitdb_100()
    adu = np.rint(record.signal * 200 + 1024).astype(int)
    assert (adu.sum() + 2**15) % 2**16 - 2**15 == -22131
    kinds = dict(zip(*np.unique(record.symbols, return_counts=True), strict=True))
    assert kinds == {"N": 2239, "A": 33, "V": 1}
    assert len(record.signal) == 650_000
    # A beat is marked at or near its tallest deflection.
    peaks = [record.signal[beat - 10 : beat + 10].max() for beat in record.beats[10:100]]
    assert np.median(peaks) > 0.5


def test_chest_xrays_as_published():
    films = datasets.chest_xrays()
    kinds = dict(zip(*np.unique(films.kind, return_counts=True), strict=True))
    assert kinds == {"normal": 234, "bacteria": 242, "virus": 148}
    assert ((films.kind != "normal") == films.y_true).all()
    assert films.images.shape == (624, 144, 144)
    assert len(np.unique(films.patient)) == 427


@pytest.mark.parametrize(
    ("border", "expected"), [(12, 0.965), (3, 0.92), (1, 0.85)], ids=["film", "frame", "rim"]
)
def test_the_frame_of_a_chest_xray_knows_the_diagnosis(border, expected):
    """A ridge on 24 x 24 pixels, children of a fold unseen; a border of 12 is the whole film."""
    films = datasets.chest_xrays()
    tiny = films.images.reshape(624, 24, 6, 24, 6).mean((2, 4))
    row, column = np.mgrid[:24, :24]
    part = np.minimum.reduce([row, column, 23 - row, 23 - column]) < border
    score = cross_val_predict(
        make_pipeline(StandardScaler(), RidgeClassifier(alpha=300)),
        tiny[:, part],
        films.y_true,
        groups=films.patient,
        cv=GroupKFold(5),
        method="decision_function",
    )
    assert roc_auc_score(films.y_true, score) == pytest.approx(expected, abs=0.015)


def test_five_radiologists_add_up():
    study = datasets.nih_five_radiologists()
    assert study.by_votes.sum() == study.films == 810
    assert (study.by_votes * np.arange(6)).sum() == study.by_reader.sum()


def test_outlines_of_nodules_have_their_areas():
    nodules = datasets.lung_nodules()
    rows = (DATA / "lidc" / "lidc_200_ratings.csv").read_text().splitlines()
    column = rows[0].split(",").index("area_px")
    areas = [int(row.split(",")[column]) for row in rows[1:]]
    assert nodules.masks.sum((2, 3)).ravel().tolist() == areas
    assert len(set(nodules.patient)) == 200
    assert set(nodules.malignancy.ravel()) == set(range(1, 6))


def test_cells_are_those_that_were_counted():
    cells = datasets.phase_contrast_cells()
    assert sum(len(np.unique(labels)) - 1 for labels in cells.labels) == 797
    nuclei = datasets.fluorescent_nuclei()
    assert nuclei.images.shape == nuclei.labels.shape == (64, 256, 256)
    smears = datasets.blood_smears()
    assert smears.images.shape == (160, 240, 320, 3)
    kinds = dict(zip(*np.unique(smears.labels, return_counts=True), strict=True))
    assert kinds == {"Platelets": 151, "RBC": 1819, "WBC": 164}
    assert (smears.boxes[:, :2] < smears.boxes[:, 2:]).all()
    assert smears.boxes.min() >= 0
    assert (smears.boxes[:, 2:] <= [320, 240]).all()
    assert set(smears.image_of) == set(range(160))


def _modified_hausdorff(one, other):
    return max(one.query(other.data)[0].mean(), other.query(one.data)[0].mean())


def _centered(character):
    ink = np.argwhere(character)
    return KDTree(ink - ink.mean(0))


@pytest.mark.slow
def test_modified_hausdorff_distance_errs_on_omniglot_as_published():
    runs = datasets.omniglot_runs()
    wrong = []
    for train, test, y_true in zip(*runs, strict=True):
        train, test = ([_centered(one) for one in part] for part in (train, test))
        nearest = [np.argmin([_modified_hausdorff(t, one) for one in train]) for t in test]
        wrong.append(np.mean(nearest != y_true))
    assert 100 * np.mean(wrong) == pytest.approx(38.8, abs=0.06)


def test_pixels_err_on_four_of_five_omniglot_characters():
    """What the one-shot chapter prints, counted here as differing pixels."""
    runs = datasets.omniglot_runs()
    wrong = 0
    for train, test, y_true in zip(*runs, strict=True):
        differ = (test[:, None] ^ train).sum((2, 3))
        wrong += np.count_nonzero(differ.argmin(axis=1) != y_true)
    assert wrong == 324


def test_optic_discs_lie_on_the_bright_disc():
    retinas = datasets.healthy_retinas()
    measured = np.isfinite(retinas.discs).all((1, 2))
    assert measured.sum() == 3
    for image, discs in zip(retinas.images[measured], retinas.discs[measured], strict=True):
        x, y, diameter = discs.mean(0)
        rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
        inside = np.hypot(columns - x, rows - y) < diameter / 2
        assert image[inside].mean() > 1.3 * image[image.sum(2) > 60].mean()


def test_reader_studies_as_published():
    study = datasets.van_dyke_1993()
    auc = [[roc_auc_score(study.y_true, r) for r in one] for one in study.ratings]
    np.testing.assert_allclose(np.mean(auc, 1), [0.8970370, 0.9408374], atol=1e-7)
    assert study.y_true.sum() == 45
    study = datasets.hupse_2013()
    auc = [roc_auc_score(study.y_true, r) for r in study.ratings[0]]
    assert auc[0] == pytest.approx(0.816927, abs=1e-6)
    assert np.mean(auc[1:]) == pytest.approx(0.848663, abs=1e-6)
    assert study.y_true.sum() == 80
    marks = datasets.tony_2011()
    assert marks.n_normal + len(marks.lesions) == 185
    assert marks.lesions.sum() == 95


def test_haxby_slice_has_twelve_runs_of_eight_categories():
    haxby = datasets.haxby_slice()
    assert haxby.X.shape == (1452, 530)
    assert haxby.mask.shape == (40, 20)
    assert haxby.mask.sum() == 530
    assert haxby.labels.shape == haxby.runs.shape == (1452,)
    assert np.bincount(haxby.runs).tolist() == [121] * 12
    names, counts = np.unique(haxby.labels, return_counts=True)
    assert names.tolist() == [
        *("bottle", "cat", "chair", "face", "house", "rest", "scissors", "scrambledpix", "shoe")
    ]
    assert counts.tolist() == [588 if name == "rest" else 108 for name in names]


def test_haxby_voxels_are_read_from_the_right_bytes():
    """Against the format's definition: the first axis runs fastest, from byte 352 on."""
    haxby = datasets.haxby_slice()
    raw = gzip.decompress((DATA / "haxby_slice" / "bold.nii.gz").read_bytes())
    places = np.argwhere(haxby.mask)
    for volume, voxel in ((0, 0), (700, 123), (1451, 529)):
        i, j = places[voxel]
        start = 352 + 2 * (i + 40 * (j + 20 * volume))
        expected = int.from_bytes(raw[start : start + 2], "little", signed=True)
        assert haxby.X[volume, voxel] == expected
