"""Real patients, published tables and the lecture's own examples.

Nothing here silently changes its source: a loader returns what its name says or raises. What ships
lies in ``course_lib/data``. A module is imported when one of its names is first asked for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_fetch": ["DataUnavailable"],
        "brain": ["haxby_slice"],
        "cells": ["blood_smears", "fluorescent_nuclei", "phase_contrast_cells"],
        "chest": ["chest_xrays", "lung_nodules", "nih_five_radiologists"],
        "fetched": ["MEDMNIST", "isbi2012", "medmnist", "nih_expert_labels"],
        "heart": ["ECG_FINDINGS", "ecg_readings", "mitdb_100"],
        "letters": ["digits", "glyphs"],
        "omniglot": ["omniglot_runs"],
        "pictures": [
            "PHOTOS",
            "face_crops",
            "faceless_photos",
            "histology",
            "nuclei",
            "photo",
            "photos",
        ],
        "reader_studies": ["hupse_2013", "tony_2011", "van_dyke_1993"],
        "retinas": ["healthy_retinas"],
        "tables": [
            "TWO_FEATURES",
            "breast_masses",
            "dawid_skene_1979",
            "fleiss_1971",
            "hanley_mcneil_1982",
            "two_feature_masses",
        ],
    },
)
