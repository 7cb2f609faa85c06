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

module.exports = {
  noAddon, noMemory, wrongType, wrongRange, wrongAddress, closed, stale
};
