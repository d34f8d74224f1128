'use strict';

// Where clients come in: at CloudFront, where there is one, or at the API. CloudFront shows the functions a secret, with which
// they believe what it says of the caller's address, and without which they answer nobody (shared/src/lambda/edge.rs).

module.exports = async ({ resolveVariable }) => {
  const edge = (await resolveVariable('param:web')) !== 'none';
  const domain = await resolveVariable('param:domain');
  const certificate = await resolveVariable('param:certificate');
  if (Boolean(domain) !== Boolean(certificate)) throw new Error('domain and certificate: one without the other');
  if (domain && !edge) throw new Error('domain: only CloudFront answers at a domain of your own, set web to web');
  const own = edge ? 'https://${Web.DomainName}' : 'https://${HttpApi}.execute-api.${AWS::Region}.amazonaws.com';
  return {
    secret: edge ? { 'Fn::Sub': '{{resolve:secretsmanager:${EdgeSecret}}}' } : '',
    url: domain ? `https://${domain}` : { 'Fn::Sub': own },
    aliases: domain ? [domain] : [],
    certificate: certificate
      ? { AcmCertificateArn: certificate, SslSupportMethod: 'sni-only', MinimumProtocolVersion: 'TLSv1.2_2021' }
      : { CloudFrontDefaultCertificate: true },
  };
};
