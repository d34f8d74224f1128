-- A request ends with the share that it asks for: there is nothing left to decide then. Before, it stayed pending and kept the
-- requester from asking again.
UPDATE approvals SET expires_at = share_expires_at
 WHERE status = 'pending' AND share_expires_at < expires_at AND share_expires_at > requested_at;
