'use strict';

// A tenth of the traffic meets new code for five minutes; an alarm meanwhile takes it back. With the migration done before,
// old and new code run on one schema, which every migration has to allow.
//
// Each function has a deployment group of its own: CloudFormation moves all aliases at the same time, and CodeDeploy runs
// one deployment of a group at a time and refuses the others.

const logicalId = require('./names.cjs');

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
    DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
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
    // The worker answers nobody, and `migrate` takes no traffic.
    const alarms = name === 'worker' ? ['Errors'] : ['Errors', 'Faults'];
    if (name !== 'migrate') Resources[`${logical}Canary`] = group(alarms.map((alarm) => `${logical}${alarm}`));
  }
  return { Resources };
};
