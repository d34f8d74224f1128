'use strict';

// Where clients come in: at CloudFront, where there is one, or at the API. CloudFront shows the functions a secret, with which
// they believe what it says of the caller's address, and without which they answer nobody (shared/src/lambda/edge.rs).

module.exports = async ({ resolveVariable }) => {
  const edge = (await resolveVariable('param:web')) !== 'none';
  return {
    secret: edge ? { 'Fn::Sub': '{{resolve:secretsmanager:${EdgeSecret}}}' } : '',
    url: { 'Fn::Sub': edge ? 'https://${Web.DomainName}' : 'https://${HttpApi}.execute-api.${AWS::Region}.amazonaws.com' },
  };
};
