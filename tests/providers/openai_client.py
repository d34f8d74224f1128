"""Asks an endpoint for embeddings with OpenAI's own client, and prints the vectors."""

import json
import sys

from openai import OpenAI

asked = json.load(sys.stdin)
client = OpenAI(base_url=asked["url"], api_key=asked["key"], max_retries=0)
answer = client.embeddings.create(
    model="text-embedding-3-small", input=asked["texts"], dimensions=256, encoding_format="float"
)
assert [item.index for item in answer.data] == list(range(len(asked["texts"])))
json.dump([item.embedding for item in answer.data], sys.stdout)
