"""What the classifier is told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import Field

from services.chassis.settings import ServiceSettings, StreamSettings

_HERE: Final = Path(__file__).parent


class OwnerSettings(ServiceSettings):
    """The files of the owner of the installation: what the service and the command line read alike."""

    service: ClassVar[str] = "classifier"

    classifier_taxonomy_file: Path = _HERE / "taxonomy.yaml"
    """What detected types mean, and which field names tell what is under them."""
    classifier_catalogue_file: Path = _HERE / "catalogue.yaml"
    """What the owners of data say about resources and tables; which destinations are ours."""
    classifier_own_file: Path | None = None
    """The owner's own recognizers, dictionaries and markings. All three files are looked at every second, and read
    again when they change; what cannot be used is told, and what was in force stays."""


class ClassifierSettings(StreamSettings, OwnerSettings):
    """PLACET_… variables of the classifier."""

    service: ClassVar[str] = "classifier"

    classifier_fingerprint_key_file: Path | None = None
    """The keys of fingerprints and likenesses, as `placet keys fingerprint` makes the file; looked at every second, and
    read again when it changes. None: a key derived from the signing key, so that both change when that is rotated."""
    classifier_workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that look into actions; one per core that this service may use."""
    classifier_soft_seconds: Annotated[float, Field(gt=0)] = 3.0
    """After so long on one action, what is left of it is named as not inspected."""
    classifier_hard_seconds: Annotated[float, Field(gt=0)] = 6.0
    """After so long the worker is killed, and the whole action is named as not inspected."""
    classifier_batch_seconds: Annotated[float, Field(gt=0)] = 20.0
    """After so long on one batch, what is left of it is named as not inspected."""
    classifier_worker_megabytes: Annotated[int, Field(ge=64)] = 512
    """So much more than it starts with may a worker take; what needs more is named as not inspected."""
