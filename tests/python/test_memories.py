"""Memories through mem0's official Python client: adding, searching, listing, changing and forgetting."""

import os
import uuid

from case import OTHER_KEY, Case, client

from mem0.client.types import (
    AddMemoryOptions,
    DeleteAllMemoryOptions,
    GetAllMemoryOptions,
    SearchMemoryOptions,
    UpdateMemoryOptions,
)
from mem0.exceptions import MemoryNotFoundError, ValidationError


class Starting(Case):
    def test_a_key_is_checked_when_the_client_is_made(self):
        self.assertTrue(self.client.org_id.startswith("ent_"))
        self.assertTrue(self.client.project_id.startswith("usr_"))
        self.assertIn("@", self.client.user_email)

    def test_a_wrong_key_is_refused_with_the_reason(self):
        with self.assertRaises(ValueError) as refusal:
            client("m0sk_00000000000000000000000000000000")
        self.assertEqual(str(refusal.exception), "Error: the credential is not valid")


class Adding(Case):
    def test_verbatim(self):
        added = self.client.add("Ada collects fountain pens", user_id=self.user, infer=False)
        (result,) = added["results"]
        self.assertEqual(result["data"], {"memory": "Ada collects fountain pens"})
        self.assertTrue(added["event_id"].startswith("evt_"))

    def test_messages_with_every_label_and_metadata(self):
        added = self.client.add(
            [
                {"role": "system", "content": "You are a helpful assistant"},
                {"role": "user", "content": "The harbour office closes at four"},
                {"role": "assistant", "content": "Noted: the ferry leaves at noon"},
            ],
            user_id=self.user,
            agent_id="porter",
            app_id="desk",
            run_id="monday",
            metadata={"source": "phone", "priority": 2},
            infer=False,
        )
        # One memory for each message but the system's, which is answered for, too.
        self.assertEqual([result["event"] for result in added["results"]], ["SKIP", "ADD", "ADD"])
        self.assertIn("system", added["results"][0]["reason"])
        memory = self.client.get(added["results"][1]["id"])
        self.assertEqual(memory["memory"], "The harbour office closes at four")
        self.assertEqual(memory["user_id"], self.user)
        self.assertEqual((memory["agent_id"], memory["app_id"], memory["session_id"]), ("porter", "desk", "monday"))
        self.assertEqual(memory["metadata"], {"source": "phone", "priority": 2})

    def test_a_single_message_and_typed_options(self):
        options = AddMemoryOptions(filters={"user_id": self.user}, metadata={"typed": True}, infer=False)
        added = self.client.add({"role": "user", "content": "The spare key is with the neighbour"}, options)
        memory = self.client.get(added["results"][0]["id"])
        self.assertEqual((memory["user_id"], memory["metadata"]), (self.user, {"typed": True}))

    def test_inferred_statements_say_who_chose_them(self):
        added = self.client.add(
            [
                {"role": "user", "content": "I moved to Lisbon last spring. My sister Ines teaches chemistry."},
                {"role": "assistant", "content": "How lovely!"},
            ],
            user_id=self.user,
        )
        self.assertEqual((added["status"], added["extractor"]), ("SUCCEEDED", "deterministic"))
        self.assertTrue(any("Lisbon" in text for text in self.texts(self.mine())))

    def test_the_same_again_is_skipped_with_the_reason(self):
        first = self.remember("The printer on the second floor is called Gutenberg")
        again = self.client.add("The printer on the second floor is called Gutenberg", user_id=self.user, infer=False)
        (result,) = again["results"]
        self.assertEqual((result["event"], result["id"]), ("SKIP", first))
        self.assertTrue(result["reason"])

    def test_times_and_expiry(self):
        self.client.add(
            "The bridge toll is waived", user_id=self.user, infer=False, timestamp=1767225600,
            expiration_date="2099-12-31",
        )
        (memory,) = self.mine()["results"]
        self.assertEqual(memory["expiration_date"], "2099-12-31")
        self.assertTrue(memory["timestamp"].startswith("2026-01-01T00:00:00"))
        with self.refused(ValidationError, "expiration_date has passed: today is …", "expiration_date"):
            self.client.add("The bazaar is open", user_id=self.user, infer=False, expiration_date="2020-01-01")
        self.assertEqual(self.texts(self.mine()), ["The bridge toll is waived"])

    def test_a_scope_beyond_mem0s(self):
        added = self.client.add("The canteen serves soup on Fridays", user_id=self.user, infer=False, scope="enterprise")
        self.assertEqual(self.client.get(added["results"][0]["id"])["scope"], "enterprise")

    def test_what_is_wrong_is_named(self):
        with self.refused(ValidationError, "no_such_option: unknown field `no_such_option`, expected one of `messages`, …", "no_such_option"):
            self.client.add("x", user_id=self.user, no_such_option=1)
        with self.refused(ValidationError, "expiration_date: not a date, expected YYYY-MM-DD", "expiration_date"):
            self.client.add("x", user_id=self.user, infer=False, expiration_date="tomorrow")
        with self.refused(MemoryNotFoundError, "scope not found"):
            self.client.add("x", user_id=self.user, infer=False, scope="team:org_00000000000000000000000000")


