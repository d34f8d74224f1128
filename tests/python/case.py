"""What tests of mem0's official Python client begin with: the client, and that it reaches this server alone.

Run by the Rust tests of `python`, which serve the application and set MEM0_TEST_URL, MEM0_TEST_KEY (the owner of an
enterprise), MEM0_TEST_READER_KEY (who may only read) and MEM0_TEST_OTHER_KEY (the owner of another one). Every test has
entities of its own. To be imported before anything of mem0's.
"""

import contextlib
import logging
import os
import socket
import unittest
import uuid

# The client is to reach this server and nothing else: no telemetry, no look-ups.
_connect = socket.socket.connect


def _connect_here(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
        raise AssertionError(f"the client tried to reach {address}")
    return _connect(self, address)


socket.socket.connect = _connect_here

from mem0 import MemoryClient  # noqa: E402

# Errors are provoked here, and asserted.
logging.getLogger("mem0").setLevel(logging.CRITICAL)

URL = os.environ["MEM0_TEST_URL"]
KEY = os.environ["MEM0_TEST_KEY"]
OTHER_KEY = os.environ["MEM0_TEST_OTHER_KEY"]


def client(key=KEY):
    return MemoryClient(api_key=key, host=URL)


class Case(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.user = f"user-{uuid.uuid4()}"

    def remember(self, text, **labels):
        """One memory, verbatim; its id."""
        labels = labels or {"user_id": self.user}
        added = self.client.add(text, infer=False, **labels)
        self.assertEqual(added["status"], "SUCCEEDED")
        (result,) = added["results"]
        self.assertEqual(result["event"], "ADD")
        return result["id"]

    @contextlib.contextmanager
    def refused(self, kind, message, field=None):
        """What stands below must be refused with exactly this; a message that ends in `…` need only begin so."""
        with self.assertRaises(kind) as refusal:
            yield refusal
        error = refusal.exception
        if message.endswith("…"):
            self.assertEqual(error.message[: len(message) - 1], message[:-1])
        else:
            self.assertEqual(error.message, message)
        # The whole problem is there, too.
        self.assertEqual((error.details["detail"], error.details.get("field")), (error.message, field))
        self.assertEqual(error.details["status"], error.debug_info["status_code"])
        self.assertRegex(error.details["request_id"], "^req_[0-9a-z]{26}$")

    def texts(self, answer):
        return [memory["memory"] for memory in answer["results"]]

    def mine(self):
        return self.client.get_all(filters={"user_id": self.user})
