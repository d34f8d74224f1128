"""Too much, through mem0's official Python client: MEM0_TEST_FULL_KEY is of an enterprise that has the 60 memories which its
plan allows, each of 120 kB, and may ask 40 times a minute with one key."""

import os

from case import Case, client

from mem0.exceptions import MemoryQuotaExceededError, RateLimitError, ValidationError


class TooMuch(Case):
    def test_answers_memories_and_requests(self):
        full = client(os.environ["MEM0_TEST_FULL_KEY"])
        message = (
            "page_size: 41 of these 60 memories fill an answer, which has at most 5 MB: ask for a page_size of 41 or less, or go on by "
            "`cursor`, whose parts end early"
        )
        with self.refused(ValidationError, message, "page_size"):
            full.get_all(filters={}, page=1, page_size=60)
        message = "the plan allows 60 memories, 60 are stored: forget some, or ask for a larger plan"
        with self.refused(MemoryQuotaExceededError, message):
            full.add("The lamp is broken", user_id=self.user, infer=False)
        with self.refused(RateLimitError, "too many requests with this API key, try again in 2 s") as refusal:
            for _ in range(40):
                full.users()
        told = refusal.exception.debug_info
        self.assertEqual((told["retry_after"], told["x_ratelimit_limit"], told["x_ratelimit_remaining"]), (2, "40", "0"))
