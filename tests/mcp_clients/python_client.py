"""The official Python SDK against POST /mcp: `python_client.py auto|legacy`.

Environment: MEM0_TEST_URL (of the endpoint), MEM0_TEST_KEY (a bearer credential).
"""

import asyncio
import os
import sys

from mcp import Client, MCPError
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


async def every_tool(client, names: set[str], added: dict) -> None:
    """Calls each once; the SDK holds every answer against the tool's output schema."""
    memory, event = added["results"][0]["id"], added["event_id"]
    calls = [
        ("get_memories", {"page_size": 1}),
        ("get_memory", {"memory_id": memory}),
        ("update_memory", {"memory_id": memory, "metadata": {"kind": "drinks"}}),
        ("list_entities", {}),
        ("list_events", {"page_size": 2}),
        ("get_event_status", {"event_id": event}),
        ("list_scopes", {}),
        ("get_hierarchical_memories", {}),
        ("whoami", {}),
        ("search", {"query": "drinks"}),
        ("fetch", {"id": memory}),
        ("enhance_prompt", {"prompt": "What does the client drink?", "include": [memory]}),
        ("search_memories", {"query": "drinks", "explain": True, "max_tokens": 100}),
    ]
    for name, arguments in calls:
        answer = await client.call_tool(name, arguments)
        assert not answer.is_error and answer.structured_content, (name, answer)
    doomed = []
    for word in ("first", "second", "third"):
        text = {"text": f"Something to be forgotten, the {word} of three", "user_id": word, "run_id": word}
        doomed.append((await client.call_tool("add_memory", text)).structured_content["results"][0]["id"])
    deletions = [
        ("delete_memory", {"memory_id": doomed[0]}),
        ("delete_all_memories", {"user_id": "second"}),
        ("delete_entities", {"run_id": "third"}),
        ("explain_access", {"memory_id": memory, "share_with": "enterprise"}),
        ("share_memory", {"memory_id": memory, "with": "enterprise"}),
        ("move_memory", {"memory_id": memory, "scope": "enterprise"}),
    ]
    for name, arguments in deletions:
        answer = await client.call_tool(name, arguments)
        assert not answer.is_error and answer.structured_content, (name, answer)
    called = {name for name, _ in calls + deletions} | {"add_memory"}
    # Needs somebody else's approval.
    assert names - called <= {"request_approval"}, names - called


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

            await every_tool(client, set(names), added.structured_content)

            # Refused before it is read, and yet told what is wrong; the connection goes on.
            for size in (1_100_000, 4_000_000, 10_000_000)[: 3 if mode == "auto" else 1]:
                try:
                    await client.call_tool("add_memory", {"text": "a" * size})
                    raise AssertionError(f"{size} bytes were taken")
                except MCPError as error:
                    assert "1048576 bytes" in str(error), error

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
