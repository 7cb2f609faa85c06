'use strict';

// Errors that are found before the addon is asked; it makes the same ones.

function coded(error, code) {
  error.code = code;
  return error;
}

const wrongType = (message) => coded(new TypeError(message), 'ERR_MEMS_TYPE');
const wrongRange = (message) => coded(new RangeError(message), 'ERR_MEMS_RANGE');
const wrongAddress = (message) =>
  coded(new RangeError(message), 'ERR_MEMS_ADDRESS');
const closed = (message) => coded(new Error(message), 'ERR_MEMS_CLOSED');
const stale = (message) => coded(new Error(message), 'ERR_MEMS_STALE');
const noMemory = (message) =>
  coded(new RangeError(message), 'ERR_MEMS_NO_MEMORY');
const noAddon = (message) => coded(new Error(message), 'ERR_MEMS_NO_ADDON');

function objectOf(given, name = 'options') {
  if (given !== null && typeof given === 'object') return given;
  throw wrongType(`${name} must be an object`);
}

module.exports = {
  noAddon, noMemory, objectOf, wrongType, wrongRange, wrongAddress, closed, stale
};
