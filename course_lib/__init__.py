"""The library behind *AI for Medical Diagnosis*: each module is the science of one chapter."""

__version__ = "0.1.0"
