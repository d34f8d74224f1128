"""Invokes Titan with Amazon's own client, and prints its answer."""

import json
import sys

from botocore.session import get_session

asked = json.load(sys.stdin)
client = get_session().create_client(
    "bedrock-runtime",
    region_name="eu-central-1",
    endpoint_url=asked["url"],
    aws_access_key_id="AKIATEST",
    aws_secret_access_key="secret",
)
body = json.dumps({"inputText": asked["text"], "dimensions": 256, "normalize": True})
answer = client.invoke_model(modelId=asked["model"], body=body, accept="application/json", contentType="application/json")
sys.stdout.write(answer["body"].read().decode())
