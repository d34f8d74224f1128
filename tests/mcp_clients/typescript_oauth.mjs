// The official TypeScript SDKs, signing in by themselves: `typescript_oauth.mjs v1|v2`.
// Environment: MEM0_TEST_URL (of the endpoint), MEM0_TEST_PERSON (who agrees; an authorization URL is to be appended).

import assert from 'node:assert/strict';

const [version] = process.argv.slice(2);
const url = new URL(process.env.MEM0_TEST_URL);

async function sdk() {
  if (version === 'v2') return import('@modelcontextprotocol/client');
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  return { Client, StreamableHTTPClientTransport };
}

const { Client, StreamableHTTPClientTransport } = await sdk();

let client, tokens, verifier, answer, discovery;
const redirectUrl = 'http://127.0.0.1:33418/callback';
const provider = {
  redirectUrl,
  clientMetadata: { client_name: `TypeScript ${version}`, redirect_uris: [redirectUrl] },
  state: () => 'the state of a test',
  clientInformation: () => client,
  saveClientInformation: (saved) => { client = saved; },
  tokens: () => tokens,
  saveTokens: (saved) => { tokens = saved; },
  saveCodeVerifier: (saved) => { verifier = saved; },
  codeVerifier: () => verifier,
  discoveryState: () => discovery,
  saveDiscoveryState: (saved) => { discovery = saved; },
  redirectToAuthorization: async (address) => {
    answer = new URL(await (await fetch(process.env.MEM0_TEST_PERSON + encodeURIComponent(address.href))).text());
  },
};

const options = { authProvider: provider };
const first = new StreamableHTTPClientTransport(url, options);
await assert.rejects(new Client({ name: 'tests', version: '1' }).connect(first), /nauthorized/);
assert.equal(answer.searchParams.get('state'), 'the state of a test');
const parameters = version === 'v2' ? answer.searchParams : answer.searchParams.get('code');
await first.finishAuth(parameters);
assert.match(client.client_id, /^m0cl_/);
assert(tokens.refresh_token);

const signedIn = new Client({ name: 'tests', version: '1' });
await signedIn.connect(new StreamableHTTPClientTransport(url, options));
const { tools } = await signedIn.listTools();
assert(tools.some((tool) => tool.name === 'search_memories'));
const whoami = await signedIn.callTool({ name: 'whoami', arguments: {} });
assert.equal(whoami.structuredContent.credential, 'application');

// The access token is gone: it signs in by its refresh token, without the person.
const before = tokens.refresh_token;
tokens = { ...tokens, access_token: 'a.b.c' };
answer = undefined;
const again = new Client({ name: 'tests', version: '1' });
await again.connect(new StreamableHTTPClientTransport(url, options));
await again.listTools();
assert.equal(answer, undefined);
assert.notEqual(tokens.refresh_token, before);
await again.close();
await signedIn.close();
