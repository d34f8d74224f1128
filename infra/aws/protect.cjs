'use strict';

// A database is protected from being deleted once it has served: a first deployment that fails has to be taken back whole, or its
// database stays outside of the stack under a name that the next attempt needs. And no empty one takes its place.

const sdk = require('./sdk.cjs');

const PARAMETER = 'DeletionProtection';
/** Longer than RDS takes to set it. */
const PATIENCE = 1800;

/** The snapshot that a database begins with, if any. */
const snapshotOf = (properties) => properties.DBSnapshotIdentifier ?? properties.SnapshotIdentifier;

class Protect {
  constructor(serverless, options, { log }) {
    this.serverless = serverless;
    this.log = log;
    this.hooks = { 'before:deploy:deploy': () => this.before(), 'after:deploy:deploy': () => this.after() };
  }

  get provider() {
    return this.serverless.getProvider('aws');
  }

  async before() {
    const { provider } = this.serverless.service;
    const { Parameters, Resources } = provider.compiledCloudFormationTemplate;
    const there = await this.database();
    if (there && there.ResourceType !== Resources.Database.Type) {
      throw new this.serverless.classes.Error(`database: this stage has a ${there.ResourceType}, and none of another kind takes its place: move the data to another stage`, 'DATABASE_KIND');
    }
    await this.replacing(there, Resources.Database.Properties);
    const wanted = Parameters[PARAMETER].Default;
    this.first = !there && wanted === 'true';
    provider.stackParameters = [{ ParameterKey: PARAMETER, ParameterValue: this.first ? 'false' : wanted }];
  }

  /** By another name the database is another one: only what another snapshot brings may take the place of what has served. */
  async replacing(there, properties) {
    const name = properties.DBInstanceIdentifier ?? properties.DBClusterIdentifier;
    if (!there || there.PhysicalResourceId === name) return;
    const snapshot = snapshotOf(properties);
    if (!snapshot) {
      throw new this.serverless.classes.Error(`databaseName: this stage's database is ${there.PhysicalResourceId}, and an empty ${name} would take its place: write databaseName (and restoreFrom, if it was restored) back into the stage's file`, 'DATABASE_NAME');
    }
    if (snapshot === snapshotOf(await this.deployed())) {
      throw new this.serverless.classes.Error(`restoreFrom: ${there.PhysicalResourceId} was restored from ${snapshot} already, and everything since then would be missing from ${name}: write the old databaseName back into the stage's file, or name a newer snapshot`, 'DATABASE_SNAPSHOT');
    }
    this.log.notice(`Restoring ${snapshot} as ${name}, in place of ${there.PhysicalResourceId}`);
  }

  async after() {
    if (!this.first) return;
    this.log.notice('Protecting the database');
    const { UpdateStackCommand, waitUntilStackUpdateComplete } = sdk('cloudformation');
    const StackName = this.provider.naming.getStackName();
    const client = await this.client();
    await client.send(new UpdateStackCommand({
      StackName,
      UsePreviousTemplate: true,
      Parameters: [{ ParameterKey: PARAMETER, ParameterValue: 'true' }],
      Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
    }));
    await waitUntilStackUpdateComplete({ client, maxWaitTime: PATIENCE, minDelay: 1, maxDelay: 15 }, { StackName });
  }

  /** The stage's database, unless no deployment has succeeded in making it: whatever else befell it, it has served. */
  async database() {
    const { DescribeStackResourceCommand } = sdk('cloudformation');
    const asked = { StackName: this.provider.naming.getStackName(), LogicalResourceId: 'Database' };
    try {
      const { StackResourceDetail: there } = await (await this.client()).send(new DescribeStackResourceCommand(asked));
      return /^(CREATE_(IN_PROGRESS|FAILED)|DELETE_|ROLLBACK_)/.test(there.ResourceStatus) ? null : there;
    } catch (error) {
      // Neither the stack nor the resource is there.
      if (error.name === 'ValidationError') return null;
      throw error;
    }
  }

  /** The properties of the stage's database in the template that was deployed last. */
  async deployed() {
    const { GetTemplateCommand } = sdk('cloudformation');
    const asked = { StackName: this.provider.naming.getStackName(), TemplateStage: 'Processed' };
    const { TemplateBody } = await (await this.client()).send(new GetTemplateCommand(asked));
    return JSON.parse(TemplateBody).Resources.Database.Properties;
  }

  async client() {
    const { CloudFormationClient } = sdk('cloudformation');
    return new CloudFormationClient(await this.provider.getAwsSdkV3Config());
  }
}

module.exports = Protect;
