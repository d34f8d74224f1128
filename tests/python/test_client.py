"""Who calls and how, with mem0's official Python client: another tenant, a key that only reads, without waiting, and what the
server does not offer."""

import asyncio
import os
import unittest
import uuid

from case import KEY, OTHER_KEY, URL, Case, client

from mem0 import AsyncMemoryClient
from mem0.exceptions import AuthenticationError, MemoryNotFoundError


class OfAnotherTenant(Case):
    def test_is_not_there(self):
        memory = self.remember("The merger is announced in May")
        other = client(OTHER_KEY)
        for call in [
            lambda: other.get(memory),
            lambda: other.history(memory),
            lambda: other.update(memory, text="x"),
            lambda: other.delete(memory),
            lambda: other.feedback(memory, feedback="NEGATIVE"),
        ]:
            with self.refused(MemoryNotFoundError, "memory not found"):
                call()
        with self.refused(MemoryNotFoundError, f"{memory} not found"):
            other.batch_delete([{"memory_id": memory}])
        found = other.search("merger", filters={"user_id": self.user})
        self.assertEqual(found["results"], [])
        self.assertEqual(other.get_all(filters={"user_id": self.user})["results"], [])
        self.assertEqual(self.client.get(memory)["memory"], "The merger is announced in May")


# What methods with this in their names are about.
NOT_BUILT = {
    "export": "exports",
    "summary": "summaries",
    "profile": "profiles",
    "project": "mem0's projects and their members",
    "webhook": "webhooks",
}


class NotBuilt(Case):
    """What the server does not offer says so: a 404 that the client raises, never a success without effect."""

    def test_answers_that_it_is_not_there(self):
        for name, call in {
            "create_memory_export": lambda: self.client.create_memory_export(schema="{}", filters={"user_id": "a"}),
            "get_memory_export": lambda: self.client.get_memory_export(memory_export_id="x"),
            "get_summary": lambda: self.client.get_summary(filters={"user_id": "a"}),
            "get_profile": lambda: self.client.get_profile("a"),
            "generate_profile": lambda: self.client.generate_profile("a"),
            "get_profile_settings": lambda: self.client.get_profile_settings(),
            "update_profile_settings": lambda: self.client.update_profile_settings(enabled=True),
            "sample_profiles": lambda: self.client.sample_profiles(limit=1),
            "get_profile_job": lambda: self.client.get_profile_job("x"),
            "project.get": lambda: self.client.project.get(),
            "project.create": lambda: self.client.project.create(name="p"),
            "project.update": lambda: self.client.project.update(custom_instructions="x"),
            "project.delete": lambda: self.client.project.delete(),
            "project.get_members": lambda: self.client.project.get_members(),
            "project.add_member": lambda: self.client.project.add_member(email="a@b.example", role="READER"),
            "project.update_member": lambda: self.client.project.update_member(email="a@b.example", role="OWNER"),
            "project.remove_member": lambda: self.client.project.remove_member(email="a@b.example"),
            "get_webhooks": lambda: self.client.get_webhooks(project_id="p"),
            "create_webhook": lambda: self.client.create_webhook(
                url="http://127.0.0.1/", name="n", project_id="p", event_types=["memory_add"]
            ),
            "update_webhook": lambda: self.client.update_webhook(webhook_id=1, name="n"),
            "delete_webhook": lambda: self.client.delete_webhook(webhook_id=1),
        }.items():
            what = next(what for start, what in NOT_BUILT.items() if start in name)
            message = f"{what} are not part of this installation, see docs/guides/mem0-clients.md"
            with self.subTest(name), self.refused(MemoryNotFoundError, message):
                call()


class WithoutWaiting(unittest.TestCase):
    """The asynchronous client does the same."""

    def test_the_life_of_a_memory(self):
        async def live():
            user = f"user-{uuid.uuid4()}"
            async with AsyncMemoryClient(api_key=KEY, host=URL) as memories:
                added = await memories.add("Noor plays the cello", user_id=user, infer=False)
                memory = added["results"][0]["id"]
                found = await memories.search("which instrument?", filters={"user_id": user})
                self.assertEqual(found["results"][0]["id"], memory)
                await memories.update(memory, text="Noor plays the viola")
                self.assertEqual((await memories.get(memory))["memory"], "Noor plays the viola")
                self.assertEqual(len(await memories.history(memory)), 2)
                self.assertEqual((await memories.get_all(filters={"user_id": user}))["count"], 1)
                await memories.delete(memory)
                await memories.delete_all(user_id=user)
                self.assertEqual((await memories.get_all(filters={"user_id": user}))["count"], 0)
                with self.assertRaises(MemoryNotFoundError):
                    await memories.get(memory)

        asyncio.run(live())


class Credentials(Case):
    def test_a_key_that_may_only_read_may_not_write(self):
        reader = client(os.environ["MEM0_TEST_READER_KEY"])
        memory = self.remember("The reading room is quiet")
        self.assertEqual(reader.get(memory)["memory"], "The reading room is quiet")
        with self.refused(AuthenticationError, "this API key lacks the scope memories:write"):
            reader.add("x", user_id=self.user, infer=False)
        with self.refused(AuthenticationError, "this API key lacks the scope memories:write"):
            reader.delete(memory)