class Searching(Case):
    def setUp(self):
        super().setUp()
        self.remember("Marta drinks black coffee in the morning")
        self.remember("The server room key hangs behind the door")
        self.remember("Invoices are paid on the fifteenth of each month")

    def test_the_best_comes_first(self):
        found = self.client.search("what does Marta drink?", filters={"user_id": self.user})
        best = found["results"][0]
        self.assertEqual(best["memory"], "Marta drinks black coffee in the morning")
        self.assertGreater(best["score"], 0)
        self.assertEqual(best["user_id"], self.user)
        scores = [memory["score"] for memory in found["results"]]
        self.assertEqual(scores, sorted(scores, reverse=True))

    def test_top_k_and_threshold_and_rerank(self):
        everything = self.client.search("coffee", filters={"user_id": self.user}, top_k=3, threshold=0.0)
        self.assertEqual(len(everything["results"]), 3)
        one = self.client.search("coffee", filters={"user_id": self.user}, top_k=1, rerank=True)
        self.assertEqual(self.texts(one), ["Marta drinks black coffee in the morning"])
        none = self.client.search("Which shop in Lisbon roasts coffee?", filters={"user_id": self.user}, threshold=0.9)
        self.assertEqual(none["results"], [])

    def test_filters_of_every_kind(self):
        ours = {"user_id": self.user}
        labelled = self.remember("Marta's desk faces the park", user_id=self.user, agent_id="scout", run_id="r1")
        self.client.update(labelled, metadata={"floor": 3, "tags": ["quiet", "north"]})

        def found(*conditions):
            filters = {"AND": [ours, *conditions]}
            return self.texts(self.client.search("Marta", filters=filters, top_k=50, threshold=0.0))

        desk = ["Marta's desk faces the park"]
        self.assertEqual(found({"agent_id": "scout"}), desk)
        self.assertEqual(found({"agent_id": {"in": ["scout", "x"]}}), desk)
        self.assertEqual(found({"agent_id": "*"}), desk)
        self.assertEqual(len(found({"agent_id": {"ne": "scout"}})), 3)
        self.assertEqual(len(found({"NOT": [{"agent_id": "scout"}]})), 3)
        self.assertEqual(found({"OR": [{"run_id": "r1"}, {"run_id": "r2"}]}), desk)
        self.assertEqual(found({"metadata": {"floor": 3}}), desk)
        self.assertEqual(found({"metadata": {"tags": {"contains": "north"}}}), desk)
        self.assertEqual(found({"memory_ids": {"in": [labelled]}}), desk)
        self.assertEqual(len(found({"created_at": {"gte": "2020-01-01"}})), 4)
        self.assertEqual(found({"created_at": {"gt": "2099-01-01"}}), [])

    def test_typed_options_fields_and_latest_only(self):
        options = SearchMemoryOptions(
            filters={"user_id": self.user}, top_k=1, latest_only=True, show_expired=False, fields=["memory"]
        )
        (best,) = self.client.search("where is the key?", options)["results"]
        self.assertEqual(best["memory"], "The server room key hangs behind the door")
        self.assertNotIn("metadata", best)

    def test_unknown_filters_and_bad_values_are_refused(self):
        no_time = '"yesterday" is not a time, expected Unix seconds, YYYY-MM-DD or RFC 3339 as in 2026-11-22T09:30:00Z'
        for filters, field, message in [
            ({"no_such_field": "x"}, "no_such_field", "unknown key, expected AND, OR, NOT or one of …"),
            ({"user_id": {"like": "x"}}, "user_id", 'unknown operator "like", use …'),
            ({"created_at": {"gte": "yesterday"}}, "created_at.gte", no_time),
            ({"AND": "x"}, "AND", "expected a list of conditions, found a string"),
        ]:
            with self.refused(ValidationError, f"filters.{field}: {message}", f"filters.{field}"):
                self.client.search("coffee", filters=filters)
        with self.refused(ValidationError, "top_k: must be from 1 to 1000, found -1", "top_k"):
            self.client.search("coffee", filters={"user_id": self.user}, top_k=-1)

    def test_what_the_client_itself_refuses(self):
        with self.assertRaises(ValueError):
            self.client.search("coffee", user_id=self.user)
        with self.assertRaises(ValueError):
            self.client.search("   ", filters={"user_id": self.user})


