"""Prints the Authorization header that botocore would give a request to Bedrock, at the time that its own date says."""

import json
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

seen = json.load(sys.stdin)
scheme, _, signed = seen["headers"]["authorization"].partition("SignedHeaders=")
names = signed.split(",")[0].split(";")
assert scheme.startswith("AWS4-HMAC-SHA256 Credential="), scheme
for name in ("host", "x-amz-date", "content-type"):
    assert name in names, f"{name} is not signed"

request = AWSRequest(
    method="POST",
    url=seen["url"],
    headers={name: seen["headers"][name] for name in names},
    data=seen["body"].encode(),
)
request.context["timestamp"] = seen["headers"]["x-amz-date"]
auth = SigV4Auth(Credentials(seen["id"], seen["secret"], seen["token"]), "bedrock", seen["region"])
signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
authorization = (
    f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={';'.join(names)}, Signature={signature}"
)
json.dump({"authorization": authorization}, sys.stdout)
