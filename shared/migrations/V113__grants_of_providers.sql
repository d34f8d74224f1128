-- The identity provider whose assertion an application exchanged for a grant: the grant ends with the provider.
-- Null of those from before: their tokens last for 15 minutes, and are not exchanged again.
ALTER TABLE oauth_grants ADD COLUMN provider_id uuid;
CREATE INDEX oauth_grants_of_provider ON oauth_grants (enterprise_id, provider_id) WHERE provider_id IS NOT NULL;
