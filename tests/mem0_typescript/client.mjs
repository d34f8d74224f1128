// mem0's TypeScript client against the server in MEM0_TEST_URL, with the key in MEM0_TEST_KEY. Its exceptions show the body as
// it is, whatever kind it says it is of: they begin with what there is to say.

import assert from "node:assert/strict";
import { MemoryClient } from "mem0ai";

const client = new MemoryClient({ apiKey: process.env.MEM0_TEST_KEY, host: process.env.MEM0_TEST_URL });

/** What a call is refused with: the exception's name, and the problem in its message. */
async function refused(call) {
  try {
    await call();
  } catch (error) {
    const { detail, field, status } = JSON.parse(error.message);
    assert.equal(error.errorCode, `HTTP_${status}`);
    assert.ok(error.message.startsWith(`{"detail":${JSON.stringify(detail)}`), error.message);
    return { name: error.name, detail, field };
  }
  return assert.fail("it was not refused");
}

const user = { user_id: "ann" };
const added = await client.add([{ role: "user", content: "I prefer green tea" }], { userId: "ann", infer: false });
const id = added.results[0].id;
assert.equal((await client.get(id)).memory, "I prefer green tea");
assert.equal((await client.search("tea", { filters: user, topK: 3 })).results[0].id, id);
assert.equal((await client.getAll({ filters: user, page: 1, pageSize: 2 })).count, 1);
assert.equal((await client.update(id, { text: "I prefer black tea" })).memory, "I prefer black tea");
assert.equal((await client.history(id)).length, 2);
assert.equal((await client.users()).totalUsers, 1);

assert.deepEqual(await refused(() => client.get("abc")), {
  name: "MemoryNotFoundError",
  detail: "there is nothing at this address: not a valid memory id, expected mem_ followed by 26 characters",
  field: undefined,
});
assert.deepEqual(await refused(() => client.search("tea", { filters: user, topK: -1 })), {
  name: "ValidationError",
  detail: "top_k: must be from 1 to 1000, found -1",
  field: "top_k",
});
const elsewhere = new MemoryClient({ apiKey: "m0sk_00000000000000000000000000000000", host: process.env.MEM0_TEST_URL });
assert.deepEqual(await refused(() => elsewhere.get(id)), {
  name: "AuthenticationError",
  detail: "the credential is not valid",
  field: undefined,
});
for (const [call, what] of [
  [() => client.getProject({ fields: ["name"] }), "mem0's projects and their members"],
  [() => client.updateProject({ customInstructions: "x" }), "mem0's projects and their members"],
  [() => client.getWebhooks({ projectId: "p" }), "webhooks"],
  [() => client.createMemoryExport({ schema: {}, filters: user }), "exports"],
]) {
  assert.deepEqual(await refused(call), {
    name: "MemoryNotFoundError",
    detail: `${what} are not part of this installation, see docs/guides/mem0-clients.md`,
    field: undefined,
  });
}

assert.equal((await client.deleteUser({ entity_id: "ann" })).deleted, 1);
assert.equal((await client.getAll({ filters: user })).count, 0);
