'use strict';

// A tenth of the traffic meets new code for half an hour; its first failure takes it back. With the migration done before,
// old and new code run on one schema, which every migration has to allow.
//
// It has alarms of its own: they count the new version alone (infra/aws/live.cjs says which that is), and one failure is enough,
// because at half a million calls a month a tenth of half an hour are 35 calls.
//
// Each function has a deployment group of its own: CloudFormation moves all aliases at the same time, and CodeDeploy runs
// one deployment of a group at a time and refuses the others.

const { alarm, NAMESPACE } = require('./alarm.cjs');
const logicalId = require('./names.cjs');

/** Of a canary's half an hour each minute counts; what it says is said by the alarms that stay, too. */
const SHORT = { Period: 60, AlarmActions: undefined, OKActions: undefined };

const role = {
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'codedeploy.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    ManagedPolicyArns: [{ 'Fn::Sub': 'arn:${AWS::Partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited' }],
  },
};

const group = (alarms) => ({
  Type: 'AWS::CodeDeploy::DeploymentGroup',
  Properties: {
    ApplicationName: { Ref: 'CanaryDeployments' },
    ServiceRoleArn: { 'Fn::GetAtt': ['CanaryRole', 'Arn'] },
    DeploymentStyle: { DeploymentType: 'BLUE_GREEN', DeploymentOption: 'WITH_TRAFFIC_CONTROL' },
    DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent30Minutes',
    AutoRollbackConfiguration: { Enabled: true, Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM', 'DEPLOYMENT_STOP_ON_REQUEST'] },
    AlarmConfiguration: { Enabled: true, Alarms: alarms.map((alarm) => ({ Name: { Ref: alarm } })) },
  },
});

module.exports = async ({ resolveConfigurationProperty, resolveVariable }) => {
  const shift = await resolveVariable('param:shift');
  if (shift === 'none') return { Resources: {} };
  if (shift !== 'canary') throw new Error(`shift: ${shift} is neither canary nor none`);
  const Resources = { CanaryRole: role, CanaryDeployments: { Type: 'AWS::CodeDeploy::Application', Properties: { ComputePlatform: 'Lambda' } } };
  for (const name of Object.keys(await resolveConfigurationProperty(['functions']))) {
    const logical = logicalId(name);
    // It takes no traffic.
    if (name === 'migrate') continue;
    const of = { Ref: `${logical}LambdaFunction` };
    const alarms = {
      [`${logical}CanaryErrors`]: alarm(`new code of ${name} fails or crashes`, 'AWS/Lambda', 'Errors', { FunctionName: of, Resource: { 'Fn::Sub': `\${${logical}LambdaFunction}:live` } }, 1, SHORT),
      // The worker answers nobody.
      ...(name !== 'worker' && { [`${logical}CanaryFaults`]: alarm(`new code of ${name} answers 5xx`, NAMESPACE, 'Faults', { function: of }, 1, SHORT) }),
    };
    Object.assign(Resources, alarms, { [`${logical}Canary`]: group(Object.keys(alarms)) });
  }
  // JSON knows no undefined, and CloudFormation no null.
  return JSON.parse(JSON.stringify({ Resources }));
};
