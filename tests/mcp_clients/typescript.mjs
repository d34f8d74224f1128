// The official TypeScript SDKs against POST /mcp: `typescript.mjs v1|v2`.
// Environment: MEM0_TEST_URL (of the endpoint), MEM0_TEST_KEY (a bearer credential).

import assert from 'node:assert/strict';

const [version] = process.argv.slice(2);
const url = new URL(process.env.MEM0_TEST_URL);
const requestInit = { headers: { Authorization: `Bearer ${process.env.MEM0_TEST_KEY}` } };

async function sdk() {
  if (version === 'v2') return import('@modelcontextprotocol/client');
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  return { Client, StreamableHTTPClientTransport };
}

const { Client, StreamableHTTPClientTransport } = await sdk();
const client = new Client({ name: 'tests', version: '1' });
await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));

const { tools } = await client.listTools();
assert(tools.some((tool) => tool.name === 'search_memories'));

const added = await client.callTool({ name: 'add_memory', arguments: { text: `The ${version} client drinks cocoa` } });
assert(!added.isError, JSON.stringify(added));
const query = `what does the ${version} client drink?`;
const found = await client.callTool({ name: 'search_memories', arguments: { query } });
assert.match(found.structuredContent.results[0].memory, /cocoa/);

const wrong = await client.callTool({ name: 'get_memory', arguments: { memory_id: 'seven' } });
assert(wrong.isError && /memory_id/.test(wrong.content[0].text), JSON.stringify(wrong));

const { resources } = await client.listResources();
assert(resources.some((resource) => resource.uri === 'mem0://profile'));
const profile = await client.readResource({ uri: 'mem0://profile' });
assert.match(profile.contents[0].text, /@/);

const { prompts } = await client.listPrompts();
assert.equal(prompts.length, 3);
const prompt = await client.getPrompt({ name: 'recall-before-answer', arguments: { question: query } });
assert.match(prompt.messages[1].content.resource.text, /cocoa/);

const ref = { type: 'ref/prompt', name: 'recall-before-answer' };
const { completion } = await client.complete({ ref, argument: { name: 'scope', value: 'pers' } });
assert.deepEqual(completion.values, ['personal']);

await client.close();
