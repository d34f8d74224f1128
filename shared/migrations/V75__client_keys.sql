-- Applications that prove who they are by a signature (private_key_jwt, RFC 7523): their keys, and what they signed already.

-- auth_method may be private_key_jwt from here on. Such an application has a secret_hash that no secret has: earlier code,
-- which may still run beside, would take one without a secret for public.
ALTER TABLE oauth_clients
    -- Where its keys are, or none if it sent them with its registration.
    ADD COLUMN jwks_uri     text,
    -- The keys; none as long as nobody looked at that address.
    ADD COLUMN jwks         jsonb,
    -- When that was last tried.
    ADD COLUMN jwks_read_at timestamptz,
    -- The one algorithm that it signs with, if it said so.
    ADD COLUMN signing_alg  text;

-- Each assertion is good once. Outlives the application's row, which is forgotten and read again while assertions are good.
CREATE TABLE oauth_client_assertions (
    client_id       text NOT NULL,
    jti_hash        bytea NOT NULL,
    -- After this it would be refused anyway.
    expires_at      timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti_hash)
);
CREATE INDEX oauth_client_assertions_by_end ON oauth_client_assertions (expires_at);

ALTER TABLE oauth_client_assertions ENABLE ROW LEVEL SECURITY;
CREATE POLICY sign_in ON oauth_client_assertions TO mem0_identity USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON oauth_client_assertions TO mem0_identity;
