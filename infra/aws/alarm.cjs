'use strict';

// One alarm, of five minutes unless it says otherwise.

const MINUTE = 60;
/** Of what the functions say of themselves: shared/src/metrics.rs. */
const NAMESPACE = 'mem0-enterprise';

function alarm(AlarmDescription, namespace, metric, dimensions, threshold, more = {}) {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmDescription,
      Namespace: namespace,
      MetricName: metric,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      Statistic: 'Sum',
      Period: 5 * MINUTE,
      EvaluationPeriods: 1,
      Threshold: threshold,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: [{ Ref: 'AlarmTopic' }],
      OKActions: [{ Ref: 'AlarmTopic' }],
      ...more,
    },
  };
}

module.exports = { alarm, MINUTE, NAMESPACE };
