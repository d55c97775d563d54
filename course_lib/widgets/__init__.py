"""Widgets that live on a static page, in JupyterLab and in Colab.

Python computes every number once; the front end looks numbers up and draws them.
"""

from .base import CourseWidget
from .confusion import ConfusionExplorer
from .prevalence import PrevalenceExplorer
from .quiz import Quiz

__all__ = ["ConfusionExplorer", "CourseWidget", "PrevalenceExplorer", "Quiz"]
