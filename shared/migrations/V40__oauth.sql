-- The authorization server: applications, what people let them do, and what is handed out on the way (docs/adr/0014).

-- Applications. They belong to no tenant: they introduce themselves before anybody has signed in.
CREATE TABLE oauth_clients (
    -- Made here when it registers (RFC 7591), or the address of the document that it describes itself in.
    id              text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 2048),
    source          text NOT NULL CHECK (source IN ('registration', 'document')),
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- Its home page, as it says itself.
    uri             text,
    redirect_uris   text[] NOT NULL,
    grant_types     text[] NOT NULL,
    -- How it proves who it is: none, client_secret_basic or client_secret_post.
    auth_method     text NOT NULL,
    secret_hash     bytea,
    created_at      timestamptz NOT NULL,
    -- A registration is forgotten then unless it is used; a document is read again.
    expires_at      timestamptz NOT NULL
);
CREATE INDEX oauth_clients_by_end ON oauth_clients (expires_at);

-- What somebody let an application do. Its id is that of a session: by it the grant ends, and its refresh tokens are those
-- of that session.
CREATE TABLE oauth_grants (
    enterprise_id   uuid NOT NULL,
    id              uuid NOT NULL UNIQUE,
    user_id         uuid NOT NULL,
    client_id       text NOT NULL,
    client_name     text NOT NULL,
    -- How it came about: authorization_code, device_code, client_credentials or jwt_bearer.
    kind            text NOT NULL,
    scopes          text[] NOT NULL,
    -- The resource that its tokens are for (RFC 8707).
    resource        text NOT NULL,
    created_at      timestamptz NOT NULL,
    last_used_at    timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, id) REFERENCES sessions (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX oauth_grants_of_user ON oauth_grants (enterprise_id, user_id, created_at, id);

-- Authorization codes: good for a minute, once. Kept a day, so that one that comes back is recognized.
CREATE TABLE oauth_codes (
    enterprise_id   uuid NOT NULL,
    code_hash       bytea NOT NULL UNIQUE,
    user_id         uuid NOT NULL,
    client_id       text NOT NULL,
    redirect_uri    text NOT NULL,
    -- PKCE, S256: the hash of the verifier, base64url.
    challenge       text NOT NULL,
    scopes          text[] NOT NULL,
    resource        text NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    redeemed_at     timestamptz,
    -- What it was exchanged for, to be ended when the code comes back.
    grant_id        uuid,
    PRIMARY KEY (enterprise_id, code_hash),
    FOREIGN KEY (enterprise_id, user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX oauth_codes_of_user ON oauth_codes (enterprise_id, user_id, created_at);

-- Devices that wait for their person to agree elsewhere (RFC 8628). Of nobody until somebody decides.
CREATE TABLE oauth_device_codes (
    device_code_hash bytea PRIMARY KEY,
    -- What the person types, without its dash.
    user_code       text NOT NULL UNIQUE,
    client_id       text NOT NULL,
    scopes          text[] NOT NULL,
    resource        text NOT NULL,
    -- Where the device is, to be shown to whoever is asked.
    ip              text,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    polled_at       timestamptz,
    interval_s      integer NOT NULL,
    enterprise_id   uuid,
    user_id         uuid,
    decision        text CHECK (decision IN ('approved', 'denied')),
    redeemed_at     timestamptz,
    CHECK ((decision IS NULL) = (user_id IS NULL) AND (user_id IS NULL) = (enterprise_id IS NULL)),
    FOREIGN KEY (enterprise_id, user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX oauth_device_codes_by_end ON oauth_device_codes (expires_at);

-- What is good for one use and carried by clients in the meantime: agreements to delete, assertions, consents.
CREATE TABLE spent_tickets (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    purpose         text NOT NULL,
    ticket_hash     bytea NOT NULL,
    -- After this it would be refused anyway.
    expires_at      timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, purpose, ticket_hash)
);
CREATE INDEX spent_tickets_by_end ON spent_tickets (enterprise_id, expires_at);

-- Who may vouch for the people of an enterprise (identity assertions, ID-JAG).
CREATE TABLE identity_providers (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    id              uuid NOT NULL UNIQUE,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    issuer          text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 2048),
    -- Where its keys are, and what was there; without an address the keys were given with the configuration.
    jwks_uri        text,
    jwks            jsonb NOT NULL,
    jwks_read_at    timestamptz NOT NULL,
    -- It vouches for addresses in these domains only.
    domains         text[] NOT NULL,
    created_at      timestamptz NOT NULL,
    created_by      uuid NOT NULL,
    PRIMARY KEY (enterprise_id, id),
    UNIQUE (enterprise_id, issuer)
);
CREATE INDEX identity_providers_of_issuer ON identity_providers (issuer);

-- Whom a provider means by its name for them: recognized by that ever after, whatever their address becomes.
CREATE TABLE identity_links (
    enterprise_id   uuid NOT NULL,
    provider_id     uuid NOT NULL,
    subject         text NOT NULL CHECK (length(subject) BETWEEN 1 AND 512),
    user_id         uuid NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, provider_id, subject),
    FOREIGN KEY (enterprise_id, provider_id) REFERENCES identity_providers (enterprise_id, id) ON DELETE CASCADE,
    FOREIGN KEY (enterprise_id, user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE
);

ALTER TABLE oauth_clients ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_grants ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_device_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE spent_tickets ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity_providers ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity_links ENABLE ROW LEVEL SECURITY;
CREATE POLICY sign_in ON oauth_clients TO mem0_identity USING (true);
CREATE POLICY sign_in ON oauth_grants TO mem0_identity USING (true);
CREATE POLICY sign_in ON oauth_codes TO mem0_identity USING (true);
CREATE POLICY sign_in ON oauth_device_codes TO mem0_identity USING (true);
CREATE POLICY sign_in ON spent_tickets TO mem0_identity USING (true);
CREATE POLICY sign_in ON identity_providers TO mem0_identity USING (true);
CREATE POLICY sign_in ON identity_links TO mem0_identity USING (true);
CREATE POLICY tenant ON spent_tickets TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));

GRANT SELECT, INSERT, UPDATE, DELETE ON oauth_clients, oauth_grants, oauth_codes, oauth_device_codes, identity_providers,
    identity_links TO mem0_identity;
GRANT SELECT, INSERT, DELETE ON spent_tickets TO mem0_app, mem0_identity;
