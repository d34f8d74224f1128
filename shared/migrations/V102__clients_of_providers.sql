-- Applications that an enterprise registers to exchange its identity provider's assertions. Their registration does not
-- expire (expires_at is infinity) and ends with the provider. Other applications still belong to no tenant.
ALTER TABLE oauth_clients
    ADD COLUMN enterprise_id uuid,
    ADD COLUMN provider_id   uuid,
    ADD CONSTRAINT oauth_clients_of_whole_provider CHECK ((enterprise_id IS NULL) = (provider_id IS NULL)),
    ADD CONSTRAINT oauth_clients_of_provider FOREIGN KEY (enterprise_id, provider_id)
        REFERENCES identity_providers (enterprise_id, id) ON DELETE CASCADE;
CREATE INDEX oauth_clients_by_provider ON oauth_clients (enterprise_id, provider_id, created_at, id)
    WHERE provider_id IS NOT NULL;
