"""The JSON schema of packs and agencies files, so that editors can complete and check them."""

from typing import Any

from calsync.rules.packs.models import DirectoryTable, PackTable


def pack_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of a pack file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PackTable.model_json_schema()}


def agencies_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of an agencies file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **DirectoryTable.model_json_schema()}
