"""The repository itself: its files, documents, workflows and history, as facts that controls ask for."""

from skyworthy.repository.facts import Repository

__all__ = ["Repository"]
