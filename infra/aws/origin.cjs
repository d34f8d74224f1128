'use strict';

// What the database begins with: nothing, or a snapshot (docs/guides/backups.md says how to restore one). A restored database has
// the name, owner, size and encryption of its snapshot, and RDS refuses to be told them.

module.exports = async ({ resolveConfigurationProperty, resolveVariable }) => {
  const snapshot = await resolveVariable('param:restoreFrom');
  const name = await resolveVariable('param:databaseName');
  const stack = `${await resolveVariable('self:service')}-${await resolveVariable('sls:stage')}`;
  // Key, roles and the deployer's permissions are for names that begin like this.
  const own = name === stack || name.startsWith(`${stack}-`);
  if (!own || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || name.length > 63) {
    throw new Error(`databaseName: ${name} is neither ${stack} nor ${stack}- with lower-case letters, digits and hyphens after it`);
  }
  const aurora = (await resolveVariable('param:database')) === 'database-aurora';
  const { storageGb } = await resolveConfigurationProperty(['custom', 'size']);
  const encrypted = { StorageEncrypted: true, KmsKeyId: { 'Fn::GetAtt': ['DataKey', 'Arn'] } };
  // The owner, used by `migrate`.
  const owned = { MasterUsername: 'mem0_owner' };
  const empty = aurora
    ? { ...encrypted, ...owned, DatabaseName: 'mem0' }
    : { ...encrypted, ...owned, DBName: 'mem0', AllocatedStorage: storageGb };
  if (!snapshot) return { Resources: { Database: { Properties: empty } } };
  const restored = { [aurora ? 'SnapshotIdentifier' : 'DBSnapshotIdentifier']: snapshot };
  const comment = 'it is encrypted as its snapshot is';
  const Metadata = { checkov: { skip: [{ id: 'CKV_AWS_16', comment }, { id: 'CKV_AWS_96', comment }] } };
  return { Resources: { Database: { Metadata, Properties: restored } } };
};
