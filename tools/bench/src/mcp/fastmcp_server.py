"""The peer of `cargo xtask bench mcp`: a FastMCP server with two tools over the product's own database.

It does what anybody with this schema and these rules would write: the API key is looked up at every request, memories
are read under row-level security in a transaction that is bound to the caller, search takes its candidates from the
product's own SQL function, and what is shown is recorded in the audit log, in the same transaction. What it leaves
out is to its advantage: it does not embed the question (it is given the vectors), rank the candidates again, or limit
rates.

The first line of standard input is its configuration as JSON; the first line of standard output says where it listens.
"""

import asyncio
import hashlib
import json
import os
import platform
import socket
import struct
import sys
import uuid
from datetime import datetime, timezone
from importlib.metadata import version

import asyncpg
import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth import AccessToken, TokenVerifier
from fastmcp.server.dependencies import get_access_token, get_http_request

SETUP = json.loads(sys.stdin.readline())
# The binary format of a halfvec in PostgreSQL: the number of dimensions, zero, the values.
VECTORS = {text: struct.pack(f">HH{len(v)}e", len(v), 0, *v) for text, v in SETUP["vectors"]}
DIGITS = {digit: value for value, digit in enumerate("0123456789abcdefghjkmnpqrstvwxyz")}

PRINCIPAL = """SELECT enterprise_id, user_id, email, credential_id, verbs, expired, scope_ids, ceiling
                 FROM mem0.identify($1, NULL, $2, NULL, NULL)"""
BIND = """SELECT set_config('mem0.enterprise', $1, true), set_config('mem0.readable', $2, true),
                 set_config('mem0.ceiling', $3, true), set_config('mem0.at', $4, true)"""
COLUMNS = "m.id, m.content, m.metadata, m.categories, m.created_at, m.updated_at"
HOLDS = "m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $1::date)"
SEARCH = f"""SELECT {COLUMNS}, c.similarity, c.text
               FROM mem0.search_candidates($2::bigint[], '{{}}', $3, $4, $5, 40, 96, NULL, '{{}}', '{{}}', '{{}}') c
               JOIN memories m ON m.enterprise_id = $6 AND m.id = c.memory_id
              WHERE {HOLDS}
              ORDER BY c.text + greatest(c.similarity, 0) DESC, m.id DESC LIMIT $7"""
RECORD = """INSERT INTO audit_log (enterprise_id, id, at, actor_id, actor_method, credential_id, action, memory_ids, operation,
                                   request_id, ip, user_agent, tags)
            VALUES ($1, $2, $3, $4, 'api_key', $5, $6, $7, $8, $9, $10, $11, '{data-access}')"""
LOOKUP = f"SELECT {COLUMNS} FROM memories m WHERE m.enterprise_id = $2 AND m.id = $3 AND {HOLDS}"

pool: asyncpg.Pool


class Keys(TokenVerifier):
    """API keys, looked up in the database."""

    async def verify_token(self, token: str) -> AccessToken | None:
        now = datetime.now(timezone.utc)
        row = await pool.fetchrow(PRINCIPAL, hashlib.sha256(token.encode()).digest(), now)
        if row is None or row["expired"]:
            return None
        return AccessToken(
            token=token, client_id=str(row["user_id"]), scopes=row["verbs"], claims={"row": row, "now": now}
        )


mcp = FastMCP("peer", auth=Keys())


async def read(action, tool, sql, after_today, *params):
    """Returns every row of a statement, run in a transaction bound to the caller, and records them as shown."""
    claims = get_access_token().claims
    row, now = claims["row"], claims["now"]
    scopes = "{" + ",".join(map(str, row["scope_ids"])) + "}"
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(BIND, str(row["enterprise_id"]), scopes, row["ceiling"] or "restricted", now.isoformat())
        found = await connection.fetch(sql, now.date(), *after_today(row), *params)
        request = get_http_request()
        await connection.execute(
            RECORD, row["enterprise_id"], uuid.uuid4(), now, row["user_id"], row["credential_id"], action,
            [it["id"] for it in found], f"tool {tool}", uuid.uuid4(), request.client.host, request.headers.get("user-agent"),
        )
    return found


def view(row):
    return {
        "id": str(row["id"]),
        "memory": row["content"],
        "metadata": json.loads(row["metadata"]),
        "categories": row["categories"],
        "created_at": row["created_at"].isoformat(),
        "updated_at": row["updated_at"].isoformat(),
    }


@mcp.tool
async def search_memories(query: str, top_k: int = 10) -> dict:
    """Find memories that answer a question, best first."""
    vector = VECTORS[query]
    rows = await read(
        "memory.search", "search_memories", SEARCH, lambda who: (who["scope_ids"], vector, SETUP["model"], query, who["enterprise_id"], top_k)
    )
    return {"results": [view(row) | {"score": (row["similarity"] or 0) + (row["text"] or 0)} for row in rows]}


@mcp.tool
async def get_memory(memory_id: str) -> dict:
    """Read one memory by its id."""
    number = 0
    for digit in memory_id.removeprefix("mem_"):
        number = number * 32 + DIGITS[digit]
    rows = await read("memory.read", "get_memory", LOOKUP, lambda who: (who["enterprise_id"], uuid.UUID(int=number)))
    if not rows:
        raise ValueError("memory not found")
    return view(rows[0])


async def prepare(connection):
    await connection.set_type_codec(
        "halfvec", schema="public", format="binary", encoder=lambda it: it, decoder=lambda it: it
    )


async def leave(_):
    """Nothing to undo: settings last for a transaction."""


async def serve(listener):
    global pool
    pool = await asyncpg.create_pool(SETUP["database"], min_size=4, max_size=16, init=prepare, reset=leave)
    app = mcp.http_app(path="/mcp", stateless_http=True, json_response=True)
    # Its clients wait for the other server's turn in between.
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="on", timeout_keep_alive=3600)
    await uvicorn.Server(config).serve(sockets=[listener])


listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
for _ in range(SETUP["processes"] - 1):
    if os.fork() == 0:
        break
else:
    description = {name: version(name) for name in ("fastmcp", "mcp", "asyncpg")}
    description |= {"python": platform.python_version(), "processes": SETUP["processes"]}
    print(json.dumps({"port": listener.getsockname()[1], **description}), flush=True)
import uvloop  # noqa: E402  (its event loop is made after the processes are)

uvloop.run(serve(listener))
