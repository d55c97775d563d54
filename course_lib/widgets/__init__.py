"""Widgets that live on a static page, in JupyterLab and in Colab.

Python computes every number once; the front end looks numbers up and draws them. A widget's module,
and the science it needs, is imported when the widget is first named.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "anchors": ["AnchorExplorer"],
        "architecture": ["ArchitectureExplorer"],
        "attribution": ["AttributionExplorer"],
        "base": ["CourseWidget"],
        "boxes": ["OverlapExplorer"],
        "confusion": ["ConfusionExplorer"],
        "consensus": ["ConsensusExplorer"],
        "decoding": ["DecodingExplorer"],
        "depth": ["DepthExplorer"],
        "dream": ["DreamExplorer"],
        "embedding": ["EmbeddingExplorer"],
        "epochs": ["EpochExplorer"],
        "guess": ["FirstGuess"],
        "learning_rate": ["LearningRateExplorer"],
        "prevalence": ["PrevalenceExplorer"],
        "quiz": ["Quiz"],
        "readiness": ["ReadinessCheck"],
        "reader_study": ["ReaderStudyExplorer"],
        "retinotopy": ["RetinotopyExplorer"],
        "shift": ["ShiftExplorer"],
        "style": ["StyleExplorer"],
        "suppression": ["SuppressionExplorer"],
        "threshold": ["ThresholdExplorer"],
        "triage": ["TriageExplorer"],
        "units": ["UnitBrowser"],
    },
)