class Listing(Case):
    def test_pages_count_and_come_newest_first(self):
        texts = ["The boiler was replaced", "Lena has a new bicycle", "The courtyard gate sticks"]
        for text in texts:
            self.remember(text)
        first = self.client.get_all(filters={"user_id": self.user}, page=1, page_size=2)
        self.assertEqual(first["count"], 3)
        self.assertEqual(self.texts(first), [texts[2], texts[1]])
        self.assertIsNotNone(first["next"])
        self.assertIsNone(first["previous"])
        second = self.client.get_all(GetAllMemoryOptions(filters={"user_id": self.user}, page=2, page_size=2))
        self.assertEqual(self.texts(second), [texts[0]])
        self.assertIsNone(second["next"])
        self.assertIsNotNone(second["previous"])

    def test_without_pages_and_by_dates(self):
        self.remember("The archive moved to the basement")
        self.assertEqual(self.texts(self.mine()), ["The archive moved to the basement"])
        before = GetAllMemoryOptions(filters={"user_id": self.user}, end_date="2020-01-01")
        self.assertEqual(self.client.get_all(before)["results"], [])
        since = GetAllMemoryOptions(filters={"user_id": self.user}, start_date="2020-01-01")
        self.assertEqual(len(self.client.get_all(since)["results"]), 1)

    def test_nothing_is_an_empty_page(self):
        nothing = self.mine()
        self.assertEqual((nothing["count"], nothing["results"], nothing["next"]), (0, [], None))

    def test_pages_that_cannot_be_are_refused(self):
        with self.refused(ValidationError, "page must be 1 or more, found 0", "page"):
            self.client.get_all(filters={"user_id": self.user}, page=0, page_size=10)
        with self.refused(ValidationError, "page_size must be from 1 to 1000, found 0", "page_size"):
            self.client.get_all(filters={"user_id": self.user}, page=1, page_size=0)


class Changing(Case):
    def test_update_and_history(self):
        memory = self.remember("The meeting is on Tuesday")
        changed = self.client.update(memory, text="The meeting is on Wednesday", metadata={"moved": True})
        self.assertEqual((changed["memory"], changed["metadata"]), ("The meeting is on Wednesday", {"moved": True}))
        self.assertEqual(self.client.get(memory)["memory"], "The meeting is on Wednesday")
        added, updated = sorted(self.client.history(memory), key=lambda entry: entry["event"])
        self.assertEqual((added["event"], added["new_memory"]), ("ADD", "The meeting is on Tuesday"))
        self.assertEqual((updated["event"], updated["old_memory"]), ("UPDATE", "The meeting is on Tuesday"))
        self.assertEqual(updated["new_memory"], "The meeting is on Wednesday")
        self.assertEqual({added["memory_id"], updated["memory_id"]}, {memory})

    def test_expiry_is_set_and_lifted(self):
        memory = self.remember("The discount code is valid")
        options = UpdateMemoryOptions(expiration_date="2099-01-31", timestamp="2026-01-05T10:00:00Z")
        self.assertEqual(self.client.update(memory, options)["expiration_date"], "2099-01-31")
        self.assertIsNone(self.client.update(memory, expiration_date=None)["expiration_date"])

    def test_batches_are_all_or_nothing(self):
        one, two = self.remember("The lamp flickers"), self.remember("The window rattles")
        answer = self.client.batch_update(
            [{"memory_id": one, "text": "The lamp was repaired"}, {"memory_id": two, "metadata": {"room": 4}}]
        )
        self.assertIn("2", answer["message"])
        self.assertEqual(self.client.get(one)["memory"], "The lamp was repaired")
        self.assertEqual(self.client.get(two)["metadata"], {"room": 4})
        unknown = f"mem_{'0' * 26}"
        with self.refused(MemoryNotFoundError, f"{unknown} not found"):
            self.client.batch_update([{"memory_id": one, "text": "lost"}, {"memory_id": unknown, "text": "lost"}])
        with self.refused(MemoryNotFoundError, f"{unknown} not found"):
            self.client.batch_delete([{"memory_id": one}, {"memory_id": unknown}])
        self.assertEqual(self.client.get(one)["memory"], "The lamp was repaired")
        self.client.batch_delete([{"memory_id": one}, {"memory_id": two}])
        self.assertEqual(self.mine()["results"], [])

    def test_feedback(self):
        memory = self.remember("The tram stops at the theatre")
        given = self.client.feedback(memory, feedback="POSITIVE", feedback_reason="it was right")
        self.assertEqual((given["feedback"], given["feedback_reason"]), ("POSITIVE", "it was right"))
        with self.assertRaises(ValueError):
            self.client.feedback(memory, feedback="SPLENDID")


