'use strict';

// Who answers at the database's address: the database itself, or RDS Proxy before it. An address and the id that
// `rds-db:connect` names must belong to the same one, so both are said here, and nowhere else.

const get = (id, attribute) => ({ 'Fn::GetAtt': [id, attribute] });

/** For each value of `database`: the attribute that policies name it by, how a proxy finds it, and what must be there before it answers. */
const KINDS = {
  'database-instance': { id: 'DbiResourceId', targets: 'DBInstanceIdentifiers', answers: 'Database' },
  'database-aurora': { id: 'DBClusterResourceId', targets: 'DBClusterIdentifiers', answers: 'DatabaseWriter' },
};

const url = (user, host) => ({ 'Fn::Sub': [`postgres://${user}@\${Host}:5432/mem0?sslmode=require`, { Host: host }] });

const connect = (id) => ({
  'Fn::Sub': ['arn:${AWS::Partition}:rds-db:${AWS::Region}:${AWS::AccountId}:dbuser:${Id}/mem0_login', { Id: id }],
});

module.exports = async ({ resolveVariable }) => {
  const kind = KINDS[await resolveVariable('param:database')];
  const proxied = (await resolveVariable('param:proxy')) !== 'none';
  const itself = { host: get('Database', 'Endpoint.Address'), id: get('Database', kind.id) };
  const door = proxied
    // The id is the last part of the proxy's ARN.
    ? { host: get('DatabaseProxy', 'Endpoint'), id: { 'Fn::Select': [6, { 'Fn::Split': [':', get('DatabaseProxy', 'DBProxyArn')] }] } }
    : itself;
  return {
    // Of functions.
    url: url('mem0_login', door.host),
    // With a proxy also at the database itself: the code of before the proxy, which goes there, has the same role until traffic has moved.
    connect: proxied ? [connect(door.id), connect(itself.id)] : connect(itself.id),
    // Of `migrate`, whose session sets what a proxy would pin it for.
    ownerUrl: url('mem0_owner', itself.host),
    // Of the proxy.
    connectBehindProxy: connect(itself.id),
    answers: kind.answers,
    target: {
      DBProxyName: { Ref: 'DatabaseProxy' },
      TargetGroupName: 'default',
      [kind.targets]: [{ Ref: 'Database' }],
      ConnectionPoolConfigurationInfo: { MaxConnectionsPercent: 90, MaxIdleConnectionsPercent: 20, ConnectionBorrowTimeout: 5 },
    },
  };
};
