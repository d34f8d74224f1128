'use strict';

// A role for each function, which may do what that function does and nothing else. What all of them need (to write their
// own log, to be traced, to have an address in the network) is written here once.

const logicalId = require('./names.cjs');

const arn = (id) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const here = (rest) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:${rest}` });
const allow = (Sid, Action, Resource, more) => ({ Sid, Effect: 'Allow', Action, Resource, ...more });

/** What each function does besides running; `set` says how this stage is set up. */
const permissions = {
  mcp: (set) => [set.connect, ...set.embed],
  memories: (set) => [set.connect, ...set.embed],
  'ai-enhancement': (set) => [set.connect, ...set.embed],
  auth: (set) => [set.connect],
  admin: (set) => [set.connect],
  worker: (set) => [
    set.connect,
    ...set.embed,
    allow('TakeFromQueue', ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], arn('WorkQueue')),
    allow('GiveUpSchedules', 'sqs:SendMessage', arn('ScheduleDeadLetters')),
    allow('UseDataKey', ['kms:Decrypt', 'kms:GenerateDataKey'], arn('DataKey')),
    // To put there, never to read, replace or delete.
    allow('KeepAnchors', 's3:PutObject', { 'Fn::Sub': '${AnchorsBucket.Arn}/*' }),
    allow('SealAnchors', 'kms:GenerateDataKey', arn('AuditKey')),
  ],
  migrate: (set) => [
    allow('ReadOwnersPassword', 'secretsmanager:GetSecretValue', set.ownerSecret),
    allow('DecryptIt', 'kms:Decrypt', arn('DataKey'), {
      Condition: { StringEquals: { 'kms:ViaService': { 'Fn::Sub': 'secretsmanager.${AWS::Region}.amazonaws.com' } } },
    }),
  ],
};

function running(name) {
  return [
    allow('WriteOwnLog', ['logs:CreateLogStream', 'logs:PutLogEvents'], here(`logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${name}:*`)),
    // These know no narrower resource.
    allow('BeTraced', ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*'),
    allow('HaveAnAddress', ['ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets', 'ec2:DeleteNetworkInterface', 'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses'], '*'),
    // Lambda makes the addresses, before the function's code runs; the code itself shall not.
    {
      Sid: 'ButNotByItself',
      Effect: 'Deny',
      Action: 'ec2:*',
      Resource: '*',
      Condition: { ArnEquals: { 'lambda:SourceFunctionArn': here(`lambda:\${AWS::Region}:\${AWS::AccountId}:function:${name}`) } },
    },
  ];
}

function role(id, name, statements) {
  return {
    [`${id}Role`]: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        },
      },
    },
    // Apart from the role, because endpoints name roles and these policies name what is behind the endpoints.
    [`${id}Policy`]: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        PolicyName: name,
        Roles: [{ Ref: `${id}Role` }],
        PolicyDocument: { Version: '2012-10-17', Statement: statements },
      },
    },
  };
}

module.exports = async ({ resolveConfigurationProperty, resolveVariable }) => {
  const service = await resolveVariable('self:service');
  const stage = await resolveVariable('sls:stage');
  const set = {
    ownerSecret: await resolveVariable('param:ownerSecret'),
    connect: allow('ConnectToDatabase', 'rds-db:connect', await resolveVariable('file(infra/aws/database.cjs):connect')),
    embed: (await resolveVariable('param:embedder')) === 'bedrock'
      ? [allow('Embed', 'bedrock:InvokeModel', here('bedrock:${AWS::Region}::foundation-model/amazon.titan-embed-text-v2:0'))]
      : [],
  };
  const Resources = {};
  for (const name of Object.keys(await resolveConfigurationProperty(['functions']))) {
    const logical = logicalId(name);
    const full = `${service}-${stage}-${name}`;
    Object.assign(Resources, role(logical, full, [...running(full), ...permissions[name](set)]));
  }
  return { Resources };
};
