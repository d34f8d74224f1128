'use strict';

// What somebody should hear of. Each alarm says what it means; what to do is in docs/guides/deploy.md.

const { alarm, MINUTE, NAMESPACE } = require('./alarm.cjs');
const ofDatabase = require('./database-alarms.cjs');
const logicalId = require('./names.cjs');

const percentile = (ExtendedStatistic) => ({ Statistic: undefined, ExtendedStatistic, EvaluationPeriods: 3 });

function ofFunction(name, logical) {
  const of = { FunctionName: { Ref: `${logical}LambdaFunction` } };
  const alarms = {
    [`${logical}Errors`]: alarm(`${name} fails or crashes`, 'AWS/Lambda', 'Errors', of, name === 'migrate' ? 1 : 5),
    [`${logical}Throttles`]: alarm(`${name} is refused more than its reserved concurrency`, 'AWS/Lambda', 'Throttles', of, 10),
  };
  // The others run for as long as there is work.
  if (name !== 'worker' && name !== 'migrate') {
    // What it answers itself is no error to Lambda.
    alarms[`${logical}Faults`] = alarm(`${name} answers 5xx`, NAMESPACE, 'Faults', { function: { Ref: `${logical}LambdaFunction` } }, 5);
    alarms[`${logical}Slow`] = alarm(`one in a hundred calls of ${name} takes 3 s or more`, 'AWS/Lambda', 'Duration', of, 3000, percentile('p99'));
  }
  return alarms;
}

/** Of the worker, whom nobody waits for and misses. */
function ofWork() {
  const logical = { FunctionName: { Ref: 'WorkerLambdaFunction' } };
  // What it says of itself.
  const own = (description, metric, threshold, more) =>
    alarm(description, NAMESPACE, metric, { function: { Ref: 'WorkerLambdaFunction' } }, threshold, { Statistic: 'Maximum', ...more });
  const waiting = (description, queue) =>
    alarm(description, 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: { 'Fn::GetAtt': [queue, 'QueueName'] } }, 1, { Statistic: 'Maximum' });
  return {
    OutboxDead: own('promised work failed for good', 'OutboxDead', 1),
    OutboxOld: own('promised work waits for a quarter of an hour', 'OutboxOldest', 900),
    // Until every chain has been followed again: a day later, at the hour that comes then.
    AuditBroken: own('the audit log was tampered with', 'AuditBroken', 1, { Period: 60 * MINUTE, EvaluationPeriods: 26, DatapointsToAlarm: 1 }),
    // An event that failed is tried again, so that two are not one.
    JobsFail: own('jobs fail', 'JobFailures', 2, { Statistic: 'Sum', Period: 15 * MINUTE }),
    // Without schedules nothing fails and nothing is old: nobody says anything any more.
    WorkerSleeps: alarm('nothing has woken the worker for a quarter of an hour', 'AWS/Lambda', 'Invocations', logical, 1, {
      EvaluationPeriods: 3,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    }),
    DeadLetters: waiting('messages were given up and wait for somebody to look', 'WorkDeadLetters'),
    SchedulesGivenUp: waiting('schedules were given up', 'ScheduleDeadLetters'),
  };
}

module.exports = async ({ resolveConfigurationProperty, resolveVariable }) => {
  const email = await resolveVariable('param:alarmEmail');
  const api = { ApiId: { Ref: 'HttpApi' } };
  const Resources = {
    AlarmTopic: {
      Type: 'AWS::SNS::Topic',
      Properties: {
        KmsMasterKeyId: { Ref: 'DataKey' },
        Subscription: email !== 'none' ? [{ Protocol: 'email', Endpoint: email }] : [],
      },
    },
    ApiFails: alarm('requests are answered with 5xx', 'AWS/ApiGateway', '5xx', api, 10),
  };
  const aurora = (await resolveVariable('param:database')) === 'database-aurora';
  Object.assign(Resources, ofDatabase(aurora, await resolveConfigurationProperty(['custom', 'size'])));
  for (const name of Object.keys(await resolveConfigurationProperty(['functions']))) {
    Object.assign(Resources, ofFunction(name, logicalId(name)));
  }
  Object.assign(Resources, ofWork());
  // JSON knows no undefined, and CloudFormation no null.
  return JSON.parse(JSON.stringify({ Resources }));
};
