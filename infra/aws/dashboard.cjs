'use strict';

// One page for whoever is on call: what is asked, what fails, how long it takes, what runs out.

const logicalId = require('./names.cjs');

module.exports = async ({ resolveConfigurationProperty, resolveVariable }) => {
  const names = Object.keys(await resolveConfigurationProperty(['functions']));
  const logical = (name) => `\${${logicalId(name)}LambdaFunction}`;
  const aurora = (await resolveVariable('param:database')) === 'database-aurora';
  const database = [aurora ? 'DBClusterIdentifier' : 'DBInstanceIdentifier', '${Database}'];
  const lambda = (metric, stat) => names.map((name) => ['AWS/Lambda', metric, 'FunctionName', logical(name), { stat, label: name }]);
  const rds = (metric, stat = 'Maximum') => [['AWS/RDS', metric, ...database, { stat }]];
  const api = (metric, stat) => ['AWS/ApiGateway', metric, 'ApiId', '${HttpApi}', { stat, label: `${metric} ${stat}` }];
  const pages = [
    ['Requests and refusals', [api('Count', 'Sum'), api('4xx', 'Sum'), api('5xx', 'Sum')]],
    ['Latency of the API (ms)', [api('Latency', 'p50'), api('Latency', 'p95'), api('Latency', 'p99')]],
    ['Calls', lambda('Invocations', 'Sum')],
    ['Duration, p95 (ms)', lambda('Duration', 'p95')],
    ['Errors', lambda('Errors', 'Sum')],
    ['Throttles', lambda('Throttles', 'Sum')],
    ['Running at once', lambda('ConcurrentExecutions', 'Maximum')],
    ['Connections to the database', rds('DatabaseConnections')],
    ['Processor of the database (%)', rds('CPUUtilization')],
    ['Free memory of the database (bytes)', rds('FreeableMemory', 'Minimum')],
    ...(aurora
      ? [['Units of Aurora in use', rds('ServerlessDatabaseCapacity')]]
      : [['Free storage of the database (bytes)', rds('FreeStorageSpace', 'Minimum')], ['Saved processor time of the database (credits)', rds('CPUCreditBalance', 'Minimum')]]),
  ];
  const widgets = pages.map(([title, metrics], index) => ({
    type: 'metric',
    x: (index % 3) * 8,
    y: Math.floor(index / 3) * 6,
    width: 8,
    height: 6,
    properties: { title, metrics, region: '${AWS::Region}', period: 300, view: 'timeSeries' },
  }));
  return {
    Resources: {
      Dashboard: { Type: 'AWS::CloudWatch::Dashboard', Properties: { DashboardBody: { 'Fn::Sub': JSON.stringify({ widgets }) } } },
    },
  };
};
