"""Prints as JSON the actions that CloudFormation performs for each given resource type, according to its schemas."""

import json
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

permissions = {}
for name in sys.argv[1:]:
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema.get("handlers", {})
    used = (handler for verb, handler in handlers.items() if verb != "list")
    permissions[name] = sorted({action for handler in used for action in handler.get("permissions", [])})
print(json.dumps(permissions))
