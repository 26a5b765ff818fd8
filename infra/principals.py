"""Who signs in to Kafka: one principal per kind of process, its ACLs generated from the catalogue.

The desk has none: it never talks to Kafka. `auditor` reads every topic but the proposals and writes nothing.
"""

from __future__ import annotations

from typing import Final

from infra.embedded.kafka_config import BROKER, OPERATOR
from placet.catalogue import Role

AUDITOR: Final = "auditor"
PRINCIPALS: Final = (BROKER, OPERATOR, *(str(role) for role in Role), AUDITOR)