class Forgetting(Case):
    def test_one(self):
        memory = self.remember("The old logo was green")
        self.assertEqual(self.client.delete(memory)["message"], "Memory deleted successfully!")
        with self.refused(MemoryNotFoundError, "memory not found"):
            self.client.get(memory)
        with self.refused(MemoryNotFoundError, "memory not found"):
            self.client.delete(memory)

    def test_an_id_that_cannot_be_one_names_nothing(self):
        expected = "there is nothing at this address: not a valid memory id, expected mem_ followed by 26 characters"
        with self.refused(MemoryNotFoundError, expected):
            self.client.get("abc")

    def test_one_with_what_it_superseded(self):
        memory = self.remember("The new logo is blue")
        self.assertEqual(self.client.delete(memory, delete_linked=True)["cascade_count"], 0)

    def test_all_of_an_entity(self):
        self.remember("The fern needs water")
        self.remember("The cactus does not")
        kept = self.remember("The ivy climbs", user_id=self.user, agent_id="gardener")
        self.assertIn("event_id", self.client.delete_all(user_id=self.user, agent_id="gardener"))
        self.assertEqual(len(self.mine()["results"]), 2)
        with self.refused(MemoryNotFoundError, "memory not found"):
            self.client.get(kept)
        self.client.delete_all(user_id=self.user)
        self.assertEqual(self.mine()["results"], [])

    def test_a_selection_that_cannot_be_read_deletes_nothing(self):
        self.remember("The safe is behind the painting")
        # The client sends Python's notation of the dictionary, which is no JSON.
        with self.refused(ValidationError, "filters: not a JSON object, nothing was deleted", "filters"):
            self.client.delete_all(DeleteAllMemoryOptions(filters={"user_id": self.user}))
        with self.refused(ValidationError, "usr_id: unknown field `usr_id`, expected one of …", "usr_id"):
            self.client.delete_all(usr_id=self.user)
        self.assertEqual(len(self.mine()["results"]), 1)

    def test_entities(self):
        agent = f"agent-{uuid.uuid4()}"
        self.remember("The lift has a mirror")
        self.remember("The stairs are shorter", agent_id=agent)
        entities = self.client.users()
        named = {(entity["type"], entity["name"]) for entity in entities["results"]}
        self.assertTrue({("user", self.user), ("agent", agent)} <= named)
        self.assertGreaterEqual(entities["total_agents"], 1)
        self.assertEqual(self.client.delete_users(agent_id=agent)["message"], "Entity deleted successfully.")
        self.client.delete_users(user_id=self.user)
        left = {(entity["type"], entity["name"]) for entity in self.client.users()["results"]}
        self.assertFalse({("user", self.user), ("agent", agent)} & left)
        self.assertEqual(self.mine()["results"], [])

    def test_names_that_need_quoting(self):
        # API Gateway decodes paths before it passes them on: a slash in a name is one of the path there.
        slash = "/" if "MEM0_TEST_BEHIND_GATEWAY" not in os.environ else "-"
        self.user = f"o'hara & söhne{slash}{uuid.uuid4()}"
        self.remember("The parcel is at the kiosk")
        self.assertEqual(len(self.mine()["results"]), 1)
        self.client.delete_users(user_id=self.user)
        self.assertEqual(self.mine()["results"], [])

    def test_reset(self):
        other = client(OTHER_KEY)
        mine = self.remember("This stays where it is")
        other.add("The first of two", user_id="a", infer=False)
        other.add("A second thing entirely", agent_id="b", infer=False)
        self.assertIn("reset successful", other.reset()["message"])
        self.assertEqual(other.get_all(filters={})["results"], [])
        self.assertEqual(self.client.get(mine)["memory"], "This stays where it is")
