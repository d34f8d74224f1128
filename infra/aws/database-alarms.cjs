'use strict';

// What runs out in the database.

const { alarm } = require('./alarm.cjs');

const MB = 2 ** 20;
const GB = 2 ** 30;
/** What a unit of Aurora Serverless stands for. */
const UNIT = 2 * GB;

const below = (Statistic, more) => ({ Statistic, ComparisonOperator: 'LessThanThreshold', ...more });

/** `size` is one of infra/aws/sizes. */
module.exports = (aurora, size) => {
  const of = { [aurora ? 'DBClusterIdentifier' : 'DBInstanceIdentifier']: { Ref: 'Database' } };
  const own = (description, metric, threshold, more) => alarm(description, 'AWS/RDS', metric, of, threshold, more);
  // Aurora counts what it may still grow by as free.
  const memory = aurora ? size.units.max * UNIT : size.memoryGb * GB;
  const alarms = {
    DatabaseBusy: own('the database uses four fifths of its processors', 'CPUUtilization', 80, { Statistic: 'Average', EvaluationPeriods: 3 }),
    DatabaseFull: own('nine tenths of the connections are taken', 'DatabaseConnections', Math.floor(size.connections * 0.9), { Statistic: 'Maximum' }),
    DatabaseMemory: own('less than a twentieth of the memory is free', 'FreeableMemory', Math.floor(memory / 20), below('Minimum', { EvaluationPeriods: 3 })),
  };
  if (aurora) return alarms;
  const tenth = Math.floor((size.storageGb * GB) / 10);
  Object.assign(alarms, {
    DatabaseSpace: own('less than a tenth of the first storage is free', 'FreeStorageSpace', tenth, below('Minimum')),
    // A little is always there.
    DatabaseSwap: own('the database moves memory to its disk', 'SwapUsage', 256 * MB, { Statistic: 'Average', EvaluationPeriods: 3 }),
  });
  if (size.class.startsWith('db.t')) {
    // A new instance has none and earns these in its first hour.
    alarms.DatabaseCredits = own('the database has used up what its class saves for busy times', 'CPUCreditBalance', 10, below('Maximum', { EvaluationPeriods: 24 }));
  }
  return alarms;
};
