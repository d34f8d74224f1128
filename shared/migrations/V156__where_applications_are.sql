-- A person tells several sign-ins of one tool apart by where each of them was sent.

-- Where the code was sent; null where there was none (devices, assertions), and for what was allowed earlier.
ALTER TABLE oauth_grants ADD COLUMN redirect_uri text;
