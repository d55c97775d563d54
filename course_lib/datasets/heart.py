"""Electrocardiograms: what readers and a network found in 827 of them, and half an hour of one."""

from typing import NamedTuple

import numpy as np

from ._shipped import arrays, table

#: The six findings, by the short names of the files.
ECG_FINDINGS = {
    "1dAVb": "first-degree AV block",
    "RBBB": "right bundle branch block",
    "LBBB": "left bundle branch block",
    "SB": "sinus bradycardia",
    "AF": "atrial fibrillation",
    "ST": "sinus tachycardia",
}
_READERS = {
    "cardiologist1": "cardiologist 1",
    "cardiologist2": "cardiologist 2",
    "cardiology_residents": "cardiology residents",
    "emergency_residents": "emergency residents",
    "medical_students": "medical students",
    "dnn": "network",
}


class EcgReadings(NamedTuple):
    """What was found in electrocardiograms, by whom, and whose they are."""

    findings: tuple[str, ...]
    y_true: np.ndarray
    readers: dict[str, np.ndarray]
    scores: np.ndarray
    age: np.ndarray
    sex: np.ndarray


def ecg_readings():
    """827 electrocardiograms of 827 patients, judged for six findings by doctors and a network.

    The reference standard is the judgement on which two cardiologists agreed; where they differed,
    a third, who saw both, decided. So the two cardiologists made the standard, and whoever
    compares them with it finds them too good. Residents and students took no part in it. Each of
    their three groups is two persons, who read one half of the recordings each.

    Returns
    -------
    EcgReadings
        ``findings`` six names; ``y_true`` (827, 6) bool, the reference standard; ``readers`` a
        dictionary of six (827, 6) bool: ``"cardiologist 1"``, ``"cardiologist 2"``, ``"cardiology
        residents"``, ``"emergency residents"``, ``"medical students"``, ``"network"``; ``scores``
        (827, 6) float in [0, 1], of the same network trained once more: no thresholds of theirs
        give exactly the decisions of ``"network"``; ``age`` (827,) int, years; ``sex`` (827,) str,
        ``"F"`` or ``"M"``. The tracings themselves are not included.

    References
    ----------
    Ribeiro et al. 2020, "Automatic diagnosis of the 12-lead ECG using a deep neural network", Nat
    Commun 11:1760; files of the authors (MIT).
    """
    judged = table("ecg/code_test_readers.csv")
    scored = table("ecg/code_test_dnn_scores.csv")

    def matrix(rows):
        rows = np.sort(rows, order="exam")
        return np.stack([rows[finding] for finding in ECG_FINDINGS], axis=1)

    by = {
        who: matrix(judged[judged["reader"] == who]).astype(bool)
        for who in ("gold_standard", *_READERS)
    }
    return EcgReadings(
        tuple(ECG_FINDINGS.values()),
        by["gold_standard"],
        {name: by[who] for who, name in _READERS.items()},
        matrix(scored),
        scored["age"],
        scored["sex"],
    )


class HeartRecord(NamedTuple):
    """A recording of the heart's voltage and the beats that cardiologists marked in it."""

    signal: np.ndarray
    fs: int
    beats: np.ndarray
    symbols: np.ndarray


def mitdb_100():
    """Half an hour of one man's electrocardiogram, every beat marked: record 100 of MIT-BIH.

    Returns
    -------
    HeartRecord
        ``signal`` (650000,) float, millivolts, lead MLII; ``fs`` 360 samples a second; ``beats``
        (2273,) int, the sample of each beat; ``symbols`` (2273,) str: ``"N"`` normal (2,239),
        ``"A"`` premature from the atria (33), ``"V"`` premature from a ventricle (1). One patient:
        what is learned here holds for his heart.

    References
    ----------
    Moody & Mark 2001, "The impact of the MIT-BIH arrhythmia database", IEEE Eng Med Biol 20:45;
    the copy of PhysioNet's own package wfdb (MIT).
    """
    file = arrays("ecg/mitdb_100_mlii.npz")
    volts = (np.cumsum(file["adu_diff"].astype(np.int64)) - file["zero"]) / file["gain"]
    return HeartRecord(volts, int(file["fs"]), file["beat_sample"], file["beat"])
