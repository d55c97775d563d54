"""Widgets that live on a static page, in JupyterLab and in Colab.

Python computes every number once; the front end looks numbers up and draws them. A widget's module,
and the science it needs, is imported when the widget is first named.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "base": ["CourseWidget"],
        "confusion": ["ConfusionExplorer"],
        "consensus": ["ConsensusExplorer"],
        "prevalence": ["PrevalenceExplorer"],
        "quiz": ["Quiz"],
        "threshold": ["ThresholdExplorer"],
    },
)
