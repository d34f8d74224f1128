"""The official Python SDK against POST /mcp: `python_client.py auto|legacy`.

Environment: MEM0_TEST_URL (of the endpoint), MEM0_TEST_KEY (a bearer credential).
"""

import asyncio
import os
import sys

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


async def main(mode: str) -> None:
    url, key = os.environ["MEM0_TEST_URL"], os.environ["MEM0_TEST_KEY"]
    async with create_mcp_http_client(headers={"Authorization": f"Bearer {key}"}) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            tools = await client.list_tools()
            names = [tool.name for tool in tools.tools]
            assert "search_memories" in names and "fetch" in names, names

            added = await client.call_tool("add_memory", {"text": f"The python {mode} client drinks mate"})
            assert not added.is_error, added
            found = await client.call_tool("search_memories", {"query": f"what does the python {mode} client drink?"})
            results = found.structured_content["results"]
            assert results and "mate" in results[0]["memory"], found

            wrong = await client.call_tool("search_memories", {"query": "x", "top_k": 0})
            assert wrong.is_error and "top_k" in wrong.content[0].text, wrong

            resources = await client.list_resources()
            assert any(str(resource.uri) == "mem0://profile" for resource in resources.resources), resources
            profile = await client.read_resource("mem0://profile")
            assert "@" in profile.contents[0].text, profile
            templates = await client.list_resource_templates()
            assert len(templates.resource_templates) == 2, templates

            prompts = await client.list_prompts()
            assert len(prompts.prompts) == 3, prompts
            prompt = await client.get_prompt("recall-before-answer", {"question": "what does the client drink?"})
            assert "mate" in prompt.messages[1].content.resource.text, prompt


asyncio.run(main(sys.argv[1]))
