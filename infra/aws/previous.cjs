'use strict';

// Going back: the alias `live` of every function returns to the version that it had before the last deployment that succeeded,
// at once, without CloudFormation and CodeDeploy, and so also while an alarm rings. The database and everything else stay as they are.
//
// Each deployment that succeeds leaves these versions at an alias `previous` of each function, with the version that came after
// as its description. While a deployment is under way, `previous` is one step too far back, and CodeDeploy moves `live` itself.

const sdk = require('./sdk.cjs');

const LIVE = 'live';
const PREVIOUS = 'previous';
/** With the number of the version that came after it: the description of `previous`. */
const BEFORE = 'before version ';

/** Why no alias may be moved while the stack is in this state, and what to do instead; null if it may. */
function refusal(status, stage, stack, region) {
  const aws = (command) => `aws cloudformation ${command} --stack-name ${stack} --region ${region}`;
  switch (status) {
    case 'CREATE_COMPLETE':
    case 'UPDATE_COMPLETE':
    case 'UPDATE_ROLLBACK_COMPLETE':
      return null;
    case 'UPDATE_IN_PROGRESS':
      return `${stage} is being deployed, and would get the new code whatever else happens. Stop the deployment, which goes back to the code from before it:\n  ${aws('cancel-update-stack')}`;
    case 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS':
      return `the deployment of ${stage} is about to end. Wait for it and try again:\n  ${aws('wait stack-update-complete')}`;
    case 'UPDATE_ROLLBACK_IN_PROGRESS':
    case 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS':
      return `${stage} is going back to the code from before the deployment that failed. Wait for it:\n  ${aws('wait stack-rollback-complete')}`;
    case 'UPDATE_ROLLBACK_FAILED':
      return `${stage} was going back to the code from before a deployment, and got stuck. Look at the stack's events for the reason, and continue:\n  ${aws('continue-update-rollback')}`;
    default:
      return `the stack ${stack} is in state ${status}: there is no earlier code to go back to`;
  }
}

class Previous {
  constructor(serverless, options, { log }) {
    this.serverless = serverless;
    this.log = log;
    /** The version that came after `previous`, of each function whose alias says so. */
    this.after = {};
    this.commands = {
      back: { usage: 'Return to the code of before the last deployment', lifecycleEvents: ['back'] },
    };
    this.hooks = {
      'before:deploy:deploy': () => this.remember(),
      'after:deploy:deploy': () => this.leave(),
      'back:back': () => this.back(),
    };
  }

  get provider() {
    return this.serverless.getProvider('aws');
  }

  /** The names of the functions that take traffic. */
  get names() {
    const { service } = this.serverless;
    return service.getAllFunctions().filter((name) => name !== 'migrate').map((name) => service.getFunction(name).name);
  }

  async remember() {
    this.before = await this.versions(LIVE);
  }

  /** Only if any code is new: what is deployed twice has the same code before it. */
  async leave() {
    const after = await this.versions(LIVE);
    if (Object.entries(this.before).every(([name, version]) => after[name] === version)) return;
    for (const [name, version] of Object.entries(this.before)) await this.point(name, PREVIOUS, version, `${BEFORE}${after[name]}`);
  }

  async back() {
    const { stage } = this.serverless.service.provider;
    const refuse = (why, code) => {
      throw new this.serverless.classes.Error(why, code);
    };
    const { naming } = this.provider;
    const found = refusal(await this.status(), stage, naming.getStackName(), this.provider.getRegion());
    if (found) refuse(found, 'NOT_NOW');
    const [live, previous] = [await this.versions(LIVE), await this.versions(PREVIOUS)];
    const names = this.names.filter((name) => previous[name]);
    if (names.length === 0) refuse(`${stage} has been deployed only once: there is nothing to go back to`, 'NO_PREVIOUS');
    for (const name of names) {
      const after = this.after[name];
      if (after && live[name] !== after && live[name] !== previous[name]) {
        refuse(`the last deployment of ${stage} did not note what was there before it, because \`make deploy\` was interrupted. Deploy an earlier commit instead, with PARAMS=shift=none`, 'NOT_NOTED');
      }
    }
    for (const name of this.names.filter((name) => !previous[name])) this.log.notice(`${name}: stays, the last deployment added it`);
    for (const name of names) {
      await this.point(name, LIVE, previous[name]);
      this.log.notice(`${name}: version ${live[name]} → ${previous[name]}`);
    }
  }

  /** What an alias stands for, of each function that has it. */
  async versions(alias) {
    const { GetAliasCommand } = sdk('lambda');
    const versions = {};
    for (const name of this.names) {
      const found = await this.ask(new GetAliasCommand({ FunctionName: name, Name: alias }));
      if (found) versions[name] = found.FunctionVersion;
      if (found?.Description?.startsWith(BEFORE)) this.after[name] = found.Description.slice(BEFORE.length);
    }
    return versions;
  }

  async point(name, alias, version, Description) {
    const { CreateAliasCommand, UpdateAliasCommand } = sdk('lambda');
    const wanted = { FunctionName: name, Name: alias, FunctionVersion: version, Description };
    // With all of the traffic: a canary may have been under way.
    const there = await this.ask(new UpdateAliasCommand({ ...wanted, RoutingConfig: { AdditionalVersionWeights: {} } }));
    if (!there) await this.ask(new CreateAliasCommand(wanted));
  }

  /** The state of the stack. */
  async status() {
    const { CloudFormationClient, DescribeStacksCommand } = sdk('cloudformation');
    const client = new CloudFormationClient(await this.provider.getAwsSdkV3Config());
    try {
      const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: this.provider.naming.getStackName() }));
      return Stacks[0].StackStatus;
    } catch (error) {
      if (error.name !== 'ValidationError') throw error;
      throw new this.serverless.classes.Error(`${this.serverless.service.provider.stage} has not been deployed: there is nothing to go back to`, 'NO_PREVIOUS');
    }
  }

  /** Nothing when there is no such function or alias. */
  async ask(command) {
    const { LambdaClient } = sdk('lambda');
    this.client ??= new LambdaClient(await this.provider.getAwsSdkV3Config());
    try {
      return await this.client.send(command);
    } catch (error) {
      if (error.name === 'ResourceNotFoundException') return null;
      throw error;
    }
  }
}

module.exports = Previous;
