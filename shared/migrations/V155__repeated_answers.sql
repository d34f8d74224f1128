-- Somebody who clicks twice sees the response to the second click only, so it must have a code too.

-- What was answered to which question, by whom: for a moment, the same answer replaces the code that was given for it.
ALTER TABLE oauth_codes ADD COLUMN answer_hash bytea;
