'use strict';

// What osls cannot say in YAML: every event of a function goes to its alias `live`, and an alias moves to new code only when
// the new `migrate` has succeeded. If it fails, CloudFormation takes everything back and no request has met the new code.
//
// For each function: MODULE.zip → Function → Version (osls) → Migration (once) → Alias → API, queue, schedules.

const ALIAS = 'live';
const MIGRATE = 'migrate';

class Live {
  constructor(serverless, options, { log }) {
    this.serverless = serverless;
    this.log = log;
    this.hooks = {
      'before:package:compileFunctions': () => this.target(),
      'after:package:compileFunctions': () => this.move(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.finish(),
    };
  }

  get provider() {
    return this.serverless.getProvider('aws');
  }

  get template() {
    return this.serverless.service.provider.compiledCloudFormationTemplate;
  }

  /** Functions that take traffic, by name. */
  get live() {
    const { service } = this.serverless;
    return service.getAllFunctions().filter((name) => name !== MIGRATE).map((name) => [name, service.getFunction(name)]);
  }

  /** Before events are compiled: osls then points them, and their permissions, to the alias. */
  target() {
    for (const [name, definition] of this.live) {
      definition.targetAlias = { name: ALIAS, logicalId: `${this.provider.naming.getNormalizedFunctionName(name)}Live` };
    }
  }

  move() {
    const { naming } = this.provider;
    const migrate = this.serverless.service.getFunction(MIGRATE);
    this.template.Resources.Migration = {
      Type: 'Custom::Migration',
      // The ways to the owner's password and back to CloudFormation; the database is implied by the function.
      DependsOn: ['SecretsEndpoint', 'S3Endpoint', 'PrivateRoutesOfA', 'PrivateRoutesOfB', 'MigratePolicy'],
      Properties: {
        ServiceToken: { 'Fn::GetAtt': [naming.getLambdaLogicalId(MIGRATE), 'Arn'] },
        ServiceTimeout: 900,
        // Changes with its code and configuration: what makes it run again.
        Version: { 'Fn::GetAtt': [migrate.versionLogicalId, 'Version'] },
      },
    };
    for (const [name, definition] of this.live) {
      this.template.Resources[definition.targetAlias.logicalId] = {
        Type: 'AWS::Lambda::Alias',
        DependsOn: ['Migration'],
        Properties: {
          FunctionName: { Ref: naming.getLambdaLogicalId(name) },
          FunctionVersion: { 'Fn::GetAtt': [definition.versionLogicalId, 'Version'] },
          Name: ALIAS,
        },
      };
    }
  }

  finish() {
    const { Resources } = this.template;
    for (const resource of Object.values(Resources)) {
      if (resource.Type === 'AWS::Logs::LogGroup') resource.Properties.KmsKeyId ??= { 'Fn::GetAtt': ['DataKey', 'Arn'] };
    }
    // A cluster is there before anybody in it answers.
    if (Resources.DatabaseWriter) Resources.Migration.DependsOn.push('DatabaseWriter');
    for (const name of this.serverless.service.getAllFunctions()) {
      const id = this.provider.naming.getNormalizedFunctionName(name);
      // Of each function its own (infra/aws/canary.cjs), because all aliases move at the same time.
      if (Resources[`${id}Canary`]) {
        const alias = Resources[`${id}Live`];
        alias.UpdatePolicy = {
          CodeDeployLambdaAliasUpdate: {
            ApplicationName: { Ref: 'CanaryDeployments' },
            DeploymentGroupName: { Ref: `${id}Canary` },
          },
        };
        // Of the new version, before it is asked anything.
        for (const [alarm, dimension] of [['Errors', 'ExecutedVersion'], ['Faults', 'version']]) {
          const watching = `${id}Canary${alarm}`;
          if (!Resources[watching]) continue;
          Resources[watching].Properties.Dimensions.push({ Name: dimension, Value: alias.Properties.FunctionVersion });
          alias.DependsOn.push(watching);
        }
      }
      // A function's policies are there before it runs.
      const definition = Resources[this.provider.naming.getLambdaLogicalId(name)];
      if (Resources[`${id}Policy`]) definition.DependsOn = [...(definition.DependsOn ?? []), `${id}Policy`];
    }
  }
}

module.exports = Live;
