"""The official Python SDK, signing in by itself: `python_oauth.py auto|legacy`.

Environment: MEM0_TEST_URL (of the endpoint), MEM0_TEST_PERSON (who agrees; an authorization URL is to be appended).
"""

import asyncio
import os
import sys
import urllib.parse
import urllib.request

from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.auth import OAuthClientMetadata


class Memory:
    """What the application keeps."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def main(mode: str) -> None:
    url, person = os.environ["MEM0_TEST_URL"], os.environ["MEM0_TEST_PERSON"]
    answers: list[str] = []

    async def redirect(address: str) -> None:
        asked = person + urllib.parse.quote(address, safe="")
        answers.append(await asyncio.to_thread(lambda: urllib.request.urlopen(asked).read().decode()))

    async def callback() -> AuthorizationCodeResult:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(answers[-1]).query)
        return AuthorizationCodeResult(code=query["code"][0], state=query["state"][0], iss=query["iss"][0])

    metadata = OAuthClientMetadata(client_name="Python", redirect_uris=["http://127.0.0.1:33418/callback"])
    memory = Memory()
    provider = OAuthClientProvider(url, metadata, memory, redirect, callback)
    async with create_mcp_http_client(auth=provider) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            tools = await client.list_tools()
            assert "search_memories" in [tool.name for tool in tools.tools], tools
            added = await client.call_tool("add_memory", {"text": f"Python {mode} signed in by itself"})
            assert not added.is_error, added
            whoami = await client.call_tool("whoami", {})
            assert whoami.structured_content["credential"] == "application", whoami
    assert len(answers) == 1, answers
    assert memory.tokens.refresh_token and memory.client.client_id.startswith("m0cl_"), memory.client


asyncio.run(main(sys.argv[1]))
