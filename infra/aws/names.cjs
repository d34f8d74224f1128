'use strict';

// What osls calls a function in the template: `memories` is `Memories`, `ai-enhancement` is `AiDashenhancement`.
module.exports = (name) => (name[0].toUpperCase() + name.slice(1)).replaceAll('-', 'Dash').replaceAll('_', 'Underscore');
