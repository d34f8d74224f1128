'use strict';

// Before anything is packaged: whether somebody has decided who hears the alarms, and how long the anchors of the audit log are
// kept, and whether the secrets of two proxies exclude each other. No default fits the first two: alarms that nobody hears, and a
// bucket that nobody can remove, are both found out too late.

const MODES = ['GOVERNANCE', 'COMPLIANCE'];
/** The most that S3 takes: a hundred years. */
const MOST_DAYS = 36500;

class Decisions {
  constructor(serverless, options, { log }) {
    this.serverless = serverless;
    this.log = log;
    this.hooks = {
      'before:package:initialize': () => this.check(),
      'before:deploy:deploy': () => this.announce(),
    };
  }

  check() {
    const found = this.problem();
    if (found) throw new this.serverless.classes.Error(found, 'DECISIONS');
  }

  /** What is wrong, if anything. */
  problem() {
    const { custom, functions, provider } = this.serverless.service;
    const file = `infra/aws/stages/${provider.stage}.yml`;
    const { alarmEmail, anchors, web } = custom;
    // What CloudFront shows is a reference; a text is a proxy's of one's own.
    const secret = functions.mcp.environment.MEM0_EDGE_SECRET;
    if (web !== 'none' && secret && typeof secret === 'string') return 'edgeSecret: CloudFront (web: web) has a secret of its own, and every request would be refused';
    if (!alarmEmail) return `alarmEmail: nobody would hear the alarms of ${provider.stage}. Write an address into ${file}, or none`;
    if (alarmEmail !== 'none' && !/^[^@\s]+@[^@\s]+$/.test(alarmEmail)) return `alarmEmail: ${alarmEmail} is neither an e-mail address nor none`;
    if (!MODES.includes(anchors.mode)) return `anchorMode: ${anchors.mode} is neither ${MODES.join(' nor ')}`;
    const days = Number(anchors.days);
    if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS) return `anchorDays: ${anchors.days} is not between 1 and ${MOST_DAYS}`;
    return null;
  }

  announce() {
    const { alarmEmail, anchors } = this.serverless.service.custom;
    if (alarmEmail === 'none') this.log.warning('Nobody hears the alarms of this stage (alarmEmail: none)');
    else this.log.notice(`Alarms go to ${alarmEmail}, once the mail that AWS sends there is confirmed`);
    if (anchors.mode === 'COMPLIANCE') this.log.warning(`Nobody, AWS included, can delete anchors of the audit log for ${anchors.days} days (anchorMode: COMPLIANCE)`);
  }
}

module.exports = Decisions;
