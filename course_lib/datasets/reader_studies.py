"""Studies in which several readers judged the same cases."""

from typing import NamedTuple

import numpy as np

from ._shipped import table


class ReaderStudy(NamedTuple):
    """Ratings of the same cases by several readers with one or more modalities."""

    y_true: np.ndarray
    ratings: np.ndarray
    modalities: tuple[str, ...]
    readers: tuple[str, ...]


def van_dyke_1993():
    """114 patients, 45 with a dissected aorta, twice rated by five radiologists.

    Two of five patients are ill, more than in any clinic, and the radiologists read for a study:
    nobody was treated by what they said.

    Returns
    -------
    ReaderStudy
        ``y_true`` (114,) int; ``ratings`` (2, 5, 114) int, 1 definitely absent to 5 definitely
        present; modalities ``"spin-echo MRI"`` and ``"cine MRI"``.

    References
    ----------
    Van Dyke et al. 1993, "Cine MRI in the diagnosis of thoracic aortic dissection", RSNA; the
    ratings as in the R packages MRMCaov and RJafroc.
    """
    rows = table("reader_studies/vandyke_1993.csv")
    rows = np.sort(rows, order=["modality", "reader", "case"])
    y_true = rows["truth"].reshape(10, 114)[0]
    readers = tuple(f"reader {number}" for number in range(1, 6))
    ratings = rows["rating"].reshape(2, 5, 114)
    return ReaderStudy(y_true, ratings, ("spin-echo MRI", "cine MRI"), readers)


def hupse_2013():
    """200 mammograms, 80 with a mass, rated by nine radiologists and by a computer.

    Two of five women have a mass, in screening it is one of some hundred. The rating is that of
    the most suspect place of the film, right or wrong: a radiologist may have got the woman right
    and the place wrong.

    Returns
    -------
    ReaderStudy
        ``y_true`` (200,) int; ``ratings`` (1, 10, 200) int, 0 to 101; readers ``"CAD"`` (the
        computer) and ``"R1"`` to ``"R9"``.

    References
    ----------
    Hupse et al. 2013, "Standalone computer-aided detection compared to radiologists' performance
    for the detection of mammographic masses", Eur Radiol 23:93; the ratings as in the R package
    RJafroc.
    """
    rows = np.sort(table("reader_studies/hupse_2013_cad_vs_radiologists.csv"), order="case")
    readers = ("CAD", *(f"R{number}" for number in range(1, 10)))
    by = [rows[rows["reader"] == who] for who in readers]
    ratings = np.stack([one["rating"] for one in by])[None]
    return ReaderStudy(by[0]["truth"], ratings, ("mammography",), readers)


class FreeResponse(NamedTuple):
    """Marks that readers put on images, each with a rating."""

    modality: np.ndarray
    reader: np.ndarray
    case: np.ndarray
    lesion: np.ndarray
    rating: np.ndarray
    n_normal: int
    lesions: np.ndarray


def tony_2011():
    """Marks of five radiologists on the breasts of 185 women, 89 with cancer, on two machines.

    Returns
    -------
    FreeResponse
        For each mark ``modality`` (``"BT"`` tomosynthesis, ``"DM"`` mammography), ``reader`` 1 to
        5, ``case`` 1 to 185, ``lesion`` the number of the lesion that was hit or 0 for a false
        mark, ``rating``. ``n_normal`` 96: cases 1 to 96 have no cancer; ``lesions`` (89,) int,
        lesions of cases 97 to 185. A case without a mark has no row.

    References
    ----------
    Chakraborty & Svahn 2011, "Estimating the parameters of a model of visual search from ROC
    data", Proc SPIE 7966; the marks as in the R package RJafroc.
    """
    rows = table("reader_studies/tony_2011_froc.csv")
    two = table("reader_studies/tony_2011_two_lesions.csv")["case"]
    lesions = 1 + np.isin(np.arange(97, 186), two)
    columns = (rows[name] for name in ("modality", "reader", "case", "lesion", "rating"))
    return FreeResponse(*columns, 96, lesions)
